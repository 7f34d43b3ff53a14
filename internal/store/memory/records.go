package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Record implements store.RecordReader.
func (s *Store) Record(ctx context.Context, tenant, dataset, id string) (convo.Record, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Record{}, err
	}
	defer s.mu.RUnlock()
	return s.record(tenant, dataset, id)
}

// record finds a record. The caller holds the lock.
func (s *Store) record(tenant, dataset, id string) (convo.Record, error) {
	r, ok := s.collection(tenant, dataset).records[id]
	if !ok {
		return r, noRecord(id)
	}
	return cloneRecord(r), nil
}

// RecordsByID implements store.RecordReader.
func (s *Store) RecordsByID(ctx context.Context, tenant, dataset string, ids []string) ([]convo.Record, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	c := s.collection(tenant, dataset)
	var list []convo.Record
	for _, id := range ids {
		if r, ok := c.records[id]; ok {
			list = append(list, cloneRecord(r))
		}
	}
	return list, nil
}

// Records implements store.RecordReader.
func (s *Store) Records(ctx context.Context, tenant, dataset string, q store.RecordQuery) ([]convo.Record, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Record
	for _, r := range s.collection(tenant, dataset).records {
		if q.Matches(r) {
			list = append(list, r)
		}
	}
	at := func(r convo.Record) store.Position { return store.Position{Created: r.Created, ID: r.ID} }
	q.After.Created = stored(q.After.Created)
	return page(list, at, comparePositions, q.After, q.Desc, q.Limit, cloneRecord), nil
}

// Collection implements store.RecordReader.
func (s *Store) Collection(ctx context.Context, tenant, dataset string) (convo.Collection, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Collection{}, err
	}
	defer s.mu.RUnlock()
	return s.collection(tenant, dataset).Collection, nil
}

// RecordChanges implements store.RecordReader.
func (s *Store) RecordChanges(ctx context.Context, tenant, dataset string, after int64, limit int) ([]convo.RecordChange, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	c := s.collection(tenant, dataset)
	if !store.Told(after, c.Collection) {
		return nil, store.BeginAgain()
	}
	var list []convo.RecordChange
	bytes := 0
	for _, one := range c.latest(after, limit) {
		if bytes >= store.ChangesBytes {
			break
		}
		bytes += len(c.records[one.record].Text)
		change := convo.RecordChange{Change: one.number, ID: one.record}
		if r, ok := c.records[one.record]; ok {
			change.Record = cloneRecord(r)
		} else {
			change.Gone = true
		}
		list = append(list, change)
	}
	return list, nil
}

// Record implements store.RecordTx.
func (t *tx) Record(dataset, id string) (convo.Record, error) {
	return t.store.record(t.key.tenant, dataset, id)
}

// PutRecord implements store.RecordTx.
func (t *tx) PutRecord(r convo.Record) error {
	if r.ID == "" || r.Tenant != t.key.tenant {
		return convo.Errorf(convo.Internal, "a record needs an id and the transaction's tenant")
	}
	_, ok := t.store.objects[objectKey{r.Tenant, convo.ObjectDataset, r.Dataset}]
	if !ok && r.Dataset != convo.MemoryDataset {
		return noDataset(r.Dataset)
	}
	c := t.collected(r.Dataset)
	t.undo = append(t.undo, c.save(r.ID))
	r = cloneRecord(r)
	r.Created, r.Updated = stored(r.Created), stored(r.Updated)
	c.put(r)
	return nil
}

// collected gives the collection of a dataset, which it makes where there is none.
func (t *tx) collected(dataset string) *collection {
	k := key{t.key.tenant, dataset}
	c := t.store.collections[k]
	if c == nil {
		t.store.lastCollection++
		c = newCollection(t.store.lastCollection)
		t.store.collections[k] = c
		t.undo = append(t.undo, func() { delete(t.store.collections, k) })
	}
	return c
}

// DeleteRecord implements store.RecordTx.
func (t *tx) DeleteRecord(dataset, id string) error {
	c := t.store.collection(t.key.tenant, dataset)
	if _, ok := c.records[id]; !ok {
		return noRecord(id)
	}
	t.undo = append(t.undo, c.save(id))
	c.remove(id)
	return nil
}

// DeleteRecordsOf implements store.RecordTx.
func (t *tx) DeleteRecordsOf(dataset, file string, of store.Makings, limit int) (int, error) {
	return t.removeWhere(dataset, limit, func(r convo.Record) bool {
		return file != "" && r.File == file && of.Has(r.Upload)
	}), nil
}

// MemoryLike implements store.RecordTx.
func (t *tx) MemoryLike(contact, bot, text string) (convo.Record, error) {
	var found *convo.Record
	for _, r := range t.store.collection(t.key.tenant, convo.MemoryDataset).records {
		like := (contact != "" || bot != "") && r.ContactID == contact && r.BotID == bot && r.Text == text
		if like && (found == nil || cmp.Or(r.Created.Compare(found.Created), cmp.Compare(r.ID, found.ID)) < 0) {
			found = &r
		}
	}
	if found == nil {
		return convo.Record{}, convo.Errorf(convo.NotFound, "there is no such memory")
	}
	return cloneRecord(*found), nil
}

// ForgetContact implements store.RecordTx.
func (t *tx) ForgetContact(contact string, limit int) (int, error) {
	return t.removeWhere(convo.MemoryDataset, limit, func(r convo.Record) bool { return contact != "" && r.ContactID == contact }), nil
}

// Unowned implements store.RecordReader.
func (s *Store) Unowned(ctx context.Context) ([]store.Unowned, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []store.Unowned
	for k, c := range s.collections {
		if k.id != convo.MemoryDataset {
			continue
		}
		for _, r := range c.records {
			gone := store.Unowned{Tenant: k.tenant, Contact: r.ContactID}
			_, there := s.objects[objectKey{k.tenant, convo.ObjectContact, r.ContactID}]
			if r.ContactID != "" && !there && !slices.Contains(list, gone) {
				list = append(list, gone)
			}
		}
	}
	return list, nil
}

// removeWhere removes up to limit records, in the order of their changes, and says
// how many; a limit below 0 is none.
func (t *tx) removeWhere(dataset string, limit int, goes func(convo.Record) bool) int {
	c := t.store.collection(t.key.tenant, dataset)
	n := 0
	for _, one := range slices.Clone(c.order) {
		r, ok := c.records[one.record]
		if !ok || r.Change != one.number || !goes(r) {
			continue
		}
		if n == limit {
			break
		}
		n++
		t.undo = append(t.undo, c.save(one.record))
		c.remove(one.record)
	}
	return n
}

// dropCollection lets go of a dataset's records.
func (t *tx) dropCollection(dataset string) {
	k := key{t.key.tenant, dataset}
	if c := t.store.collections[k]; c != nil {
		delete(t.store.collections, k)
		t.undo = append(t.undo, func() { t.store.collections[k] = c })
	}
}

func cloneRecord(r convo.Record) convo.Record {
	r.Name, r.Description, r.Source, r.Meta = clone(r.Name), clone(r.Description), clone(r.Source), bytes.Clone(r.Meta)
	return r
}

func noRecord(id string) error { return convo.Errorf(convo.NotFound, "there is no record %q", id) }

func noDataset(id string) error { return convo.Errorf(convo.NotFound, "there is no dataset %q", id) }
