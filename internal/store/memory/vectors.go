package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Spaces implements store.RecordReader.
func (s *Store) Spaces(ctx context.Context, tenant, dataset string) (map[string]int, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	spaces := make(map[string]int)
	for name, one := range s.collection(tenant, dataset).spaces {
		spaces[name] = one.length
	}
	return spaces, nil
}

// Vectors implements store.RecordReader.
func (s *Store) Vectors(
	ctx context.Context, tenant, dataset, name string, after int64, limit int,
) ([]convo.Vector, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	one := s.collection(tenant, dataset).spaces[name]
	if one == nil {
		return nil, nil
	}
	var list []convo.Vector
	for _, v := range one.vectors {
		if v.Stored > after {
			v.Values = slices.Clone(v.Values)
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b convo.Vector) int { return cmp.Compare(a.Stored, b.Stored) })
	return list[:min(limit, len(list))], nil
}

// Unembedded implements store.RecordReader.
func (s *Store) Unembedded(
	ctx context.Context, tenant, dataset, name string, after int64, limit int,
) ([]convo.Record, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	c := s.collection(tenant, dataset)
	has := func(string) bool { return false }
	if one := c.spaces[name]; one != nil {
		has = func(id string) bool { _, ok := one.vectors[id]; return ok }
	}
	var list []convo.Record
	for _, one := range c.latest(after, len(c.order)) {
		if r, ok := c.records[one.record]; ok && len(list) < limit && !has(r.ID) {
			list = append(list, cloneRecord(r))
		}
	}
	return list, nil
}

// PutVectors implements store.Records.
func (s *Store) PutVectors(ctx context.Context, tenant, dataset, name string, vectors []convo.Vector) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	c := s.collection(tenant, dataset)
	length := 0
	if one := c.spaces[name]; one != nil {
		length = one.length
	}
	if err := store.CheckVectors(vectors, length); err != nil {
		return err
	}
	for _, v := range vectors {
		if r, ok := c.records[v.Record]; !ok || r.Change != v.Change {
			continue
		}
		if c.spaces[name] == nil {
			c.spaces[name] = &space{len(v.Values), make(map[string]convo.Vector)}
		}
		s.stored++
		v.Values, v.Stored = slices.Clone(v.Values), s.stored
		c.spaces[name].vectors[v.Record] = v
	}
	return nil
}

// DropSpace implements store.Records.
func (s *Store) DropSpace(ctx context.Context, tenant, dataset, name string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.collection(tenant, dataset).spaces, name)
	return nil
}

// Segments implements store.RecordReader.
func (s *Store) Segments(ctx context.Context, tenant, dataset, index string) ([]convo.Segment, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Segment
	for _, one := range s.collection(tenant, dataset).segments[index] {
		list = append(list, one.Segment)
	}
	return list, nil
}

// ReadSegment implements store.RecordReader.
func (s *Store) ReadSegment(
	ctx context.Context, tenant, dataset, index, id string, p []byte, offset int64,
) (int, error) {
	if err := s.rlock(ctx); err != nil {
		return 0, err
	}
	defer s.mu.RUnlock()
	for _, one := range s.collection(tenant, dataset).segments[index] {
		if one.ID == id {
			return bytes.NewReader(one.data).ReadAt(p, offset)
		}
	}
	return 0, noSegment(id)
}

// PutSegment implements store.Records.
func (s *Store) PutSegment(
	ctx context.Context, tenant, dataset, index string, put convo.Segment, data []byte, instead []string,
) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	c := s.collections[key{tenant, dataset}]
	if c == nil {
		return noDataset(dataset)
	}
	if err := store.CheckSegment(put, c.Collection); err != nil {
		return err
	}
	put.Size = int64(len(data))
	list := slices.DeleteFunc(slices.Clone(c.segments[index]), func(one segment) bool {
		return one.ID == put.ID || slices.Contains(instead, one.ID)
	})
	list = append(list, segment{put, append([]byte{}, data...)})
	slices.SortFunc(list, func(a, b segment) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	c.segments[index] = list
	return nil
}

// PruneRecords implements store.Records. What is gone has left nothing here.
func (s *Store) PruneRecords(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, c := range s.collections {
		c.forget()
	}
	return nil
}

func noSegment(id string) error { return convo.Errorf(convo.NotFound, "there is no segment %q", id) }
