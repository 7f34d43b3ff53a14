package storetest

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// freeze takes snapshots of both stores: until they are let go, what is compared
// is what was there at this moment.
func (h *history) freeze() {
	h.thaw()
	h.last = "take a snapshot"
	h.frozen = make(map[store.Store]store.Snapshot)
	for _, s := range h.both() {
		snap, err := s.Snapshot(h.t.Context())
		must(h.t, err)
		h.frozen[s] = snap
	}
	tenants := func(s store.Store) ([]string, error) { return h.frozen[s].Tenants(h.t.Context()) }
	same(h, "tenants", tenants)
}

func (h *history) thaw() {
	for _, snap := range h.frozen {
		must(h.t, snap.Close())
	}
	h.frozen = nil
}

// copy imports the log of a conversation as another one, which then goes on.
func (h *history) copy(c *talk) {
	if c.hidden {
		return // nobody imports what is hidden
	}
	h.settle(c)
	events, err := h.pair.Model.Events(h.t.Context(), c.tenant, c.id, 0, 1<<20)
	must(h.t, err)
	other := &talk{tenant: "i", id: uuid(2_000_000 + h.steps), messages: slices.Clone(c.messages), turns: slices.Clone(c.turns)}
	h.last = "import a copy"
	for _, s := range h.both() {
		must(h.t, s.Import(h.t.Context(), other.tenant, other.id, events))
	}
	h.talks = append(h.talks, other)
}

// settle ends what is open in a conversation.
func (h *history) settle(c *talk) {
	for len(c.pieces) > 0 {
		p := c.pieces[0]
		c.pieces, c.messages = c.pieces[1:], append(c.messages, p.id)
		h.update(c, "end", h.event(p.turn, p.ended(true)))
	}
	c.bot = nil
	head, err := h.pair.Model.Head(h.t.Context(), c.tenant, c.id)
	must(h.t, err)
	for _, t := range head.Open {
		h.fallSilent(c, &t)
		if events := h.interrupted(c, &t); len(events) > 0 {
			h.update(c, "end an interrupt", events...)
		}
		h.update(c, "stop", h.event(t.ID, convo.TurnEnded{Reason: convo.EndStopped}))
	}
}
