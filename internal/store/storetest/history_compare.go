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

// sameRead is same for what a snapshot can read too: if one is open, it is read.
func sameRead[T any](h *history, what string, read func(store.Reader) (T, error)) T {
	h.t.Helper()
	return same(h, what, func(s store.Store) (T, error) {
		if h.frozen[s] != nil {
			return read(h.frozen[s])
		}
		return read(s)
	})
}

// compare reads everything.
func (h *history) compare() {
	h.t.Helper()
	ctx := h.t.Context()
	for _, tenant := range []string{"a", "b", "c", "i"} {
		q := store.ConversationQuery{Limit: 1 + h.r.IntN(4), Desc: h.r.IntN(2) == 0}
		if h.r.IntN(2) == 0 {
			q.Meta = []convo.MetaFilter{{Key: "k", Value: "1"}}
		}
		for {
			page := sameRead(h, "conversations", func(s store.Reader) ([]convo.Conversation, error) {
				return s.Conversations(ctx, tenant, q)
			})
			if len(page) < q.Limit {
				break
			}
			last := page[len(page)-1]
			q.After = store.Position{Created: last.Created, ID: last.ID}
		}
		h.compareAgendas(tenant)
		same(h, "tokens", func(s store.Store) ([]convo.Token, error) { return s.Tokens(ctx, tenant) })
	}
	sameRead(h, "open turns", func(s store.Reader) ([]convo.Turn, error) {
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
	h.compareKnowledge()
	for _, c := range h.talks {
		h.compareOne(c)
	}
	h.compareOne(&talk{tenant: "a", id: uuid(1_000_000 + h.r.IntN(20))}) // perhaps a deleted one
}

// compareOne reads all of a conversation.
func (h *history) compareOne(c *talk) {
	h.t.Helper()
	ctx := h.t.Context()
	sameRead(h, "conversation", func(s store.Reader) (convo.Conversation, error) { return s.Conversation(ctx, c.tenant, c.id) })
	head := sameRead(h, "head", func(s store.Reader) (convo.Head, error) { return s.Head(ctx, c.tenant, c.id) })
	from := int64(h.r.IntN(4))
	sameRead(h, "turns", func(s store.Reader) ([]convo.Turn, error) { return s.Turns(ctx, c.tenant, c.id, from) })
	if turn, ok := pick(h.r, c.turns); ok {
		sameRead(h, "turn", func(s store.Reader) (convo.Turn, error) { return s.Turn(ctx, c.tenant, c.id, turn) })
		sameRead(h, "input", func(s store.Reader) ([]byte, error) { return s.Input(ctx, c.tenant, c.id, turn) })
	}
	if id, ok := pick(h.r, c.messages); ok {
		sameRead(h, "message", func(s store.Reader) (convo.Message, error) { return s.Message(ctx, c.tenant, c.id, id) })
	}
	sameRead(h, "vault", func(s store.Reader) ([][]byte, error) { return s.Vault(ctx, c.tenant, c.id) })
	h.compareMessages(c)
	if head.ID != "" {
		h.compareSessions(c)
	}
	h.compareEvents(c, head.LastSeq)
	to := start().Add(time.Duration(h.r.IntN(2000)) * time.Millisecond)
	sameRead(h, "usage", func(s store.Reader) (store.Usage, error) {
		return s.Usage(ctx, c.tenant, c.id, to.Add(-500*time.Millisecond), to)
	})
}

func (h *history) compareMessages(c *talk) {
	h.t.Helper()
	q := store.MessageQuery{Limit: 1 + h.r.IntN(9), Desc: h.r.IntN(2) == 0}
	switch h.r.IntN(6) {
	case 3:
		q.Types = []convo.MessageType{convo.Activity}
	case 0:
		q.Types = []convo.MessageType{convo.User, convo.Bot}
	case 2:
		q.Types = []convo.MessageType{convo.Backstory, convo.Instruction, convo.Checkpoint}
	case 1:
		q.Meta = []convo.MetaFilter{{Key: "k", Value: "2"}}
	}
	for {
		page := sameRead(h, "messages", func(s store.Reader) ([]convo.Message, error) {
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
		return sameRead(h, "events", func(s store.Reader) ([]convo.Event, error) {
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
