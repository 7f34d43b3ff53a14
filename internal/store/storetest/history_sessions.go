package storetest

import (
	"fmt"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// alias is an id that a client chose, or none.
func (h *history) alias() string {
	if h.r.IntN(2) == 0 {
		return ""
	}
	return "ALIAS-" + h.id()
}

func (h *history) json() convo.JSON {
	if h.r.IntN(2) == 0 {
		return nil
	}
	return fmt.Appendf(nil, `{ "x": [%d] }`, h.r.IntN(9))
}

func (h *history) agenda() convo.Agenda {
	a := convo.Agenda{AutoLabel: h.r.IntN(2) == 0, AgentInput: h.json(), JobStart: h.json()}
	if h.r.IntN(2) == 0 {
		a.Owner, a.TraceID, a.JobKey, a.LocalJob = new(fmt.Sprint("owner ", h.r.IntN(2))), new("trace"), new(h.text()), new(true)
	}
	return a
}

// say lets the client of a turn that has not started go on with what it says.
func (h *history) say(c *talk, head *convo.Head) {
	t, ok := pick(h.r, head.Open)
	switch {
	case !ok || t.Slot > 0:
	case len(t.Coming) == 0 && t.State == convo.StateOpen:
		h.update(c, "start to say", h.event(t.ID, convo.MessageStarted{
			ID: h.id(), Place: t.Next, Type: convo.User, Alias: h.alias(), Meta: h.json(),
		}))
	case len(t.Coming) > 0:
		h.goOn(c, &t, &t.Coming[0])
	}
}

// goOn does something that may follow in a message that a client says.
func (h *history) goOn(c *talk, t *convo.Turn, m *convo.Coming) {
	open := m.Open()
	spoken := h.length(c, m.ID, "")
	switch n := h.r.IntN(10); {
	case n == 0:
		h.fallSilent(c, t)
	case open == nil && len(m.Parts) == 0 && (spoken.Bytes > 0 || len(m.Citations) > 0 || n < 4):
		h.speak(c, t, m.ID, "")
	case open == nil:
		part := convo.Part{ID: h.id(), Alias: h.alias(), MediaType: "text/plain", Name: h.text(), Transcript: n == 5, Meta: h.json()}
		if n > 7 {
			part.File = &convo.FileRef{URI: "urn:" + h.id(), Size: int64(n)}
		}
		h.update(c, "start a part", h.event(t.ID, convo.PartStarted{Message: m.ID, Part: part}))
	case open.File == nil && n < 7:
		h.speak(c, t, m.ID, open.ID)
	default:
		h.update(c, "end a part", h.event(t.ID, convo.PartEnded{
			Message: m.ID, Part: open.ID, Incomplete: n == 8, Meta: h.json(),
		}))
	}
}

// length asks both stores how long a text is so far.
func (h *history) length(c *talk, message, part string) convo.Length {
	h.t.Helper()
	return same(h, "length", func(s store.Store) (length convo.Length, err error) {
		_, err = s.Update(h.t.Context(), c.tenant, c.id, store.Buffered, func(tx store.Tx) error {
			length = tx.Length(message, part)
			return nil
		})
		return length, err
	})
}

// speak adds pieces to a text, perhaps with a citation of them.
func (h *history) speak(c *talk, t *convo.Turn, message, part string) {
	var events []convo.Event
	text := h.text() + "🗼"
	if h.r.IntN(3) == 0 {
		length := convo.LengthOf(text).Units * h.r.IntN(2)
		events = append(events, h.event(t.ID, convo.Cited{Message: message, Part: part, Citation: convo.Citation{
			ID: h.id(), Offset: h.length(c, message, part).Units, Length: length,
			Sources: []convo.Source{{Title: h.text(), Number: 1, URL: "https://example.com"}},
		}}))
	}
	for range 1 + h.r.IntN(2) {
		events = append(events, h.event(t.ID, convo.Delta{Message: message, Type: convo.User, Part: part, Text: text}))
	}
	h.update(c, "speak", events...)
}

// fallSilent ends all that the client of a turn is saying, each store with the
// text that it has.
func (h *history) fallSilent(c *talk, t *convo.Turn) {
	for _, m := range t.Coming {
		if open := m.Open(); open != nil {
			h.update(c, "end a part", h.event(t.ID, convo.PartEnded{Message: m.ID, Part: open.ID}))
		}
		e := h.event(t.ID, nil)
		c.messages = append(c.messages, m.ID)
		h.updateWith(c, "end what was said", func(tx store.Tx) error {
			coming := tx.Head().Turn(t.ID).ComingMessage(m.ID)
			text, err := tx.Text(m.ID)
			if err != nil {
				return err
			}
			length := func(part string) convo.Length { return tx.Length(m.ID, part) }
			ended := e
			ended.Body = coming.End(text, length, false, e.At)
			return tx.Append(ended)
		})
	}
}

// asked makes what a call shows to those who answer it.
func (h *history) asked() (convo.Asked, convo.Runner) {
	a := convo.Asked{Asks: []convo.Asks{convo.AsksNothing, convo.AsksConfirm, convo.AsksInterrupt}[h.r.IntN(3)]}
	if h.r.IntN(2) == 0 {
		a.Input, a.Output = h.json(), h.json()
	}
	if h.r.IntN(2) == 0 {
		return a, convo.RunsClient
	}
	return a, convo.RunsServer
}

// interrupted gives the end of the interrupt of a turn, if one is open.
func (h *history) interrupted(c *talk, t *convo.Turn) []convo.Event {
	for _, call := range t.Calls {
		if call.Interrupt == "" {
			continue
		}
		ended := convo.InterruptEnded{ID: call.Interrupt, Call: call.ID, Message: call.Message}
		if slices.Contains(c.messages, call.Message) {
			ended.Value = h.json()
		}
		return []convo.Event{h.event(t.ID, ended)}
	}
	return nil
}

// answer moves on a call that waits for a client, and reports whether it does.
func (h *history) answer(c *talk, t *convo.Turn, call convo.OpenCall) bool {
	if call.Runs == convo.RunsClient && h.r.IntN(4) == 0 {
		h.update(c, "offer a call", h.event(t.ID, convo.ToolOffered{ID: call.ID, Message: call.Message, To: h.id()}))
		return true
	}
	if call.Asks == convo.AsksNothing || call.Answered != 0 {
		return false
	}
	events := h.interrupted(c, t)
	if call.Asks == convo.AsksInterrupt && len(events) == 0 && h.r.IntN(2) == 0 {
		started := convo.InterruptStarted{ID: h.id(), Call: call.ID, Message: call.Message, Type: "y"}
		if slices.Contains(c.messages, call.Message) {
			started.Value = h.json()
		}
		h.update(c, "interrupt", h.event(t.ID, started))
		return true
	}
	answer := convo.ToolAnswered{
		ID: call.ID, Message: call.Message, Name: call.Name, Approved: h.r.IntN(4) > 0, Input: h.arguments(),
	}
	if !slices.Contains(c.messages, call.Message) {
		answer.Input = nil // nothing is said of what was deleted
	}
	h.update(c, "answer a call", append(events, h.event(t.ID, answer))...)
	return true
}

// vote rates a turn, ended or not, or one that there is not.
func (h *history) vote(c *talk, other string) {
	turn, ok := pick(h.r, c.turns)
	if !ok || h.r.IntN(3) == 0 {
		turn = other
	}
	h.update(c, "rate", h.event(turn, convo.Rated{ID: h.id(), Value: h.r.IntN(3) - 1, Reason: h.text()}))
}

// compareSessions reads in the ways of live sessions.
func (h *history) compareSessions(c *talk) {
	h.t.Helper()
	ctx := h.t.Context()
	q := store.TurnQuery{Desc: h.r.IntN(2) == 0, Limit: 1 + h.r.IntN(4)}
	for more := true; more; {
		page := sameRead(h, "turns as they were opened", func(s store.Reader) ([]convo.Turn, error) {
			return s.TurnsOpened(ctx, c.tenant, c.id, q)
		})
		for _, t := range page {
			q.After = t.OpenedSeq
			if t.Alias != "" {
				sameRead(h, "turn by alias", func(s store.Reader) (convo.Turn, error) { return s.TurnByAlias(ctx, c.tenant, c.id, t.Alias) })
			}
			messages := sameRead(h, "messages of a turn", func(s store.Reader) ([]convo.Message, error) {
				return s.Messages(ctx, c.tenant, c.id, store.MessageQuery{Turn: t.ID, Limit: 100, Desc: q.Desc})
			})
			for _, m := range messages {
				if m.Alias != "" {
					sameRead(h, "message by alias", func(s store.Reader) (convo.Message, error) {
						return s.MessageByAlias(ctx, c.tenant, c.id, t.ID, m.Alias)
					})
				}
			}
		}
		more = len(page) == q.Limit
	}
}

// compareAgendas reads the lists of owners.
func (h *history) compareAgendas(tenant string) {
	h.t.Helper()
	for _, owner := range []string{"", "owner 0", "owner 1"} {
		q := store.ActiveQuery{Desc: h.r.IntN(2) == 0, Limit: 1 + h.r.IntN(3)}
		if h.r.IntN(3) == 0 {
			q.Search = "É"
		}
		for more := true; more; {
			page := sameRead(h, "conversations of an owner", func(s store.Reader) ([]convo.Conversation, error) {
				return s.ConversationsOf(h.t.Context(), tenant, owner, q)
			})
			if more = len(page) == q.Limit; more {
				last := page[len(page)-1]
				q.After = store.Position{Created: last.Active, ID: last.ID}
			}
		}
	}
}
