package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// frozen is a snapshot: one connection whose transaction has begun and does not
// end before the snapshot. While it is open, checkpoints cannot go beyond it, so
// the write-ahead log grows with all that is written; it gets small again at the
// first checkpoint after that.
type frozen struct {
	reader
	conn   *sqlite.Conn
	turn   chan struct{}   // holds a value while the connection is lent
	life   context.Context // ends when the snapshot is closed: reads that run are broken off
	end    context.CancelFunc
	closed sync.Once
	err    error  // of the close
	after  func() // called when the connection is closed
}

var _ store.Snapshot = (*frozen)(nil)

// freeze begins a snapshot on a connection, which is its own from then on. It
// has its own index of the open deltas: that of the store goes on.
func freeze(ctx context.Context, conn *sqlite.Conn, texts *unpacker, after func()) (*frozen, error) {
	f := &frozen{
		conn: conn, turn: make(chan struct{}, 1), after: after,
		reader: reader{pieces: newPieces(), texts: texts},
	}
	f.lender = f
	// Its life is not that of the call which makes it.
	f.life, f.end = context.WithCancel(context.WithoutCancel(ctx))
	err := f.lend(ctx, func(conn *sqlite.Conn) error {
		if err := ask(conn, `BEGIN`).exec(); err != nil {
			return err
		}
		return f.pieces.load(conn)
	})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lend implements lender. A read that is broken off does not end the transaction.
func (f *frozen) lend(ctx context.Context, fn func(*sqlite.Conn) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.life, cancel)()
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return f.error(ctx, ctx.Err())
	}
	f.conn.SetInterrupt(ctx.Done())
	err := fn(f.conn)
	f.conn.SetInterrupt(nil)
	return f.error(ctx, err)
}

// error says why a read was broken off, if it was.
func (f *frozen) error(ctx context.Context, err error) error {
	if _, public := errors.AsType[*convo.Error](err); err == nil || public {
		return err
	}
	if f.life.Err() != nil {
		return convo.Errorf(convo.Unavailable, "the snapshot was closed")
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sqlite: read: %w", context.Cause(ctx))
	}
	return err
}

const (
	firstTenant = `
		SELECT min(tenant) FROM (
			SELECT min(tenant) AS tenant FROM conversations
			UNION ALL SELECT min(tenant) FROM objects
			UNION ALL SELECT min(tenant) FROM collections WHERE dataset IS NOT NULL) HAVING min(tenant) IS NOT NULL`
	nextTenant = `
		SELECT min(tenant) FROM (
			SELECT min(tenant) AS tenant FROM conversations WHERE tenant > ?1
			UNION ALL SELECT min(tenant) FROM objects WHERE tenant > ?1
			UNION ALL SELECT min(tenant) FROM collections WHERE dataset IS NOT NULL AND tenant > ?1) HAVING min(tenant) IS NOT NULL`
)

// Tenants implements store.Snapshot. It looks for each next one, because there
// are few of them and many conversations.
func (f *frozen) Tenants(ctx context.Context) (list []string, err error) {
	err = f.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, firstTenant)
		for {
			found, err := q.one(func(q *query) { list = append(list, q.readText()) })
			if err != nil || !found {
				return err
			}
			q = ask(conn, nextTenant).text(list[len(list)-1])
		}
	})
	return list, err
}

// Close implements store.Snapshot.
func (f *frozen) Close() error {
	f.closed.Do(func() {
		f.end()
		f.turn <- struct{}{} // waits for the read that runs, and stays
		if !f.conn.AutocommitEnabled() {
			f.err = ask(f.conn, `ROLLBACK`).exec()
		}
		f.err = errors.Join(f.err, f.conn.Close())
		f.after()
	})
	return f.err
}

// snapshots are those of a store that are open.
type snapshots struct {
	mu    sync.Mutex // guards what is below
	open  map[*frozen]bool
	count int // with those that are being opened
}

// Snapshot implements store.Store.
func (s *Store) Snapshot(ctx context.Context) (store.Snapshot, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.updates.Done()
	if err := s.snapshots.reserve(); err != nil {
		return nil, err
	}
	conn, err := openReader(s.path)
	if err != nil {
		s.snapshots.release(nil)
		return nil, err
	}
	var f *frozen
	f, err = freeze(ctx, conn, s.texts, func() { s.snapshots.release(f) })
	if err != nil {
		return nil, err
	}
	s.snapshots.add(f)
	return f, nil
}

func (s *snapshots) reserve() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count >= store.MaxSnapshots {
		return convo.Errorf(convo.Unavailable, "too many snapshots are open: try again when another export has ended")
	}
	s.count++
	return nil
}

func (s *snapshots) add(f *frozen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	put(&s.open, f, true)
}

func (s *snapshots) release(f *frozen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, f)
	s.count--
}

// close closes all that are open. No more come.
func (s *snapshots) close() error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	var errs []error
	for _, f := range open {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// openReader opens a connection that reads only.
func openReader(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open the data for reading: %w", err)
	}
	if err := prepareReader(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
