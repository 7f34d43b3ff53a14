package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// A memory is a record of [convo.MemoryDataset]: a text that is known of a contact,
// of a bot, of the two together, or of nobody in particular.

// About says whose memories are meant: "" does not restrict.
type About struct {
	Contact string // an id or fingerprint
	Bot     string // an id or alias
}

// CreateMemory makes a memory of the actor's tenant.
func (e *Engine) CreateMemory(ctx context.Context, actor convo.Actor, fields convo.RecordFields, ask *Ask) (convo.Record, error) {
	if err := account(actor); err != nil {
		return convo.Record{}, err
	}
	if err := e.checkMemory(fields); err != nil {
		return convo.Record{}, err
	}
	var made convo.Record
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		at := now()
		made = convo.Record{
			Tenant: actor.Tenant, Dataset: convo.MemoryDataset, ID: newID(), RecordFields: fields, Created: at, Updated: at,
		}
		return made, putMemory(tx, &made, convo.RecordFields{}, "create")
	})
	e.embedLater(made.Tenant, made.Dataset)
	return made, err
}

// putMemory stores a memory, and resolves whom it names that it did not name before.
func putMemory(tx store.Tx, m *convo.Record, before convo.RecordFields, verb string) error {
	if err := resolveMemory(tx, m, before); err != nil {
		return err
	}
	if err := tx.PutRecord(*m); err != nil {
		return err
	}
	return noteMemory(tx, *m, verb)
}

// resolveMemory makes ids of those whom a memory names and did not name before.
func resolveMemory(tx store.Tx, m *convo.Record, before convo.RecordFields) error {
	for _, named := range []struct {
		field   string
		kind    convo.ObjectKind
		id      *string
		earlier string
	}{
		{"contactId", convo.ObjectContact, &m.ContactID, before.ContactID},
		{"botId", convo.ObjectBot, &m.BotID, before.BotID},
	} {
		id, err := refer(tx, named.field, named.kind, named.id, &named.earlier)
		if err != nil {
			return err
		}
		*named.id = text(id)
	}
	return nil
}

func noteMemory(tx store.Tx, m convo.Record, verb string) error {
	return journal(tx, "memory."+verb, memoryIDs(m))
}

// memoryIDs are what an entry of the event log about a memory concerns.
func memoryIDs(m convo.Record) ids {
	return ids{"memoryId": m.ID, "contactId": m.ContactID, "botId": m.BotID}
}

func (e *Engine) checkMemory(f convo.RecordFields) error {
	if err := e.checkTexts(f.Name, f.Description, &f.Text); err != nil {
		return err
	}
	return e.checkMeta(f.Meta)
}

// Memory reads one.
func (e *Engine) Memory(ctx context.Context, actor convo.Actor, id string) (convo.Record, error) {
	if err := account(actor); err != nil {
		return convo.Record{}, err
	}
	m, err := e.store.Record(ctx, actor.Tenant, convo.MemoryDataset, id)
	if err != nil {
		return m, unknownMemory(id, err)
	}
	known, err := e.remembered(ctx, actor.Tenant, []convo.Record{m})
	if err != nil || len(known) == 0 {
		return convo.Record{}, errOr(err, missingMemory(id))
	}
	return m, nil
}

func unknownMemory(id string, err error) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return missingMemory(id)
	}
	return err
}

func missingMemory(id string) error {
	return convo.Errorf(convo.NotFound, "memory %q not found", clip(id))
}

