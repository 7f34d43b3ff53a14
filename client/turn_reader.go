package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// errLeft says that the caller has read enough.
var errLeft = errors.New("left")

// turnReader follows a turn over as many connections as it takes: by its own
// request until a number of the log is known, and from then on by the log.
// Every event is given once.
//
// One event of the log may be several lines, of which only the last one carries
// its number. So a line is known by the number before it and by how many lines
// ago that was, and both are the same in the turn's own stream and in the log.
type turnReader struct {
	s       *settings
	request *request
	give    func(Event) bool

	seq    int64       // of the last line with a number that was given
	since  int         // how many lines were given after that one
	turn   string      // known once the log was read
	opened bool        // the latest connection was
	failed *ErrorEvent // what the server said of a failure
	result *Result
}

// stream makes the stream of a request for a turn.
func (c *Client) stream(ctx context.Context, r *request, err error, options []Option) *Stream {
	return &Stream{run: func(give func(Event) bool) error {
		if err != nil {
			return err
		}
		s, err := c.with(options)
		if err != nil {
			return err
		}
		r.accept = typeLines
		t := &turnReader{s: s, request: r, give: give}
		return t.run(ctx)
	}}
}

// run reads until the result.
func (t *turnReader) run(ctx context.Context) error {
	for try := 0; ; try++ {
		before := t.seq
		err := t.connect(ctx)
		switch {
		case errors.Is(err, errLeft):
			return nil
		case t.result != nil:
			return t.result.Err()
		case t.seq > before:
			try = 0 // it got on
		case try == 0 && !t.opened:
			return err // its tries are used up
		}
		if try >= t.s.resumes || !t.resumable(ctx, err) {
			return t.final(err)
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

// final is the error that the caller gets. What the server said of a failure
// says more than the missing result.
func (t *turnReader) final(err error) error {
	if _, cut := errors.AsType[*cutError](err); cut && t.failed != nil {
		return &Error{Status: http.StatusOK, Code: t.failed.Code, Message: t.failed.Message}
	}
	return err
}

// resumable reports whether to go on after err can leave nothing out and do
// nothing twice. Without a number there is a way only as long as nothing was
// given, for servers that join a repeat by its key. A turn without a
// conversation has ended with its connection.
func (t *turnReader) resumable(ctx context.Context, err error) bool {
	if t.request.conversation == "" || t.seq == 0 && t.since > 0 {
		return false
	}
	return t.s.retryable(ctx, t.request, err)
}

// connect follows the turn over one connection.
func (t *turnReader) connect(ctx context.Context) error {
	resumed := t.seq > 0
	t.opened = false
	begin := t.s.begin(t.request)
	if resumed {
		begin = t.log
	}
	c, err := t.s.open(ctx, begin)
	if err != nil {
		return err
	}
	defer func() {
		if t.result != nil && !resumed { // a log goes on
			c.finish()
		}
		c.close()
	}()
	t.opened = true
	if t.s.parley.Load() {
		c.watch()
	}
	take := t.own
	if resumed {
		take = t.logged()
	}
	for t.result == nil {
		l, err := c.lines.next()
		if errors.Is(err, io.EOF) {
			return &cutError{io.ErrUnexpectedEOF}
		}
		if err != nil {
			return err
		}
		if err := take(l); err != nil {
			return err
		}
		if t.seq > 0 {
			c.watch()
		}
	}
	return nil
}

// log reads the conversation's log. While the turn is not known, the last line
// that was given is read again: it names it.
func (t *turnReader) log(ctx context.Context) (*http.Response, error) {
	after := t.seq
	if t.turn == "" {
		after--
	}
	r, err := eventsRequest(t.request.conversation, after, true)
	if err != nil {
		return nil, err
	}
	return t.s.once(ctx, r)
}

// eventsRequest asks for a conversation's log as lines.
func eventsRequest(conversation string, after int64, live bool) (*request, error) {
	path, err := conversationPath(conversation, "events")
	if err != nil {
		return nil, err
	}
	query := url.Values{"after": {strconv.FormatInt(after, 10)}}
	if live {
		query.Set("live", "true")
	}
	r, err := get(path, query)
	r.accept, r.conversation = typeLines, conversation
	return r, err
}

// logged gives what takes the lines of the log, which holds other turns and
// other kinds of events too, and at first what was given already.
func (t *turnReader) logged() func(line) error {
	skip := t.since
	return func(l line) error {
		switch {
		case l.Turn == "" && (l.Type == EventError || l.Type == EventConversationDeleted):
			return endOfLog(l)
		case t.turn == "" && l.Seq == t.seq && l.Turn != "":
			t.turn = l.Turn
			return nil
		case t.turn == "" && l.Seq >= t.seq:
			return &malformedError{errors.New("its log does not name the turn")}
		case t.turn == "" || l.Turn != t.turn || !ownKind(l):
			return nil
		case skip > 0 && l.Seq == 0:
			skip--
			return nil
		}
		return t.own(l)
	}
}

// ownKind reports whether a turn's own stream shows such lines too.
func ownKind(l line) bool {
	switch l.Type {
	case EventTurnBegin, EventMessageUpdated, EventMessageDeleted, EventRating, EventConversationUpdated, EventRestarted:
		return false
	case EventMessage:
		event, err := l.event()
		message, ok := event.(MessageEvent)
		return err == nil && ok && message.Message.Type != MessageUser
	}
	return true
}

// endOfLog is the error that a last line of a log stands for.
func endOfLog(l line) error {
	event, err := l.event()
	if err != nil {
		return err
	}
	if e, ok := event.(ErrorEvent); ok {
		return &Error{Status: http.StatusOK, Code: e.Code, Message: e.Message}
	}
	return &Error{Status: http.StatusNotFound, Code: CodeNotFound, Message: "the conversation was deleted"}
}

// own takes a line of the turn and gives its event.
func (t *turnReader) own(l line) error {
	event, err := l.event()
	if err != nil {
		return err
	}
	t.since++
	if l.Seq > 0 {
		t.seq, t.since = l.Seq, 0
		t.s.parley.Store(true)
	}
	left := !t.give(event)
	switch e := event.(type) {
	case ErrorEvent:
		t.failed = &e
	case ResultEvent:
		t.result = &e.Result
	}
	if left {
		return errLeft
	}
	return nil
}
