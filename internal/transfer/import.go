package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/replay"
)

// The bounds of an import.
const (
	workers     = 32       // conversations at once: those that wait share one commit
	heldBytes   = 64 << 20 // of the archive at once, or one conversation if it is longer
	maxProblems = 100      // that are described; more are only counted
)

// Result is what an import did, conversation by conversation.
type Result struct {
	Imported int // written, or with DryRun would have been
	Skipped  int // there already, with the same content
	Refused  int // left as they were, see Problems
	Events   int // of those that were imported
	Objects  int // bots, datasets, files, … that were written, or would have been
	Records  int // of datasets, and memories, that were written, or would have been
	Values   int // secrets that got their values
	Withheld int // secrets whose values stayed in the archive, because there was no passphrase
	Covered  int // conversations whose placeholders stay, for the same reason
	Problems []Problem
}

// Problem says why a conversation, or an object or record by its kind and id, was refused.
// Text is for the operator.
type Problem struct{ Conversation, Object, Text string }

// Import writes what an archive holds into a tenant, the values of secrets only
// with values; a passphrase that is not the archive's is an error before anything
// is written. With dryRun it only says what it would do. What was done when an
// error comes is in the result too, and is durable.
func Import(ctx context.Context, s store.Store, tenant string, r io.Reader, dryRun bool, values *Values) (Result, error) {
	i := &importer{store: s, tenant: tenant, dryRun: dryRun, values: values, held: newBudget(heldBytes)}
	err := i.run(ctx, r)
	if !dryRun {
		err = errors.Join(err, s.Sync(context.WithoutCancel(ctx))) // what is counted is to stay
	}
	return i.result, err
}

type importer struct {
	store  store.Store
	tenant string
	dryRun bool
	values *Values
	held   *budget

	carrier     *carrier  // set before any worker has work
	file        *incoming // the rest is the reader's alone
	records     []convo.Record
	recordBytes int

	mu     sync.Mutex
	result Result
}

// run reads the archive and lets workers write what comes, until its end or the
// first failure.
func (i *importer) run(ctx context.Context, r io.Reader) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	work := make(chan *archive.Conversation)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for c := range work {
				if err := i.one(ctx, c); err != nil {
					fail(err)
				}
				i.held.release(c.Size())
			}
		})
	}
	err := i.feed(ctx, r, work)
	close(work)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// feed hands on conversation after conversation.
func (i *importer) feed(ctx context.Context, r io.Reader, work chan<- *archive.Conversation) error {
	in := archive.NewReader(r)
	carrier, err := i.values.unlocked(in)
	if err != nil {
		return err
	}
	i.carrier = carrier
	in.Object = func(o convo.Object) error { return i.arrived(ctx, in, o) }
	in.Piece = func(data []byte) error { return i.piece(ctx, data) }
	in.Record = func(r convo.Record) error { return i.record(ctx, r) }
	for {
		c, err := in.Next()
		if failed := i.flush(ctx); failed != nil { // also what came before an error
			return failed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		i.held.acquire(c.Size())
		select {
		case work <- c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// arrived imports an object, or begins with one whose content comes.
func (i *importer) arrived(ctx context.Context, in *archive.Reader, o convo.Object) error {
	value, err := i.carrier.in(o)
	if err != nil {
		return convo.Errorf(convo.Invalid, "line %d: the value of the secret %q is damaged, or belongs to another one", in.Line(), o.ID)
	}
	if o.Sealed != nil && i.carrier == nil {
		i.note(func(r *Result) { r.Withheld++ })
	}
	o.Sealed = nil
	if comes, err := i.expect(ctx, o); comes || err != nil {
		return err
	}
	_, err = i.object(ctx, o, i.carrier, value)
	return err
}

// one imports one conversation. An error ends the whole import; what is wrong
// with the conversation only is noted.
func (i *importer) one(ctx context.Context, c *archive.Conversation) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	events, err := c.Events()
	if err != nil {
		return i.refuse(c.ID, err)
	}
	same, err := i.there(ctx, c.ID, events)
	if convo.ErrorKind(err) == convo.NotFound {
		if err = i.write(ctx, c.ID, events); convo.ErrorKind(err) == convo.Conflict {
			same, err = i.there(ctx, c.ID, events) // somebody else wrote it meanwhile
		}
	}
	if err == nil {
		err = i.vault(ctx, c)
	}
	switch {
	case err != nil:
		return i.refuse(c.ID, err)
	case same:
		i.note(func(r *Result) { r.Skipped++ })
	default:
		i.note(func(r *Result) { r.Imported++; r.Events += len(events) })
	}
	return nil
}

// there compares what the store has with what is to be imported: an error of
// kind Conflict says where they differ, one of NotFound that there is nothing.
func (i *importer) there(ctx context.Context, id string, want []convo.Event) (same bool, err error) {
	n := 0
	for e, err := range events(ctx, i.store, i.tenant, id) {
		if err != nil {
			return false, err
		}
		if n == len(want) || !reflect.DeepEqual(e, want[n]) {
			return false, differs(e.Seq)
		}
		n++
	}
	if n < len(want) {
		return false, differs(want[n].Seq)
	}
	return true, nil
}

func differs(seq int64) error {
	return convo.Errorf(convo.Conflict,
		"it is there already, with other content from event %d on: delete it there if the archive's is the one to keep", seq)
}

func (i *importer) write(ctx context.Context, id string, events []convo.Event) error {
	if i.dryRun {
		_, _, err := replay.Whole(i.tenant, id, events)
		return err
	}
	return i.store.Import(ctx, i.tenant, id, events)
}

// refuse notes a problem of one conversation, and gives back what is none.
func (i *importer) refuse(id string, err error) error {
	switch convo.ErrorKind(err) {
	case convo.Invalid, convo.Conflict:
	default:
		return fmt.Errorf("conversation %q: %w", id, err)
	}
	i.note(func(r *Result) {
		if r.Refused++; len(r.Problems) < maxProblems {
			r.Problems = append(r.Problems, Problem{Conversation: id, Text: convo.PublicError(err).Message})
		}
	})
	return nil
}

func (i *importer) note(change func(*Result)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.result)
}

// Updated gives the times of the last change of those conversations that are
// there.
func Updated(ctx context.Context, r store.Reader, tenant string, ids []string) (map[string]time.Time, error) {
	there := make(map[string]time.Time)
	for _, id := range ids {
		c, err := r.Conversation(ctx, tenant, id)
		if err == nil {
			there[id] = c.Updated
		} else if convo.ErrorKind(err) != convo.NotFound {
			return nil, err
		}
	}
	return there, nil
}

// budget bounds a sum. One that is larger than all of it is let in alone.
type budget struct {
	mu   sync.Mutex
	less sync.Cond
	left int
	all  int
}

func newBudget(n int) *budget {
	b := &budget{left: n, all: n}
	b.less.L = &b.mu
	return b
}

func (b *budget) acquire(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.left < n && b.left < b.all {
		b.less.Wait()
	}
	b.left -= n
}

func (b *budget) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	b.less.Broadcast()
}