// Memories reads a page of them, by creation.
func (e *Engine) Memories(ctx context.Context, actor convo.Actor, about About, l List) (Page[convo.Record], error) {
	var page Page[convo.Record]
	if err := account(actor); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	if about, err = e.resolveAbout(ctx, actor, about); err != nil {
		return page, err
	}
	q := store.RecordQuery{Desc: l.Desc, Limit: take, Meta: l.Meta, Contact: about.Contact, Bot: about.Bot}
	list := "memories/" + actor.Tenant + "/" + about.Contact + "/" + about.Bot
	if l.Cursor != "" {
		if q.After, err = e.memoryPosition(ctx, actor, list, l.Cursor); err != nil {
			return page, err
		}
	}
	// One page has as many items as were asked for, so that a shorter one is the last.
	for more := true; more && len(page.Items) < take; {
		q.Limit = take - len(page.Items)
		read, err := e.store.Records(ctx, actor.Tenant, convo.MemoryDataset, q)
		if err != nil {
			return page, err
		}
		if more = len(read) == q.Limit; len(read) > 0 {
			last := read[len(read)-1]
			q.After = store.Position{Created: last.Created, ID: last.ID}
		}
		if read, err = e.remembered(ctx, actor.Tenant, read); err != nil {
			return page, err
		}
		page.Items = append(page.Items, read...)
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.Created.UnixMilli(), last.ID)
	}
	return page, nil
}

func (e *Engine) memoryPosition(ctx context.Context, actor convo.Actor, list, cursor string) (store.Position, error) {
	ms, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return store.Position{Created: fromMillis(ms), ID: id}, err
	}
	m, err := e.Memory(ctx, actor, cursor)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownCursor()
	}
	return store.Position{Created: m.Created, ID: m.ID}, err
}

// resolveAbout makes ids of fingerprints and aliases.
func (e *Engine) resolveAbout(ctx context.Context, actor convo.Actor, about About) (About, error) {
	for _, named := range []struct {
		field string
		kind  convo.ObjectKind
		name  *string
	}{
		{"contactId", convo.ObjectContact, &about.Contact}, {"botId", convo.ObjectBot, &about.Bot},
	} {
		if *named.name == "" {
			continue
		}
		found, err := e.store.Object(ctx, actor.Tenant, named.kind, *named.name)
		if err != nil {
			return about, unknownReference(named.field, named.kind, *named.name, err)
		}
		*named.name = found.ID
	}
	return about, nil
}

// UpdateMemory lets change work on what is stored of a memory. It may be called more
// than once. It gives the memory as it is then.
func (e *Engine) UpdateMemory(ctx context.Context, actor convo.Actor, id string, change func(*convo.RecordFields), ask *Ask) (convo.Record, error) {
	if err := account(actor); err != nil {
		return convo.Record{}, err
	}
	var m convo.Record
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if m, err = findMemory(tx, id); err != nil {
			return nil, err
		}
		before := m.RecordFields
		change(&m.RecordFields)
		m.Updated = now()
		if err := e.checkMemory(m.RecordFields); err != nil {
			return nil, err
		}
		return m, putMemory(tx, &m, before, "update")
	})
	e.embedLater(m.Tenant, m.Dataset)
	return m, err
}

// DeleteMemory forgets a memory.
func (e *Engine) DeleteMemory(ctx context.Context, actor convo.Actor, id string, ask *Ask) error {
	if err := account(actor); err != nil {
		return err
	}
	return e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (any, error) {
		m, err := findMemory(tx, id)
		if err != nil {
			return nil, err
		}
		if err := tx.DeleteRecord(convo.MemoryDataset, id); err != nil {
			return nil, err
		}
		return nil, noteMemory(tx, m, "delete")
	})
}

// memoriesFound is how many memories a search gives at most.
const memoriesFound = 10

// SearchMemories finds what was remembered, the best first.
func (e *Engine) SearchMemories(ctx context.Context, actor convo.Actor, about About, search string) ([]Found, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	if err := e.checkText(search); err != nil {
		return nil, err
	}
	about, err := e.resolveAbout(ctx, actor, about)
	if err != nil {
		return nil, err
	}
	q := finding{Text: search, Records: memoriesFound, Tokens: -1}
	if about.Contact != "" {
		q.Must = append(q.Must, convo.Tag("contact", about.Contact))
	}
	if about.Bot != "" {
		q.Must = append(q.Must, convo.Tag("bot", about.Bot))
	}
	return e.findMemories(ctx, actor.Tenant, q)
}
