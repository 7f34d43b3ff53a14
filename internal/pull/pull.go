// Package pull reads the conversations of another server through its public
// API, that of ChatBotKit, and makes an archive of them: the hosted service's,
// or another Parley's.
//
// The API shows less than a log has, so what comes is one event a message, in
// the order of the server's list. Times and fields are kept, and ids where they
// are of a kind that stands in an address; another id is replaced by one that is
// made from it, always the same. Where the time of a message's last change is
// not that of its creation, an event that changes nothing keeps it, and another
// keeps that of the conversation. Votes come too from servers that show them.
//
// What is there already is not read again. Because a conversation's last change
// is kept, one that has changed since it was pulled, here or there, is known by
// that time, and left alone.
//
// A pull goes easy on the server: it reads a few conversations at once, and
// waits when it is told to. When it fails, the archive has what was read whole.
package pull

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
)

const (
	// pageSize is how much of a list is asked for at once. Servers have a bound.
	pageSize = 100
	// ahead is how many conversations are read at once.
	ahead = 4
	// Retries is how often a request may be made again. The waits in between
	// make about half a minute, or what the server says.
	Retries = 10
)

// Options say what a pull may leave out, and who watches it. All may be nil.
type Options struct {
	// Updated gives the times of the last change of conversations that are here.
	Updated func(ctx context.Context, ids []string) (map[string]time.Time, error)
	// Moved is told what was done so far, after each conversation.
	Moved func(Result)
}

// Result is what a pull did, in conversations.
type Result struct {
	Read    int       // and written to the archive
	Skipped int       // here already, unchanged
	Changed []Problem // here already, and changed here or there since
	Refused []Problem // with something that cannot be kept
	Votes   bool      // the server shows votes
}

// Problem says why a conversation was left alone.
type Problem struct{ Conversation, Text string }

// Pull writes an archive of all conversations that the client's token may see,
// oldest first. An error is the server's, or that of w.
func Pull(ctx context.Context, c *client.Client, w io.Writer, o Options) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &puller{client: c, options: o, out: archive.NewWriter(w)}
	p.votes.Store(true)
	reads := make(chan *reading, ahead-1)
	var group sync.WaitGroup
	var failed error
	group.Go(func() {
		defer close(reads)
		failed = p.list(ctx, reads, &group)
	})
	err := p.write(ctx, reads)
	cancel()
	for range reads { // the list must not wait for a reader that has left
	}
	group.Wait()
	if err == nil {
		err = failed
	}
	p.result.Votes = p.votes.Load()
	return p.result, errors.Join(err, p.out.Close())
}

type puller struct {
	client  *client.Client
	options Options
	out     *archive.Writer
	votes   atomic.Bool // the server shows votes, as far as is known
	result  Result
}

// reading is a conversation that is being read, or whose outcome is known.
type reading struct {
	id     string
	events []convo.Event
	note   func(*Result) // instead of events
	err    error
	done   chan struct{}
}

// list begins to read conversation after conversation.
func (p *puller) list(ctx context.Context, reads chan<- *reading, group *sync.WaitGroup) error {
	var batch []client.Conversation
	for found, err := range p.client.Conversation.All(ctx, client.ListRequest{Take: pageSize, Order: client.Ascending}) {
		if err != nil {
			return errors.Join(p.begin(ctx, batch, reads, group), err)
		}
		if batch = append(batch, found); len(batch) == pageSize {
			if err := p.begin(ctx, batch, reads, group); err != nil {
				return err
			}
			batch = nil
		}
	}
	return p.begin(ctx, batch, reads, group)
}

// begin finds out what of a batch is here, and begins to read the rest.
func (p *puller) begin(ctx context.Context, batch []client.Conversation, reads chan<- *reading, group *sync.WaitGroup) error {
	ids := make([]string, 0, len(batch))
	for _, c := range batch {
		ids = append(ids, keptID(c.ID))
	}
	var here map[string]time.Time
	if p.options.Updated != nil && len(ids) > 0 {
		var err error
		if here, err = p.options.Updated(ctx, ids); err != nil {
			return err
		}
	}
	for i, c := range batch {
		r := &reading{id: ids[i], done: make(chan struct{})}
		if at, ok := here[r.id]; ok {
			r.note = known(c, at)
		}
		select {
		case reads <- r:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.note != nil {
			close(r.done)
			continue
		}
		group.Go(func() {
			defer close(r.done)
			r.events, r.err = p.read(ctx, c)
		})
	}
	return nil
}

// known says what becomes of a conversation that is here.
func known(c client.Conversation, here time.Time) func(*Result) {
	if c.UpdatedAt.IsZero() || c.UpdatedAt.Equal(here) {
		return func(r *Result) { r.Skipped++ }
	}
	return func(r *Result) {
		r.Changed = append(r.Changed, Problem{c.ID,
			"it is here already, and was changed here or there since: delete it here to pull it again"})
	}
}

// write writes what was read, in the order of the list.
func (p *puller) write(ctx context.Context, reads <-chan *reading) error {
	for r := range reads {
		select {
		case <-r.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		switch {
		case r.note != nil:
			r.note(&p.result)
		case gone(r.err):
			p.result.Refused = append(p.result.Refused, Problem{r.id, "its messages are not found: it may have been deleted just now"})
		case convo.ErrorKind(r.err) == convo.Invalid:
			p.result.Refused = append(p.result.Refused, Problem{r.id, r.err.Error()})
		case r.err != nil:
			return r.err
		default:
			if err := p.add(r); err != nil {
				return err
			}
			p.result.Read++
		}
		if p.options.Moved != nil {
			p.options.Moved(p.result)
		}
	}
	return nil
}

func (p *puller) add(r *reading) error {
	if err := p.out.Begin(r.id); err != nil {
		return err
	}
	for _, e := range r.events {
		if err := p.out.Add(e); err != nil {
			return err
		}
	}
	return nil
}

// read reads one conversation.
func (p *puller) read(ctx context.Context, c client.Conversation) ([]convo.Event, error) {
	l := newLog(c)
	for m, err := range p.client.Conversation.Message.All(ctx, c.ID, client.ListRequest{Take: pageSize, Order: client.Ascending}) {
		if err != nil {
			return nil, err
		}
		if err := l.message(m); err != nil {
			return nil, err
		}
	}
	if p.votes.Load() {
		if err := p.readVotes(ctx, c.ID, l); err != nil {
			return nil, err
		}
	}
	return l.events(), nil
}

// readVotes reads the votes out of the conversation's log, which servers of
// other makes do not show. Its messages were listed just now: so it is the
// operation that is not found, not the conversation.
func (p *puller) readVotes(ctx context.Context, id string, l *log) error {
	for event, err := range p.client.Conversation.EventStream(ctx, id, client.EventStreamRequest{}) {
		if gone(err) || refused(err, http.StatusMethodNotAllowed, http.StatusNotImplemented) {
			p.votes.Store(false)
			return nil
		}
		if err != nil {
			return err
		}
		if vote, ok := event.(client.RatingEvent); ok {
			l.vote(vote)
		}
	}
	return nil
}

func gone(err error) bool { return refused(err, http.StatusNotFound) }

// refused reports whether the server answered with one of these statuses.
func refused(err error, statuses ...int) bool {
	answer, ok := errors.AsType[*client.Error](err)
	if !ok {
		return false
	}
	for _, status := range statuses {
		if answer.Status == status {
			return true
		}
	}
	return false
}
