package engine

import (
	"context"
	"iter"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// reach is how much of a history a model takes.
type reach struct {
	latest int   // at most that many messages; 0 = all
	window int64 // tokens
}

func reachOf(c model.Choice) reach { return reach{c.MaxMessages, c.Window} }

// maxWindow bounds what is reckoned with: no model comes near it.
const maxWindow = 1 << 32

// bytes is about how many bytes of text fill the window.
func (r reach) bytes() int64 { return bytesPerToken * min(r.window, maxWindow) }

// Of a history at most [reach.bytes] times windowsRead is read, and spareBytes
// for what is in no prompt. A message counts with messageBytes beside its
// content, which is no more than windowsRead times what a prompt counts for it:
// so texts that are left unread are certain not to fit.
const (
	windowsRead  = 4
	spareBytes   = 1 << 20
	messageBytes = 64
)

func contentBytes(m convo.Message) int64 { return int64(len(m.Text)+len(m.Meta)) + messageBytes }

// load reads what may go into the prompt of a turn with that slot: the history
// from where the last prompt's began, or its latest messages, and before it
// what survives a cut. It reads backwards, and no further than a prompt can
// reach, so its cost goes by the model's window, whatever was put into the
// conversation. What was added since the turn started stands behind it, and is
// for the next one. from is the place at which the history begins.
func (e *Engine) load(ctx context.Context, head convo.Head, slot int64, r reach) (messages []convo.Message, from int64, err error) {
	end, from, whole := convo.Place(slot+1, 0), head.ContextFrom, true
	room := windowsRead*r.bytes() + spareBytes
	q := store.MessageQuery{After: end, Desc: true, Limit: firstMessages}
	if r.latest > 0 {
		q.Limit = min(q.Limit, r.latest)
	}
	for m, err := range e.eachMessage(ctx, head, q, r) {
		if err != nil {
			return nil, 0, err
		}
		if m.Place >= from {
			messages, end = append(messages, m), m.Place
			room -= contentBytes(m)
		}
		if room < 0 {
			from = m.Place // what stands before it is not known
		}
		if m.Place <= from || m.Type == convo.Checkpoint || r.latest > 0 && len(messages) == r.latest {
			whole = false
			break
		}
	}
	slices.Reverse(messages)
	if whole {
		return messages, from, nil
	}
	before, err := e.loadPinned(ctx, head, end, r)
	return append(before, messages...), from, err
}

// loadPinned reads what counts however long ago it was said, up to a place. More
// than fills the window it does not read: no prompt can be made of that.
func (e *Engine) loadPinned(ctx context.Context, head convo.Head, end int64, r reach) ([]convo.Message, error) {
	var all []convo.Message
	room := r.bytes()
	q := store.MessageQuery{Types: []convo.MessageType{convo.Backstory, convo.Instruction, convo.Checkpoint}, Limit: firstMessages}
	for m, err := range e.eachMessage(ctx, head, q, r) {
		switch {
		case err != nil:
			return nil, err
		case m.Place >= end || room < 0:
			return all, nil
		case m.Type == convo.Checkpoint: // the last one replaces those before it
			all = slices.DeleteFunc(all, func(m convo.Message) bool { return m.Type == convo.Checkpoint })
			all = append(all, m)
		case m.Text != "":
			room -= int64(len(m.Text))
			all = append(all, m)
		}
	}
	return all, nil
}

// pinned reports whether messages of a type count however long ago they were.
func pinned(t convo.MessageType) bool {
	return t == convo.Backstory || t == convo.Instruction || t == convo.Checkpoint
}

// firstMessages is the first page of a history: most need no other.
const firstMessages = 32

// eachMessage gives the messages of a query, which says how long the first page
// is, without what no prompt holds. Like any pager it holds little at once.
func (e *Engine) eachMessage(ctx context.Context, head convo.Head, q store.MessageQuery, r reach) iter.Seq2[convo.Message, error] {
	return func(yield func(convo.Message, error) bool) {
		pages := pager{limit: q.Limit}
		for {
			q.Limit = pages.limit
			page, err := e.store.Messages(ctx, head.Tenant, head.ID, q)
			if err != nil {
				yield(convo.Message{}, err)
				return
			}
			bytes := 0
			for _, m := range page {
				bytes += convo.Event{Body: convo.MessageGiven{Fields: m.MessageFields, Text: m.Text}}.Size()
				m, err := e.render(ctx, lean(m), r.bytes()/fileShare, nil)
				if !yield(m, err) || err != nil {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1].Place
			pages.turn(bytes)
		}
	}
}

// lean leaves out of a message what no prompt holds.
func lean(m convo.Message) convo.Message {
	m.Name, m.Description = nil, nil
	if m.Type != convo.Activity && !ofRetrieval(m) {
		m.Meta = nil
	}
	if m.Type == convo.Reasoning {
		m.Text = ""
	}
	return m
}

// loadNotes reads the time of day that earlier turns' prompts named, for the
// turns that messages belong to.
func (e *Engine) loadNotes(ctx context.Context, head convo.Head, messages []convo.Message) (map[string]note, error) {
	from := int64(0)
	for _, m := range messages {
		if m.Turn != "" {
			from = convo.SlotOf(m.Place)
			break
		}
	}
	if from == 0 {
		return nil, nil
	}
	turns, err := e.store.Turns(ctx, head.Tenant, head.ID, from)
	if err != nil {
		return nil, err
	}
	notes := make(map[string]note, len(turns))
	for _, t := range turns {
		if t.State == convo.StateEnded {
			notes[t.ID] = note{at: t.Started, zone: t.Zone}
		}
	}
	return notes, nil
}
