package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Pair is a store and the reference model, with the same history.
type Pair struct {
	Store, Model store.Store
	// Between is called now and then, when nothing runs, and may put other
	// stores with the same data in their places.
	Between func(p *Pair, r *rand.Rand)
}

// Compare writes a random history to both stores of a pair, and reads
// everything from both again and again. The seed names the history.
func Compare(t *testing.T, p Pair, seed uint64, steps int) {
	h := &history{t: t, pair: &p, r: rand.New(rand.NewPCG(seed, 1)), now: start()}
	defer func() {
		if t.Failed() {
			t.Logf("history %d, after step %d: %s", seed, h.steps, h.last)
		}
	}()
	for range steps {
		h.steps++
		h.step()
		if h.r.IntN(15) == 0 && p.Between != nil {
			h.thaw()
			p.Between(&p, h.r)
		}
		if h.r.IntN(4) == 0 {
			h.compare()
		}
	}
	h.thaw()
	h.compare()
}

// history is a random history so far.
type history struct {
	t     *testing.T
	pair  *Pair
	r     *rand.Rand
	now   time.Time
	count int // of ids given
	talks []*talk
	steps int
	last  string // what the last step was

	frozen map[store.Store]store.Snapshot // of both stores, or of none
}

// talk is what the generator knows of a conversation, to make valid events.
type talk struct {
	tenant, id string
	pieces     []*pieces
	messages   []string
	turns      []string // all that there ever were
	hidden     bool
	left       map[string]convo.ToolRequested // by turn: a call that a wait announced
	bot        *pieces                        // what the active turn writes
}

// pieces is a message that comes piece by piece.
type pieces struct {
	id, turn, origin, text string
	kind                   convo.MessageType
	place                  int64
}

func (h *history) id() string {
	h.count++
	if h.r.IntN(4) == 0 {
		return fmt.Sprint("id ", h.count)
	}
	return uuid(h.count)
}

func (h *history) text() string {
	words := []string{"", "a", "é", "日本", "longer text ", "\x00", "<&>", strings.Repeat("x", 3000)}
	var b strings.Builder
	for range h.r.IntN(4) {
		b.WriteString(words[h.r.IntN(len(words))])
	}
	return b.String()
}

func (h *history) event(turn string, b convo.Body) convo.Event {
	h.now = h.now.Add(time.Duration(h.r.IntN(3)) * time.Millisecond)
	e := convo.Event{At: h.now, Turn: turn, Body: b}
	if h.r.IntN(4) == 0 {
		e.Origin = uuid(h.r.IntN(3))
	}
	return e
}

func (h *history) fields() convo.Fields {
	var f convo.Fields
	if h.r.IntN(2) == 0 {
		f.Name = new(h.text())
	}
	if h.r.IntN(2) == 0 {
		f.Meta = convo.JSON(fmt.Sprintf(`{"k":%d}`, h.r.IntN(3)))
	}
	if h.r.IntN(3) == 0 {
		f.Privacy = new(h.r.IntN(2) == 0)
	}
	if h.r.IntN(2) == 0 {
		f.Agenda = h.agenda()
	}
	return f
}

func (h *history) messageFields() convo.MessageFields {
	f := convo.MessageFields{Type: convo.MessageTypes[h.r.IntN(len(convo.MessageTypes))]}
	if h.r.IntN(3) == 0 {
		f.Meta = convo.JSON(fmt.Sprintf(`{"k":%d}`, h.r.IntN(3)))
	}
	if h.r.IntN(4) == 0 {
		f.Name = new(h.text())
	}
	return f
}

// step carries out one update in both stores.
func (h *history) step() {
	switch n := h.r.IntN(50); {
	case len(h.talks) == 0 || n == 0 && len(h.talks) < 8:
		h.create()
	case n == 1:
		h.outside()
	case n == 2:
		h.fail()
	case n == 3 && len(h.talks) < 10:
		h.copy(h.talks[h.r.IntN(len(h.talks))])
	case n == 4:
		h.freeze()
	case n == 5:
		h.thaw()
	case n == 6:
		h.spend(h.talks[h.r.IntN(len(h.talks))])
	case n > 41:
		h.learn()
	default:
		h.grow(h.talks[h.r.IntN(len(h.talks))])
	}
}

