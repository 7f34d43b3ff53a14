package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of the pages in which a store is read. A page of events is as long
// as the one before it suggests.
const (
	firstPage = 16 // all of them may be long
	pageSize  = 1000
	pageBytes = 4 << 20
)

// Export writes everything of a tenant to w, the values of secrets only with
// values. If total is not nil, it is told beforehand how many conversations
// come, which takes a pass over them.
func Export(ctx context.Context, s store.Store, tenant string, w io.Writer, total func(int), values *Values) (err error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if total != nil {
		n, err := count(ctx, snapshot, tenant)
		if err != nil {
			return err
		}
		total(n)
	}
	out := archive.NewWriter(w)
	carrier, err := exportObjects(ctx, snapshot, tenant, out, values)
	if err != nil {
		return err
	}
	for id, err := range conversations(ctx, snapshot, tenant) {
		if err != nil {
			return err
		}
		if err := out.Begin(id); err != nil {
			return err
		}
		for e, err := range events(ctx, snapshot, tenant, id) {
			if err != nil {
				return fmt.Errorf("conversation %q: %w", id, err)
			}
			if err := out.Add(e); err != nil {
				return err
			}
		}
		if err := exportVault(ctx, snapshot, tenant, id, carrier, out); err != nil {
			return err
		}
	}
	return out.Close()
}

// exportObjects begins the archive, with all that comes before the conversations,
// and gives what seals the values in it.
func exportObjects(
	ctx context.Context, r store.Reader, tenant string, out *archive.Writer, values *Values,
) (*carrier, error) {
	knowledge, err := hasKnowledge(ctx, r, tenant, values != nil)
	if err != nil {
		return nil, err
	}
	carrier, err := values.begin(out, knowledge)
	if err != nil {
		return nil, err
	}
	datasets := []string{convo.MemoryDataset}
	for o, err := range objects(ctx, r, tenant) {
		if err == nil {
			o, err = carrier.out(o)
		}
		if err != nil {
			return nil, err
		}
		if err := errors.Join(out.AddObject(o), exportContent(ctx, r, o, out)); err != nil {
			return nil, err
		}
		if o.Kind() == convo.ObjectDataset {
			datasets = append(datasets, o.ID)
		}
	}
	for _, dataset := range datasets {
		if err := exportRecords(ctx, r, tenant, dataset, out); err != nil {
			return nil, err
		}
	}
	return carrier, nil
}

func count(ctx context.Context, r store.Reader, tenant string) (n int, err error) {
	for _, err := range conversations(ctx, r, tenant) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// conversations gives the ids of a tenant's conversations by their creation,
// those of one moment by their ids. Drivers may order these differently, and an
// archive must not tell where it was written.
func conversations(ctx context.Context, r store.Reader, tenant string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		q := store.ConversationQuery{Limit: pageSize}
		var moment []string // the ids of those created at q.After
		for {
			page, err := r.Conversations(ctx, tenant, q)
			if err != nil {
				yield("", err)
				return
			}
			for _, c := range page {
				if !c.Created.Equal(q.After.Created) {
					if !yieldSorted(moment, yield) {
						return
					}
					moment = moment[:0]
				}
				moment = append(moment, c.ID)
				q.After = store.Position{Created: c.Created, ID: c.ID}
			}
			if len(page) < q.Limit {
				yieldSorted(moment, yield)
				return
			}
		}
	}
}

func yieldSorted(ids []string, yield func(string, error) bool) bool {
	slices.Sort(ids)
	for _, id := range ids {
		if !yield(id, nil) {
			return false
		}
	}
	return true
}

// events gives the log of a conversation as an archive has it: with the ends of
// what is open.
func events(ctx context.Context, r store.Reader, tenant, id string) iter.Seq2[convo.Event, error] {
	return func(yield func(convo.Event, error) bool) {
		var cut engine.Interruption
		limit := firstPage
		for after := int64(0); ; {
			page, err := r.Events(ctx, tenant, id, after, limit)
			if err != nil {
				yield(convo.Event{}, err)
				return
			}
			bytes := 1
			for _, e := range page {
				cut.Follow(e)
				if !yield(e, nil) {
					return
				}
				after = e.Seq
				bytes += e.Size()
			}
			if len(page) < limit {
				break
			}
			limit = max(1, min(4*limit, limit*pageBytes/bytes, pageSize))
		}
		for _, e := range cut.Events() {
			if !yield(e, nil) {
				return
			}
		}
	}
}
