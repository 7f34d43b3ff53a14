package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
)

// EventsRequest says which page of a log to read.
type EventsRequest struct {
	After int64 // the events behind this number; 0 = from the beginning
	Take  int   // at most so many; 0 = the server's choice
}

// EventPage is a page of a log. Cursor is the number to go on after.
type EventPage struct {
	Items  []Event
	Cursor int64
}

// Events reads a page of the conversation's log, oldest first. It works only
// with Parley.
func (s *ConversationService) Events(ctx context.Context, id string, in EventsRequest, options ...Option) (*EventPage, error) {
	r, err := eventsRequest(id, in.After, false)
	if err == nil {
		r.accept = typeJSON
		if in.Take != 0 {
			r.query.Set("take", strconv.Itoa(in.Take))
		}
	}
	var out struct {
		Items  []line `json:"items"`
		Cursor string `json:"cursor"`
	}
	if err := s.client.call(ctx, r, err, &out, options); err != nil {
		return nil, err
	}
	page := &EventPage{Items: make([]Event, 0, len(out.Items))}
	if page.Cursor, err = strconv.ParseInt(out.Cursor, 10, 64); err != nil {
		return nil, &malformedError{err}
	}
	for _, l := range out.Items {
		event, err := l.event()
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, event)
	}
	return page, nil
}

// EventStreamRequest says from where to read a log, and whether to go on with
// what happens then.
type EventStreamRequest struct {
	After int64
	Live  bool
}

// EventStream reads the conversation's log to its end, or with Live until the
// caller leaves, the context ends or the conversation is deleted, which a
// [ConversationDeletedEvent] tells. A lost connection is made anew, and every
// event is given once. It works only with Parley.
//
// Several events may stand for one entry of the log, of which only the last has
// a number: who wants to go on later, from another process, drops those behind
// the last number and passes that one as After.
func (s *ConversationService) EventStream(ctx context.Context, id string, in EventStreamRequest, options ...Option) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		settings, err := s.client.with(options)
		if err != nil {
			yield(nil, err)
			return
		}
		l := &logReader{s: settings, conversation: id, live: in.Live, seq: in.After}
		l.give = func(e Event) bool { return yield(e, nil) }
		if err := l.run(ctx); err != nil && !errors.Is(err, errLeft) {
			yield(nil, err)
		}
	}
}

// logReader follows a log over as many connections as it takes. It knows a line
// as a [turnReader] does.
type logReader struct {
	s            *settings
	conversation string
	live         bool
	give         func(Event) bool

	seq   int64
	since int
}

func (r *logReader) run(ctx context.Context) error {
	for try := 0; ; try++ {
		before := r.seq
		request, err := eventsRequest(r.conversation, r.seq, r.live)
		if err != nil {
			return err
		}
		if err = r.connect(ctx, request); err == nil {
			return nil
		}
		if r.seq > before {
			try = 0
		}
		if errors.Is(err, errLeft) || try >= r.s.resumes || !r.s.retryable(ctx, request, err) {
			return err
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// connect reads over one connection. It returns nil at the end of the log.
func (r *logReader) connect(ctx context.Context, request *request) error {
	c, err := r.s.open(ctx, func(ctx context.Context) (*http.Response, error) { return r.s.once(ctx, request) })
	if err != nil {
		return err
	}
	defer c.close()
	c.watch()
	for skip := r.since; ; {
		l, err := c.lines.next()
		switch {
		case errors.Is(err, io.EOF) && r.live:
			return &cutError{io.ErrUnexpectedEOF}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case l.Type == EventError && l.Turn == "":
			return endOfLog(l)
		case skip > 0 && l.Seq == 0:
			skip--
			continue
		}
		if err := r.take(l); err != nil || l.Type == EventConversationDeleted {
			return err
		}
	}
}

// take gives the event of a line.
func (r *logReader) take(l line) error {
	event, err := l.event()
	if err != nil {
		return err
	}
	r.since++
	if l.Seq > 0 {
		r.seq, r.since = l.Seq, 0
		r.s.parley.Store(true)
	}
	if !r.give(event) {
		return errLeft
	}
	return nil
}
