package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const pageSize = 1000

// load reads what may go into a prompt: the history from where the last
// prompt's began, or its latest messages, and before it what survives a cut.
// So its cost goes by the model's window, not by the conversation's length.
func (e *Engine) load(ctx context.Context, head convo.Head, latest int) ([]convo.Message, error) {
	var recent []convo.Message
	var err error
	switch {
	case latest > 0:
		q := store.MessageQuery{Desc: true, Limit: latest}
		recent, err = e.store.Messages(ctx, head.Tenant, head.ID, q)
		slices.Reverse(recent)
	default:
		recent, err = e.loadFrom(ctx, head, store.MessageQuery{After: max(head.ContextFrom-1, 0)})
	}
	if err != nil || len(recent) == 0 || latest == 0 && head.ContextFrom == 0 {
		return recent, err
	}
	first := recent[0].Place
	pinned, err := e.loadFrom(ctx, head, store.MessageQuery{
		Types: []convo.MessageType{convo.Backstory, convo.Instruction, convo.Checkpoint},
	})
	pinned = slices.DeleteFunc(pinned, func(m convo.Message) bool { return m.Place >= first })
	return append(pinned, recent...), err
}

// loadFrom reads all pages of a query.
func (e *Engine) loadFrom(ctx context.Context, head convo.Head, q store.MessageQuery) ([]convo.Message, error) {
	q.Limit = pageSize
	var all []convo.Message
	for {
		page, err := e.store.Messages(ctx, head.Tenant, head.ID, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < pageSize {
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