func (h *history) create() {
	c := &talk{tenant: []string{"a", "b"}[h.r.IntN(2)], id: uuid(1_000_000 + h.r.IntN(20))}
	for _, other := range h.talks {
		if other.tenant == c.tenant && other.id == c.id {
			return
		}
	}
	h.talks = append(h.talks, c)
	f := h.fields()
	if c.hidden = h.r.IntN(5) == 0; c.hidden {
		f.Channel = new("channel")
	}
	h.update(c, "create", h.event("", convo.ConversationCreated{Fields: f}))
}

// fail carries out an update that writes and then fails.
func (h *history) fail() {
	c := h.talks[h.r.IntN(len(h.talks))]
	events := []convo.Event{
		h.event("", convo.Delta{Message: h.id(), Type: convo.Bot, Text: "lost"}),
		h.event("", convo.ConversationChanged{Fields: h.fields()}),
	}
	h.last = "fail"
	for _, s := range h.both() {
		_, err := s.Update(h.t.Context(), c.tenant, c.id, store.Buffered, func(tx store.Tx) error {
			for _, e := range events[:1+h.r.IntN(2)] {
				must(h.t, tx.Append(e))
			}
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			h.t.Fatalf("the update gave %v", err)
		}
	}
}

func (h *history) both() []store.Store { return []store.Store{h.pair.Store, h.pair.Model} }

// update appends events in one update and compares what it gives back.
func (h *history) update(c *talk, what string, events ...convo.Event) {
	h.t.Helper()
	h.updateWith(c, what, func(store.Tx) error { return nil }, events...)
}

// updateWith is update that does something more.
func (h *history) updateWith(c *talk, what string, more func(store.Tx) error, events ...convo.Event) {
	h.t.Helper()
	h.last = what
	level := store.Buffered
	if h.r.IntN(10) == 0 {
		level = store.Durable
	}
	var got [2][]convo.Event
	for i, s := range h.both() {
		var err error
		got[i], err = s.Update(h.t.Context(), c.tenant, c.id, level, func(tx store.Tx) error {
			for _, e := range events {
				if err := tx.Append(e); err != nil {
					return err
				}
			}
			return more(tx)
		})
		if err != nil {
			h.t.Fatalf("%s in %s: %v", what, c.id, err)
		}
	}
	equal(h.t, what, got[0], got[1])
}

// outside does something that belongs to no conversation.
func (h *history) outside() {
	id := convo.RequestID{byte(h.r.IntN(5))}
	r := convo.Request{ID: id, Keyed: h.r.IntN(2) == 0, Attempt: h.id(), Created: h.now, Tenant: "a"}
	c := h.talks[h.r.IntN(len(h.talks))]
	if len(c.turns) > 0 {
		r.Tenant, r.Conversation, r.Turn = c.tenant, c.id, c.turns[h.r.IntN(len(c.turns))]
	}
	token := convo.Token{ID: h.id(), Tenant: c.tenant, Hash: hashOf(byte(h.r.IntN(200))), Created: h.now, Source: "session"}
	if h.r.IntN(2) == 0 {
		token.Conversation = c.id
	}
	n := h.r.IntN(4)
	var errs [2]error
	for i, s := range h.both() {
		switch n {
		case 0:
			errs[i] = s.PutRequest(h.t.Context(), r)
		case 1:
			errs[i] = s.PutToken(h.t.Context(), token)
		case 2:
			errs[i] = s.PruneRequests(h.t.Context(), h.now.Add(-20*time.Millisecond), h.now.Add(-10*time.Millisecond))
		case 3:
			errs[i] = s.RevokeToken(h.t.Context(), c.tenant, token.ID, h.now)
		}
	}
	equal(h.t, "error", convo.ErrorKind(errs[0]), convo.ErrorKind(errs[1]))
}

var errRefused = errors.New("refused")

// remove deletes one value.
func remove[T comparable](list []T, v T) []T {
	return slices.DeleteFunc(list, func(o T) bool { return o == v })
}

func pick[T any](r *rand.Rand, list []T) (v T, ok bool) {
	if len(list) == 0 {
		return v, false
	}
	return list[r.IntN(len(list))], true
}
