package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// load reads what may go into the prompt of a turn with that slot: the history
// from where the last prompt's began, or its latest messages, and before it
// what survives a cut. So its cost goes by the model's window, not by the
// conversation's length. What was added since the turn started stands behind
// it, and is for the next one.
func (e *Engine) load(ctx context.Context, head convo.Head, slot int64, latest int) ([]convo.Message, error) {
	var recent []convo.Message
	var err error
	end, whole := convo.Place(slot+1, 0), false
	if latest > 0 {
		q := store.MessageQuery{After: end, Desc: true, Limit: latest}
		recent, err = e.store.Messages(ctx, head.Tenant, head.ID, q)
		slices.Reverse(recent)
		whole = len(recent) < latest
	} else {
		recent, err = e.loadFrom(ctx, head, store.MessageQuery{After: max(head.ContextFrom-1, 0)}, end)
		whole = head.ContextFrom == 0
	}
	if err != nil || whole {
		return recent, err
	}
	if len(recent) > 0 {
		end = recent[0].Place
	}
	before, err := e.loadFrom(ctx, head, store.MessageQuery{
		Types: []convo.MessageType{convo.Backstory, convo.Instruction, convo.Checkpoint},
	}, end)
	return append(before, recent...), err
}

// pinned reports whether messages of a type count however long ago they were.
func pinned(t convo.MessageType) bool {
	return t == convo.Backstory || t == convo.Instruction || t == convo.Checkpoint
}

// loadFrom reads all pages of a query, up to a place.
func (e *Engine) loadFrom(ctx context.Context, head convo.Head, q store.MessageQuery, end int64) ([]convo.Message, error) {
	q.Limit = pageSize
	var all []convo.Message
	for {
		page, err := e.store.Messages(ctx, head.Tenant, head.ID, q)
		if err != nil {
			return nil, err
		}
		full := len(page) == pageSize
		if n := slices.IndexFunc(page, func(m convo.Message) bool { return m.Place >= end }); n >= 0 {
			page, full = page[:n], false
		}
		all = append(all, page...)
		if !full {
			return all, nil
		}
		q.After = page[len(page)-1].Place
	}
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
