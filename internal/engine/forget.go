package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Who is deleted is forgotten: with the contact its memories are out of sight, and
// then they are removed in small steps, so that no writer waits for thousands of them.
// What a crash leaves is removed after the next start.

// remembered leaves out the memories of contacts that are gone.
func (e *Engine) remembered(ctx context.Context, tenant string, list []convo.Record) ([]convo.Record, error) {
	gone := map[string]bool{"": false}
	for _, r := range list {
		if _, asked := gone[r.ContactID]; asked {
			continue
		}
		o, err := e.store.Object(ctx, tenant, convo.ObjectContact, r.ContactID)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		gone[r.ContactID] = o.ID != r.ContactID
	}
	return slices.DeleteFunc(list, func(r convo.Record) bool { return gone[r.ContactID] }), nil
}

// findMemory finds one inside a transaction.
func findMemory(tx store.Tx, id string) (convo.Record, error) {
	m, err := tx.Record(convo.MemoryDataset, id)
	if err != nil || m.ContactID == "" {
		return m, unknownMemory(id, err)
	}
	o, err := tx.Object(convo.ObjectContact, m.ContactID)
	if ignoreMissing(err) != nil {
		return m, err
	}
	if o.ID != m.ContactID {
		return convo.Record{}, missingMemory(id)
	}
	return m, nil
}

// forgetNow removes the memories of a contact that is gone, for a caller who waits for
// it. What fails is done in the background.
func (e *Engine) forgetNow(ctx context.Context, tenant, contact string) {
	job := indexJob{tenant: tenant, dataset: convo.MemoryDataset, file: contact}
	if err := e.forget(context.WithoutCancel(ctx), job); err != nil {
		e.indexing.want(job)
	}
}

// forgetLater is forget for a job of the background, which may also be to look for what
// the process before this one left.
func (e *Engine) forgetLater(ctx context.Context, job indexJob) error {
	if job.file != "" {
		return e.forget(ctx, job)
	}
	left, err := e.store.Unowned(ctx)
	for _, u := range left {
		e.indexing.want(indexJob{u.Tenant, convo.MemoryDataset, u.Contact})
	}
	return err
}

// forget removes the memories of a contact, unless there is one again.
func (e *Engine) forget(ctx context.Context, job indexJob) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, err := e.store.Update(context.WithoutCancel(ctx), job.tenant, "", store.Buffered, func(tx store.Tx) error {
			more = false
			o, err := tx.Object(convo.ObjectContact, job.file)
			if ignoreMissing(err) != nil || o.ID == job.file {
				return ignoreMissing(err)
			}
			n, err := tx.ForgetContact(job.file, batchRecords)
			more = n == batchRecords
			return err
		})
		e.noteRoom(err)
		if err != nil {
			return err
		}
	}
	return nil
}
