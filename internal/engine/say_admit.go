package engine

import (
	"context"
	"math"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// prospect is what is known of a turn before its input ends: what it will work
// with, and how long the user's message may be. It is good as long as nobody else
// writes to the conversation. nil: no turn is asked for.
type prospect struct {
	seq    int64    // the end of the log that it was made from
	past   *past    // nil: turns are open whose messages are not known yet
	kit    *kit     // nil with err
	room   int64    // tokens
	files  int64    // of them, what the texts of the message's files may take
	images int64    // how many it may show
	err    error    // why no turn can be had
	quota  error    // that is used up
	claim  claim    // what the turn is to reserve
	of     []string // the exchanges that may begin with what is said now

	orders map[string][]order // that they have been given before, by their turns
}

// order is a message of an exchange that is not the user's: it holds for all turns
// that follow, so no prompt leaves it out.
type order struct {
	message string
	bytes   int
}

func (p *prospect) asked() bool { return p != nil }

// forget leaves only what needs no history.
func (p *prospect) forget() {
	if p != nil {
		p.past = nil
	}
}

// stale reports whether the conversation has grown since.
func (p *prospect) stale(head *convo.Head) bool {
	return p != nil && p.past != nil && (p.seq != head.LastSeq || p.others(head))
}

// others reports whether a turn is open beside those that may begin now.
func (p *prospect) others(head *convo.Head) bool {
	return slices.ContainsFunc(head.Open, func(t convo.Turn) bool {
		return t.State != convo.StateOpen || !slices.Contains(p.of, t.Alias) && !slices.Contains(p.of, t.ID)
	})
}

// ofFirst reports whether a turn is the one whose tools were gathered: the first of
// the exchanges may have failed.
func (p *prospect) ofFirst(t convo.Turn) bool { return t.Alias == p.of[0] || t.ID == p.of[0] }

// hand gives a turn that starts what is known already.
func (p *prospect) hand(r *run, asked convo.MessageEnded) {
	alone := r.turn.Next == 1 && !slices.ContainsFunc(asked.Parts, func(part convo.Part) bool { return part.File != nil })
	if p.past == nil || !alone {
		return // its messages are read
	}
	r.past, r.kit = p.past, p.kit
	m := convo.Message{ID: asked.ID, Turn: r.id, MessageFields: convo.MessageFields{Type: asked.Type}, Text: asked.Text, Parts: asked.Parts}
	m.Text, m.Parts = partTexts(m), nil
	r.asked = []convo.Message{m}
}

// foresee looks at the turn that may begin with what a client says; nil if none can.
// An error is no fault of that turn: the conversation cannot be read.
func (e *Engine) foresee(ctx context.Context, key hub.Key, s Saying, fresh bool) (*prospect, error) {
	p := &prospect{}
	for _, said := range s.Said {
		if end, ok := said.(SaidMessageEnd); ok && !slices.Contains(p.of, end.Exchange) {
			p.of = append(p.of, end.Exchange)
		}
	}
	if len(p.of) == 0 {
		return nil, nil
	}
	steady := context.WithoutCancel(ctx)
	head, err := e.store.Head(steady, key.Tenant, key.Conversation)
	if convo.ErrorKind(err) == convo.NotFound {
		return nil, unknownConversation(key.Conversation)
	}
	if err != nil {
		return nil, err
	}
	p.seq = head.LastSeq
	given, err := e.givenSoFar(steady, &head, s, p.of[0])
	if err == nil {
		err = e.readOrders(steady, key, &head, p)
	}
	if err != nil {
		return nil, err
	}
	p.err = e.foreseeTurn(ctx, key, head, given, p, fresh)
	switch {
	case p.err != nil && ctx.Err() != nil: // what was said counts, so its turn sees for itself
		p.err, p.past, p.room = nil, nil, math.MaxInt64
	case convo.ErrorKind(p.err) == convo.Internal:
		return nil, p.err
	}
	return p, nil
}

// foreseeTurn fills in what the turn will work with, as far as it can be had.
func (e *Engine) foreseeTurn(ctx context.Context, key hub.Key, head convo.Head, given Given, p *prospect, fresh bool) error {
	past, err := e.pastOf(ctx, key, head, p, fresh)
	if err != nil {
		return err
	}
	chosen, choice, err := e.choose(ctx, head)
	if err != nil {
		return err
	}
	if p.kit, err = e.newKit(ctx, key.Tenant, given, settingOf(chosen)); err != nil {
		return err
	}
	orders, err := e.orders(ctx, chosen, &given, true)
	if err != nil {
		return err
	}
	h := history{
		backstory: orders, latest: choice.MaxMessages, window: choice.Window,
		tools: p.kit.tokens(), now: note{at: now()}, shows: e.imagesFor(choice),
	}
	if past != nil {
		h.messages, h.notes, h.from = slices.Clip(past.messages), past.notes, past.from
	}
	h.foreshow()
	p.images = h.shows.most(h.window)
	p.files = estimate(int(reachOf(choice).bytes() / fileShare))
	p.past, p.room = past, h.room(convo.Place(head.NextSlot, 0))
	p.claim = newClaim(key.Tenant, chosen.BotID, choice, min(h.window, h.window-p.room))
	p.quota = e.quotas.check(ctx, p.claim)
	if convo.ErrorKind(p.quota) != convo.QuotaReached {
		err, p.quota = p.quota, nil
	}
	return err
}

// pastOf gives the history before the turn; nil if turns come before it.
func (e *Engine) pastOf(ctx context.Context, key hub.Key, head convo.Head, p *prospect, fresh bool) (*past, error) {
	if p.others(&head) {
		return nil, nil
	}
	_, choice, err := e.choose(ctx, head)
	if err != nil {
		return nil, err
	}
	if kept := e.pasts.get(key); kept != nil && !fresh && kept.reach == reachOf(choice) {
		if good, err := e.stillHolds(ctx, key, kept, &head); good || err != nil {
			return kept, err
		}
	}
	past := &past{head: head, reach: reachOf(choice)}
	if past.messages, past.from, err = e.load(ctx, head, head.NextSlot, past.reach); err != nil {
		return nil, err
	}
	past.notes, err = e.loadNotes(ctx, head, past.messages)
	return past, err
}

// maxSaid is how many events are looked at to see whether a history still holds: what
// a client says before it is answered has fewer, or is worth reading the history.
const maxSaid = 64

// stillHolds reports whether all that was written since the history was read is what
// the exchanges say that are open now, or changes no history.
func (e *Engine) stillHolds(ctx context.Context, key hub.Key, p *past, head *convo.Head) (bool, error) {
	n := int(head.LastSeq - p.head.LastSeq)
	if n < 0 || n > maxSaid || !head.Created.Equal(p.head.Created) {
		return false, nil
	}
	if n == 0 {
		return true, nil
	}
	events, err := e.store.Events(ctx, key.Tenant, key.Conversation, p.head.LastSeq, n)
	if err != nil || len(events) != n {
		return false, err
	}
	return !slices.ContainsFunc(events, func(event convo.Event) bool { return !asideOf(head, event) }), nil
}

// asideOf reports whether an event changes no history: it is of a turn that is open,
// or only for people.
func asideOf(head *convo.Head, event convo.Event) bool {
	switch b := event.Body.(type) {
	case convo.PassedOn, convo.Rated:
		return true
	case convo.ConversationChanged:
		return b.Relabelled == convo.ByModel
	}
	return event.Turn != "" && head.Turn(event.Turn) != nil
}

// givenSoFar is what an exchange was given when it was opened, or is now.
func (e *Engine) givenSoFar(ctx context.Context, head *convo.Head, s Saying, exchange string) (Given, error) {
	for _, said := range s.Said {
		if opens, ok := said.(SaidExchange); ok && opens.Exchange == exchange {
			return givenOf(opens), nil
		}
	}
	for _, t := range head.Open {
		if t.Alias == exchange || t.ID == exchange {
			return e.readInput(ctx, t)
		}
	}
	return Given{}, nil
}

// readOrders finds the messages of the exchanges that have ended already.
func (e *Engine) readOrders(ctx context.Context, key hub.Key, head *convo.Head, p *prospect) error {
	p.orders = map[string][]order{}
	for _, t := range head.Open {
		named := slices.Contains(p.of, t.Alias) || slices.Contains(p.of, t.ID)
		if !named || t.State != convo.StateOpen || t.Next == int64(len(t.Coming)) {
			continue
		}
		for m, err := range e.allMessages(ctx, key, store.MessageQuery{Turn: t.ID}) {
			if err != nil {
				return err
			}
			p.orders[t.ID] = append(p.orders[t.ID], order{m.ID, len(m.Text)})
		}
	}
	return nil
}

// room is how many tokens the user's message may have that stands there next, when
// all that can be left out is.
func (h history) room(place int64) int64 {
	h.messages = append(h.messages, convo.Message{
		Place: place, MessageFields: convo.MessageFields{Type: convo.User}, Text: "?",
	})
	exchanges, _ := h.exchanges(h.start())
	last := &exchanges[len(exchanges)-1]
	total := tokens(h.head(last.first), exchanges[len(exchanges)-1:])
	return h.window - h.tools - last.shorten(total, 0)
}
