// Package sqlite keeps a server's data in one SQLite database in a folder: the
// driver for one node, which needs nothing installed.
//
// One connection writes, in transactions that take in everything that waits, and
// a pool of others reads; readers and the writer never wait for each other. A
// commit is synced to the disk when one of its updates asked for it, and that
// sync covers all commits before it. Which tables there are, and what for, is
// said in migrations/.
//
// The folder belongs to one process at a time, which a lock sees to: what the
// writer remembers would be wrong if somebody else wrote.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// Options are what a store can be told. The zero value is what servers use.
type Options struct {
	// Boot names the time since the machine was started. If it is not what it
	// was when the data was last open, conversations skip numbers that may have
	// been lost with the power. "" asks the system; systems that do not say are
	// taken to run for ever.
	Boot string
	// Committed is told after each commit how many updates shared it. The writer
	// waits for it; nil = nobody is told.
	Committed func(updates int)
}

// Store is an open data folder. Open makes one.
type Store struct {
	reader
	path      string
	lock      *os.File
	readers   *pool
	writer    *writer
	marks     *marks
	snapshots snapshots
	packers   packers
	writing   writing

	entry   sync.RWMutex // guards closed: held to enter, and by Close to let nobody else
	closed  bool
	updates sync.WaitGroup // those that have entered
}

var _ store.Store = (*Store)(nil)

// Open opens the data in a folder, and makes both if they do not exist. It
// brings the data of earlier versions up to date. An error of kind Conflict says
// that another process has the folder open, or that the data is newer than this
// program.
func Open(ctx context.Context, folder string, o Options) (_ *Store, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: make the data folder: %w", err)
	}
	s := &Store{marks: &marks{}, reader: reader{pieces: newPieces(), texts: &unpacker{}}}
	if s.lock, err = lockFolder(folder); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.lock.Close())
		}
	}()
	s.path = filepath.Join(folder, databaseFile)
	if err := makePrivate(s.path); err != nil {
		return nil, err
	}
	if s.writer, err = s.openWriter(ctx, s.path, o); err != nil {
		return nil, err
	}
	if s.readers, err = openPool(s.path); err != nil {
		return nil, errors.Join(err, s.writer.conn.Close())
	}
	s.lender = s.readers
	go s.writer.run()
	return s, nil
}

// databaseFile is the name of the database in a data folder.
const databaseFile = "parley.db"

// makePrivate makes an empty database that only its owner may read, in a folder
// too that was there before and that others may enter. SQLite gives the files
// beside it the same mode.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: open the data: %w", err)
	}
	return file.Close()
}

// busyTimeout is how long a connection waits for another one's lock. Only a
// recovery of the write-ahead log and tools from outside hold one at all.
const busyTimeout = 10 * time.Second

// openWriter opens the connection that writes, and makes everything ready for it.
func (s *Store) openWriter(ctx context.Context, path string, o Options) (*writer, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open the data: %w", err)
	}
	packer, err := newPacker()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w := &writer{
		conn: conn, heads: newHeads(), pieces: s.pieces, marks: s.marks, packer: packer, texts: s.texts,
		queue: make(chan *job, maxQueue), done: make(chan struct{}), committed: o.Committed,
	}
	conn.SetInterrupt(ctx.Done())
	err = w.prepare(o)
	conn.SetInterrupt(nil)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *writer) prepare(o Options) error {
	w.conn.SetBusyTimeout(busyTimeout) // before anything that may have to wait
	if err := secure(w.conn); err != nil {
		return err
	}
	if err := migrate(w.conn); err != nil {
		return err
	}
	if err := ask(w.conn, `BEGIN IMMEDIATE`).exec(); err != nil {
		return err
	}
	if err := w.load(o); err != nil {
		return errors.Join(err, ask(w.conn, `ROLLBACK`).exec())
	}
	return ask(w.conn, `COMMIT`).exec()
}

// secure sets what decides how safely and how fast the connection writes.
// Levels of synchronous are set with each transaction.
func secure(conn *sqlite.Conn) error {
	for _, pragma := range []string{
		`PRAGMA journal_mode = WAL`,
		`PRAGMA synchronous = NORMAL`,
		`PRAGMA fullfsync = ON`, // macOS: its fsync alone does not reach the disk
		`PRAGMA checkpoint_fullfsync = ON`,
		`PRAGMA wal_autocheckpoint = 4096`,     // pages; fewer would write the same ones again and again
		`PRAGMA journal_size_limit = 33554432`, // what a long read made of the log does not stay
		`PRAGMA cache_size = -16384`,
		`PRAGMA secure_delete = FAST`, // what was deleted does not stay in pages that are written anyway
	} {
		if err := ask(conn, pragma).exec(); err != nil {
			return err
		}
	}
	return nil
}

// load finds out what the writer has to remember.
func (w *writer) load(o Options) error {
	_, err := ask(w.conn, `SELECT coalesce(max(id), 0) FROM conversations`).
		one(func(q *query) { w.lastConversation = q.readInt() })
	if err != nil {
		return err
	}
	_, err = ask(w.conn, `SELECT seq FROM sqlite_sequence WHERE name = 'collections'`).
		one(func(q *query) { w.lastCollection = q.readInt() })
	if err != nil {
		return err
	}
	if w.epoch, err = readEpoch(w.conn, o); err != nil {
		return err
	}
	if err := w.pieces.load(w.conn); err != nil {
		return err
	}
	return w.pieces.purgeNow(w.conn)
}

// Update implements store.Log.
func (s *Store) Update(
	ctx context.Context, tenant, conversation string, sync store.Sync, fn func(store.Tx) error,
) ([]convo.Event, error) {
	j := &job{key: key{tenant, conversation}, sync: sync, fn: fn}
	if err := s.submit(ctx, j); err != nil {
		return nil, err
	}
	s.dropLeft(ctx, j.uploads)
	return j.events, nil
}

// UpdateAll implements store.Log.
func (s *Store) UpdateAll(ctx context.Context, changes []*store.Change) {
	if err := s.enter(); err != nil {
		for _, c := range changes {
			c.Err = err
		}
		return
	}
	defer s.updates.Done()
	jobs := make([]*job, len(changes))
	for i, c := range changes {
		jobs[i] = &job{key: key{c.Tenant, c.Conversation}, sync: c.Sync, fn: c.Fn}
	}
	s.writer.submitAll(ctx, jobs)
	for i, c := range changes {
		c.Events, c.Err = jobs[i].events, jobs[i].err
		if c.Err == nil {
			s.dropLeft(ctx, jobs[i].uploads)
		}
	}
}

// do carries out what does not belong to a conversation.
func (s *Store) do(ctx context.Context, sync store.Sync, fn func(*sqlite.Conn) error) error {
	return s.submit(ctx, &job{sync: sync, do: fn})
}

func (s *Store) submit(ctx context.Context, j *job) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.updates.Done()
	return s.writer.submit(ctx, j)
}

// enter begins something that Close waits for.
func (s *Store) enter() error {
	s.entry.RLock()
	defer s.entry.RUnlock()
	if s.closed {
		return errClosed()
	}
	s.updates.Add(1)
	return nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.entry.Lock()
	already := s.closed
	s.closed = true
	s.entry.Unlock()
	if already {
		return nil
	}
	s.updates.Wait()
	close(s.writer.queue)
	<-s.writer.done
	// The readers go first: the last connection folds the log into the database.
	return errors.Join(s.writer.closeErr, s.snapshots.close(), s.readers.close(), s.writer.conn.Close(), s.lock.Close())
}
