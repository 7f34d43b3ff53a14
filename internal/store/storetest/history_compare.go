package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// same reads the same from both stores, and fails unless they agree, errors'
// kinds included.
func same[T any](h *history, what string, read func(store.Store) (T, error)) T {
	h.t.Helper()
	got, err := read(h.pair.Store)
	want, wantErr := read(h.pair.Model)
	if convo.ErrorKind(err) != convo.ErrorKind(wantErr) {
		h.t.Fatalf("%s: error %v, want %v", what, err, wantErr)
	}
	equal(h.t, what, got, want)
	return want
}

// compare reads everything.
func (h *history) compare() {
	h.t.Helper()
	ctx := h.t.Context()
	for _, tenant := range []string{"a", "b", "c"} {
		q := store.ConversationQuery{Limit: 1 + h.r.IntN(4), Desc: h.r.IntN(2) == 0}
		if h.r.IntN(2) == 0 {
			q.Meta = []convo.MetaFilter{{Key: "k", Value: "1"}}
		}
		for {
			page := same(h, "conversations", func(s store.Store) ([]convo.Conversation, error) {
				return s.Conversations(ctx, tenant, q)
			})
			if len(page) < q.Limit {
				break
			}
			last := page[len(page)-1]
			q.After = store.Position{Created: last.Created, ID: last.ID}
		}
		same(h, "tokens", func(s store.Store) ([]convo.Token, error) { return s.Tokens(ctx, tenant) })
	}
	same(h, "open turns", func(s store.Store) ([]convo.Turn, error) {
		turns, err := s.OpenTurns(ctx)
		slices.SortStableFunc(turns, func(a, b convo.Turn) int {
			return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Conversation, b.Conversation))
		})
		return turns, err
	})
	for n := range byte(5) {
		same(h, "request", func(s store.Store) (convo.Request, error) {
			r, _, err := s.Request(ctx, convo.RequestID{n})
			return r, err
		})
	}
	for _, c := range h.talks {
		h.compareOne(c)
	}
	h.compareOne(&talk{tenant: "a", id: uuid(1_000_000 + h.r.IntN(20))}) // perhaps a deleted one
}

// compareOne reads all of a conversation.
func (h *history) compareOne(c *talk) {
	h.t.Helper()
	ctx := h.t.Context()
	same(h, "conversation", func(s store.Store) (convo.Conversation, error) { return s.Conversation(ctx, c.tenant, c.id) })
	head := same(h, "head", func(s store.Store) (convo.Head, error) { return s.Head(ctx, c.tenant, c.id) })
	from := int64(h.r.IntN(4))
	same(h, "turns", func(s store.Store) ([]convo.Turn, error) { return s.Turns(ctx, c.tenant, c.id, from) })
	if turn, ok := pick(h.r, c.turns); ok {
		same(h, "turn", func(s store.Store) (convo.Turn, error) { return s.Turn(ctx, c.tenant, c.id, turn) })
	}
	if id, ok := pick(h.r, c.messages); ok {
		same(h, "message", func(s store.Store) (convo.Message, error) { return s.Message(ctx, c.tenant, c.id, id) })
	}
	h.compareMessages(c)
	h.compareEvents(c, head.LastSeq)
	to := start().Add(time.Duration(h.r.IntN(2000)) * time.Millisecond)
	same(h, "usage", func(s store.Store) (store.Usage, error) {
		return s.Usage(ctx, c.tenant, c.id, to.Add(-500*time.Millisecond), to)
	})
}

func (h *history) compareMessages(c *talk) {
	h.t.Helper()
	q := store.MessageQuery{Limit: 1 + h.r.IntN(9), Desc: h.r.IntN(2) == 0}
	switch h.r.IntN(4) {
	case 0:
		q.Types = []convo.MessageType{convo.User, convo.Bot}
	case 1:
		q.Meta = []convo.MetaFilter{{Key: "k", Value: "2"}}
	}
	for {
		page := same(h, "messages", func(s store.Store) ([]convo.Message, error) {
			return s.Messages(h.t.Context(), c.tenant, c.id, q)
		})
		if len(page) < q.Limit {
			return
		}
		q.After = page[len(page)-1].Place
	}
}

// compareEvents reads the log in pages of a random size, and at random places.
func (h *history) compareEvents(c *talk, last int64) {
	h.t.Helper()
	read := func(after int64, limit int) []convo.Event {
		return same(h, "events", func(s store.Store) ([]convo.Event, error) {
			return s.Events(h.t.Context(), c.tenant, c.id, after, limit)
		})
	}
	limit := 1 + h.r.IntN(60)
	for after := int64(0); ; {
		page := read(after, limit)
		if len(page) < limit {
			break
		}
		after = page[len(page)-1].Seq
	}
	for range 4 {
		read(h.r.Int64N(last+3), 1+h.r.IntN(20))
	}
}
