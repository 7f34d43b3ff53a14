package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

const (
	maxQueue = 1024 // updates that wait; more wait for a place among them
	maxBatch = 256  // updates in one transaction
	// maxBatchSize is about how many bytes imports may bring into a transaction,
	// beside the one that goes beyond it: the others wait for it.
	maxBatchSize = 1 << 20
)

// writer owns the one connection that writes. It takes everything that waits
// into one transaction, so that many callers share one commit and one sync.
type writer struct {
	conn  *sqlite.Conn
	epoch int64 // how often the machine was restarted

	lastConversation int64
	lastCollection   int64 // no number is given twice, also not after a failure
	heads            *heads
	pieces           *pieces
	packer           *packer
	texts            *unpacker
	full             bool     // the connection syncs its commits
	wrote            bool     // the transaction that runs has certainly written
	unsynced         bool     // the last commit was not synced
	uploads          []string // of files that the update that runs removes

	queue    chan *job
	marks    *marks
	done     chan struct{} // closed when run has returned, with closeErr
	closeErr error

	committed func(updates int)
}

// job is one update that waits.
type job struct {
	key  key
	sync store.Sync
	fn   func(store.Tx) error     // an update of a conversation, or
	do   func(*sqlite.Conn) error // anything else; a *convo.Error is its answer, with nothing written
	size int                      // how many bytes it writes, if they are many

	state  atomic.Int32 // of jobWaiting, …
	done   chan struct{}
	group  *sync.WaitGroup // in place of done, where one goroutine waits for many
	events []convo.Event
	err    error

	uploads []string // that no file has any more
}

// The states of a job. Whoever moves it from waiting decides whether it runs.
const (
	jobWaiting int32 = iota
	jobTaken
	jobCancelled
)

// submit hands a job in and waits for its end. Once the writer has begun with
// it, the wait goes on whatever the context says, so that nothing of the caller
// is used after he has left.
func (w *writer) submit(ctx context.Context, j *job) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("sqlite: update: %w", err)
	}
	j.done = make(chan struct{})
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return fmt.Errorf("sqlite: update: %w", context.Cause(ctx))
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		if j.state.CompareAndSwap(jobWaiting, jobCancelled) {
			return fmt.Errorf("sqlite: update: %w", context.Cause(ctx))
		}
	}
	<-j.done
	return j.err
}

// submitAll hands many jobs in and waits for the end of all.
func (w *writer) submitAll(ctx context.Context, jobs []*job) {
	var group sync.WaitGroup
	for _, j := range jobs {
		if err := context.Cause(ctx); err != nil {
			j.err = fmt.Errorf("sqlite: update: %w", err)
			continue
		}
		j.group = &group
		group.Add(1)
		w.queue <- j
	}
	group.Wait()
}

// end tells whoever waits for a job.
func (j *job) end() {
	if j.group != nil {
		j.group.Done()
		return
	}
	close(j.done)
}

// run writes until the queue is closed, and then what is left in it.
func (w *writer) run() {
	defer close(w.done)
	batch := make([]*job, 0, maxBatch)
	for first := range w.queue {
		batch = w.gather(append(batch[:0], first))
		if len(batch) > 0 {
			w.write(batch)
		}
		clear(batch)
	}
	w.closeErr = w.transact(nil) // what MarkWritten left over
}

// gather takes what else waits, and leaves out what was cancelled.
func (w *writer) gather(batch []*job) []*job {
	runtime.Gosched() // those whom the last commit has woken hand in what comes next
	size := batch[0].size
	for len(batch) < maxBatch && size < maxBatchSize {
		select {
		case j, ok := <-w.queue:
			if ok {
				batch, size = append(batch, j), size+j.size
				continue
			}
		default:
		}
		break
	}
	taken := batch[:0]
	for _, j := range batch {
		if j.state.CompareAndSwap(jobWaiting, jobTaken) {
			taken = append(taken, j)
		}
	}
	return taken
}

