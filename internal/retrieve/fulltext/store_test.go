package fulltext_test

import (
	"context"
	"slices"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// kept is a store of records in memory, as far as the index needs one.
type kept struct {
	mu       sync.Mutex
	datasets map[retrieve.Collection]*dataset
}

type dataset struct {
	change    int64
	forgotten int64
	records   map[string]convo.RecordChange
	segments  map[string]segment
}

type segment struct {
	convo.Segment
	data []byte
}

func newKept() *kept { return &kept{datasets: map[retrieve.Collection]*dataset{}} }

func (k *kept) dataset(tenant, name string) *dataset {
	c := retrieve.Collection{Tenant: tenant, Dataset: name}
	if k.datasets[c] == nil {
		k.datasets[c] = &dataset{records: map[string]convo.RecordChange{}, segments: map[string]segment{}}
	}
	return k.datasets[c]
}

// put stores records, and del removes some.
func (k *kept) put(c retrieve.Collection, records ...convo.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(c.Tenant, c.Dataset)
	for _, r := range records {
		d.change++
		r.Change = d.change
		d.records[r.ID] = convo.RecordChange{Change: d.change, ID: r.ID, Record: r}
	}
}

func (k *kept) del(c retrieve.Collection, ids ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(c.Tenant, c.Dataset)
	for _, id := range ids {
		d.change++
		d.records[id] = convo.RecordChange{Change: d.change, ID: id, Gone: true}
	}
}

// forget has the store not tell any more what is gone.
func (k *kept) forget(c retrieve.Collection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(c.Tenant, c.Dataset)
	for id, change := range d.records {
		if change.Gone {
			delete(d.records, id)
		}
	}
	d.forgotten = d.change
}

func (k *kept) Collection(_ context.Context, tenant, name string) (convo.Collection, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(tenant, name)
	c := convo.Collection{Change: d.change}
	for _, change := range d.records {
		if !change.Gone {
			c.Records++
			c.Bytes += int64(len(change.Record.Text))
		}
	}
	return c, nil
}

func (k *kept) RecordChanges(ctx context.Context, tenant, name string, after int64, limit int) ([]convo.RecordChange, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(tenant, name)
	if after > 0 && (after < d.forgotten || after > d.change) {
		return nil, &convo.Error{Kind: convo.Conflict}
	}
	var changes []convo.RecordChange
	for _, change := range d.records {
		if change.Change > after {
			changes = append(changes, change)
		}
	}
	slices.SortFunc(changes, func(x, y convo.RecordChange) int { return int(x.Change - y.Change) })
	return changes[:min(limit, len(changes))], ctx.Err()
}

func (k *kept) Segments(_ context.Context, tenant, name, _ string) ([]convo.Segment, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []convo.Segment
	for _, s := range k.dataset(tenant, name).segments {
		all = append(all, s.Segment)
	}
	slices.SortFunc(all, func(x, y convo.Segment) int { return int(x.From - y.From) })
	return all, nil
}

func (k *kept) ReadSegment(_ context.Context, tenant, name, _, id string, p []byte, offset int64) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.dataset(tenant, name).segments[id]
	if !ok {
		return 0, &convo.Error{Kind: convo.NotFound}
	}
	return copy(p, s.data[offset:]), nil
}

func (k *kept) PutSegment(_ context.Context, tenant, name, _ string, s convo.Segment, data []byte, instead []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.dataset(tenant, name)
	for _, id := range instead {
		delete(d.segments, id)
	}
	d.segments[s.ID] = segment{s, slices.Clone(data)}
	return nil
}
