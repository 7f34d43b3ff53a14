package engine

import (
	"context"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// checkRecord holds what callers may set on a record against the rules.
func (e *Engine) checkRecord(f convo.RecordFields) error {
	if strings.TrimSpace(f.Text) == "" {
		return convo.Errorf(convo.Invalid, "text must not be empty: it is what a record is found by")
	}
	if err := e.checkTexts(&f.Text, f.Name, f.Description, f.Source); err != nil {
		return err
	}
	return e.checkMeta(f.Meta)
}

// CreateRecord adds a record to a dataset of the actor's tenant. The next search
// finds it.
func (e *Engine) CreateRecord(ctx context.Context, actor convo.Actor, dataset string, f convo.RecordFields, ask *Ask) (convo.Record, error) {
	if err := account(actor); err != nil {
		return convo.Record{}, err
	}
	if err := e.checkRecord(f); err != nil {
		return convo.Record{}, err
	}
	var made convo.Record
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (any, error) {
		o, err := findDataset(tx, dataset)
		if err != nil {
			return nil, err
		}
		at := now()
		made = convo.Record{Tenant: actor.Tenant, Dataset: o.ID, ID: newID(), RecordFields: f, Created: at, Updated: at}
		if err := tx.PutRecord(made); err != nil {
			return nil, err
		}
		return made, noteRecord(tx, made, "create")
	})
	e.embedLater(made.Tenant, made.Dataset)
	return made, err
}

// UpdateRecord lets change work on what callers may set of a record. It may be
// called more than once. The next search finds what it is then, and no more what it
// was.
func (e *Engine) UpdateRecord(
	ctx context.Context, actor convo.Actor, dataset, id string, change func(*convo.RecordFields), ask *Ask,
) (convo.Record, error) {
	if err := account(actor); err != nil {
		return convo.Record{}, err
	}
	var changed convo.Record
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if changed, err = findRecord(tx, dataset, id); err != nil {
			return nil, err
		}
		change(&changed.RecordFields)
		changed.Updated = now()
		if err := e.checkRecord(changed.RecordFields); err != nil {
			return nil, err
		}
		if err := tx.PutRecord(changed); err != nil {
			return nil, err
		}
		return changed, noteRecord(tx, changed, "update")
	})
	e.embedLater(changed.Tenant, changed.Dataset)
	return changed, err
}

// DeleteRecord removes a record. No search finds it from then on.
func (e *Engine) DeleteRecord(ctx context.Context, actor convo.Actor, dataset, id string, ask *Ask) (gone convo.Record, err error) {
	if err := account(actor); err != nil {
		return gone, err
	}
	err = e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if gone, err = findRecord(tx, dataset, id); err != nil {
			return nil, err
		}
		if err := tx.DeleteRecord(gone.Dataset, gone.ID); err != nil {
			return nil, err
		}
		return gone, noteRecord(tx, gone, "delete")
	})
	return gone, err
}

// noteRecord notes what was done to a record.
func noteRecord(tx store.Tx, r convo.Record, verb string) error {
	return journal(tx, "record."+verb, ids{"datasetId": r.Dataset, "recordId": r.ID})
}

func findRecord(tx store.Tx, dataset, id string) (convo.Record, error) {
	o, err := findDataset(tx, dataset)
	if err != nil {
		return convo.Record{}, err
	}
	r, err := tx.Record(o.ID, id)
	return r, unknownRecord(id, err)
}

// Record reads one record of a dataset.
func (e *Engine) Record(ctx context.Context, actor convo.Actor, dataset, id string) (convo.Record, error) {
	o, err := e.ownDataset(ctx, actor, dataset)
	if err != nil {
		return convo.Record{}, err
	}
	r, err := e.store.Record(ctx, actor.Tenant, o.ID, id)
	return r, unknownRecord(id, err)
}

func unknownRecord(id string, err error) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Errorf(convo.NotFound, "record %q not found in this dataset", clip(id))
	}
	return err
}

// Records reads a page of a dataset's records, by creation.
func (e *Engine) Records(ctx context.Context, actor convo.Actor, dataset string, l List) (Page[convo.Record], error) {
	o, err := e.ownDataset(ctx, actor, dataset)
	if err != nil {
		return Page[convo.Record]{}, err
	}
	return e.listRecords(ctx, actor.Tenant, o.ID, store.RecordQuery{}, l)
}

// listRecords reads a page of those records of a dataset that q selects.
func (e *Engine) listRecords(ctx context.Context, tenant, dataset string, q store.RecordQuery, l List) (Page[convo.Record], error) {
	var page Page[convo.Record]
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q.Desc, q.Limit, q.Meta = l.Desc, take, l.Meta
	list := strings.Join([]string{"record", tenant, dataset, q.File, q.Contact, q.Bot}, "/")
	if l.Cursor != "" {
		if q.After, err = e.recordPosition(ctx, tenant, dataset, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if page.Items, err = e.store.Records(ctx, tenant, dataset, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.Created.UnixMilli(), last.ID)
	}
	return page, nil
}

func (e *Engine) recordPosition(ctx context.Context, tenant, dataset, list, cursor string) (store.Position, error) {
	ms, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return store.Position{Created: fromMillis(ms), ID: id}, err
	}
	r, err := e.store.Record(ctx, tenant, dataset, cursor)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownCursor()
	}
	return store.Position{Created: r.Created, ID: r.ID}, err
}
