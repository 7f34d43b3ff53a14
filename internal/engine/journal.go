package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// How long event logs are kept, and how much of them.
const (
	journalDays = 90
	journalKeep = 100_000
)

// journalPage is how many entries are read at once.
const journalPage = 100

// ids are what an entry of the event log concerns, by the names of the ChatBotKit API.
type ids = map[string]string

// journal writes an entry to the event log of the transaction's tenant: kind is
// group.verb. It never says what was said. Who reads the log is woken by whoever
// commits the transaction: [Engine.once], or [Engine.noted].
func journal(tx store.Tx, kind string, concerns ids) error {
	for name, id := range concerns {
		if id == "" {
			delete(concerns, name)
		}
	}
	return tx.Note(convo.Entry{ID: newID(), At: now(), Type: kind, IDs: concerns})
}

// noteObject notes what was done to an object.
func noteObject(tx store.Tx, o convo.Object, verb string) error {
	switch o.Kind() {
	case convo.ObjectAbility:
		return journal(tx, "ability."+verb, ids{"abilityId": o.ID, "skillsetId": o.Parent})
	case convo.ObjectRating:
		return journal(tx, "bot.rate", ids{"botId": o.Parent})
	case convo.ObjectDatasetFile:
		b, _ := o.Body.(convo.DatasetFile)
		return journal(tx, "dataset.file."+verb, ids{"datasetId": o.Parent, "fileId": b.File})
	}
	kind := string(o.Kind())
	return journal(tx, kind+"."+verb, ids{kind + "Id": o.ID})
}

// noteConversation notes what was done to the transaction's conversation.
func noteConversation(tx store.Tx, verb string) error {
	head := tx.Head()
	return journal(tx, "conversation."+verb, ids{
		"conversationId": head.ID, "botId": text(head.BotID), "contactId": text(head.ContactID),
	})
}

// putNoted stores an object, and notes what was done to it.
func putNoted(tx store.Tx, o convo.Object, verb string) error {
	if err := tx.PutObject(o); err != nil {
		return err
	}
	return noteObject(tx, o, verb)
}

// journalOf is the name under which readers of an event log wait.
func journalOf(tenant string) channelKey { return channelKey{tenant, "\x00journal"} }

// noted wakes those who read a tenant's event log, after a commit.
func (e *Engine) noted(tenant string) { e.channels.ring(journalOf(tenant)) }

// Entries reads a page of the event log of the actor's tenant, by their order.
func (e *Engine) Entries(ctx context.Context, actor convo.Actor, l List) (Page[convo.Entry], error) {
	var page Page[convo.Entry]
	if err := account(actor); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	if len(l.Meta) > 0 {
		return page, nil // entries have none
	}
	q := store.EntryQuery{Desc: l.Desc, Limit: take}
	list := "journal/" + actor.Tenant
	if l.Cursor != "" {
		if q.After, err = e.entryPosition(ctx, actor, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if page.Items, err = e.store.Entries(ctx, actor.Tenant, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.N, last.ID)
	}
	return page, nil
}

// entryPosition finds the number of the entry that a cursor means. One that is an
// entry's id is looked for from the newest on.
func (e *Engine) entryPosition(ctx context.Context, actor convo.Actor, list, cursor string) (int64, error) {
	n, _, own, err := readCursor(list, cursor)
	if err != nil || own {
		return n, err
	}
	q := store.EntryQuery{Desc: true, Limit: MaxTake}
	for {
		page, err := e.store.Entries(ctx, actor.Tenant, q)
		if err != nil {
			return 0, err
		}
		for _, entry := range page {
			if entry.ID == cursor {
				return entry.N, nil
			}
			q.After = entry.N
		}
		if len(page) < q.Limit {
			return 0, unknownCursor()
		}
	}
}

// FollowEntries passes on the last entries of the event log of the actor's tenant, as
// many as history says, and then each new one, in their order, until ctx ends or
// emit fails.
func (e *Engine) FollowEntries(ctx context.Context, actor convo.Actor, history int, emit func([]convo.Entry) error) error {
	if err := account(actor); err != nil {
		return err
	}
	sub := e.channels.subscribe(journalOf(actor.Tenant)) // before it is looked at
	defer sub.cancel()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.over, func() { cancel(context.Cause(e.over)) })()
	after, err := e.journalStart(ctx, actor.Tenant, history)
	if err != nil {
		return err
	}
	for {
		page, err := e.store.Entries(ctx, actor.Tenant, store.EntryQuery{After: after, Limit: journalPage})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if len(page) > 0 {
			after = page[len(page)-1].N
			if err := emit(page); err != nil {
				return err
			}
			continue
		}
		if err := sub.wait(ctx); err != nil {
			return err
		}
	}
}

// journalStart is the number behind which the last entries begin.
func (e *Engine) journalStart(ctx context.Context, tenant string, history int) (int64, error) {
	last, err := e.store.Entries(ctx, tenant, store.EntryQuery{Desc: true, Limit: min(history, MaxTake) + 1})
	switch {
	case err != nil || len(last) == 0:
		return 0, err
	case len(last) <= history:
		return last[len(last)-1].N - 1, nil
	}
	return last[len(last)-1].N, nil
}