// write carries out a batch in one transaction. If the database refuses
// something, each job gets a transaction of its own, so that one does not take
// the others with it.
func (w *writer) write(batch []*job) {
	if err := w.transact(batch); err != nil {
		for i, j := range batch {
			if len(batch) > 1 {
				err = w.transact(batch[i : i+1])
			}
			if err != nil {
				j.events, j.err = nil, explain(err)
			}
		}
	}
	for _, j := range batch {
		j.end()
	}
}

// explain gives an error of the database a text for callers, where there is one:
// a full disk is not a fault of the program, and passes.
func explain(err error) error {
	if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultFull {
		return err
	}
	return &convo.Error{
		Kind: convo.Unavailable, RetryAfter: fullWait,
		Message: "the disk of the server is full, so that nothing can be stored; try again when there is room",
		Cause:   fmt.Errorf("sqlite: %w: %w", store.ErrFull, err),
	}
}

// fullWait is how long callers are told to leave a full disk alone.
const fullWait = 10 * time.Second

// transact carries out jobs in one transaction. The error is the database's:
// then nothing is written.
func (w *writer) transact(batch []*job) (err error) {
	durable := false
	for _, j := range batch {
		durable = durable || j.sync == store.Durable
	}
	if err := w.setSync(durable); err != nil {
		return err
	}
	if err := ask(w.conn, `BEGIN IMMEDIATE`).exec(); err != nil {
		return err
	}
	w.wrote = false
	marks := w.marks.take()
	err = w.inside(batch, marks)
	if err == nil && durable && !w.wrote && w.unsynced {
		err = w.touch()
	}
	if err == nil {
		err = ask(w.conn, `COMMIT`).exec()
	}
	if err != nil {
		w.marks.putBack(marks)
		return errors.Join(err, w.rollBack(batch))
	}
	w.unsynced = !durable
	w.pieces.settle()
	if w.committed != nil && len(batch) > 0 {
		w.committed(len(batch))
	}
	return nil
}

// touch writes something, because a transaction that writes nothing syncs
// nothing, also not what was written before it.
func (w *writer) touch() error {
	return ask(w.conn, `INSERT OR REPLACE INTO settings (name, value) VALUES ('touched', 1)`).exec()
}

func (w *writer) inside(batch []*job, marks []mark) error {
	for _, j := range batch {
		if err := w.execute(j); err != nil {
			return err
		}
	}
	for _, m := range marks {
		if err := writeMark(w.conn, m); err != nil {
			return err
		}
	}
	return w.pieces.purge(w.conn)
}

// execute carries out one job. The error is the database's; what the job's own
// function says is kept in the job.
func (w *writer) execute(j *job) error {
	j.events, j.err, j.uploads = nil, nil, nil
	if j.do != nil {
		j.err = j.do(w.conn)
		if _, answer := errors.AsType[*convo.Error](j.err); answer {
			return nil
		}
		return j.err
	}
	t := &tx{w: w, key: j.key}
	if err := t.begin(); err != nil {
		return err
	}
	if j.err = t.call(j.fn); j.err != nil {
		t.giveUp()
		return nil
	}
	j.events = t.appended
	w.wrote = w.wrote || t.writes()
	w.uploads = nil
	err := t.apply()
	j.uploads = w.uploads
	return err
}

// call calls the function of an update, and makes an error of its panic: it
// must not end the writer, on which everybody waits.
func (t *tx) call(fn func(store.Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqlite: an update panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(t)
}

// rollBack ends a transaction that failed, and forgets what was remembered of it.
func (w *writer) rollBack(batch []*job) error {
	for _, j := range batch {
		w.heads.drop(j.key)
	}
	var err error
	if !w.conn.AutocommitEnabled() { // some errors have rolled back already
		err = ask(w.conn, `ROLLBACK`).exec()
	}
	return errors.Join(err, w.pieces.load(w.conn))
}

// setSync says how far the next commit goes. A sync covers the whole write-ahead
// log, so also what earlier commits left unsynced.
func (w *writer) setSync(full bool) error {
	if w.full == full {
		return nil
	}
	sql := `PRAGMA synchronous = NORMAL`
	if full {
		sql = `PRAGMA synchronous = FULL`
	}
	if err := ask(w.conn, sql).exec(); err != nil {
		return err
	}
	w.full = full
	return nil
}
