package chatbotkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// The bounds of a page of events.
const (
	eventsTake  = 1000
	eventsMax   = 10000
	eventsBytes = 8 << 20 // of lines in one object; the cursor says where it ended
	eventsFirst = 8       // how many are read at first
	eventsRead  = 50      // and later, at most
)

// eventsQuery is what part of a log was asked for.
type eventsQuery struct {
	after int64
	take  int64 // 0 = all there is
	live  bool
	size  pace
}

// The parameters of a log.
var (
	eventsAfter = httpio.IntParam("after", 0, math.MaxInt64, 0, "The number that was seen last: the log is given from the next one on.")
	eventsCount = httpio.IntParam("take", 1, eventsMax, 0,
		fmt.Sprintf("How many events. Unless given, %d as JSON, and all there are as JSON Lines.", eventsTake))
	eventsLive = httpio.BoolParam("live", "Stay and send what happens from now on. Needs the header Accept: application/jsonl.")
)

func (c *call) eventsQuery() (q eventsQuery, err error) {
	q.size = eventsFirst
	if q.after, err = param(c, eventsAfter); err != nil {
		return q, err
	}
	if q.take, err = param(c, eventsCount); err != nil {
		return q, err
	}
	q.live, err = param(c, eventsLive)
	if err == nil && q.live && !c.lines {
		err = convo.Errorf(convo.Invalid, "live needs the header Accept: application/jsonl")
	}
	return q, err
}

func readEvents(c *call) error {
	q, err := c.eventsQuery()
	switch {
	case err != nil:
		return err
	case c.lines:
		return c.streamEvents(q)
	}
	return c.eventPage(q)
}

// errEnough ends a live stream that has sent as many events as were asked for.
var errEnough = errors.New("enough events")

// streamEvents sends the log as lines, and goes on live if asked to.
func (c *call) streamEvents(q eventsQuery) error {
	events, last, err := c.nextEvents(&q)
	if err != nil {
		return err
	}
	out := httpio.StreamLines(c.w)
	defer out.Close()
	s := &eventStream{eventsQuery: q, out: out, view: newLogView(c), c: c}
	err = s.replay(events, last)
	if err == nil && q.live {
		err = s.follow()
	}
	switch {
	case errors.Is(err, errEnough):
		return nil
	case convo.ErrorKind(err) == convo.Unauthenticated:
		return out.End(errorLine(err)) // a line, for blanks may stand before it
	case convo.ErrorKind(err) == convo.NotFound: // meanwhile, so it was deleted
		return out.End(deletedLine(c.conversation()))
	}
	return err
}

// eventStream is a log on its way to a reader.
type eventStream struct {
	eventsQuery
	out  *httpio.Stream
	view *logView
	c    *call
}

// replay sends what the log holds now, from a page that was read already.
func (s *eventStream) replay(events []convo.Event, last int64) (err error) {
	for last > s.after {
		if err := s.send(events); err != nil {
			return err
		}
		s.after = last
		events, last, err = s.c.nextEvents(&s.eventsQuery)
		if err != nil {
			return err
		}
	}
	return nil
}

// errTokenEnded ends a live stream whose token works no more.
var errTokenEnded = convo.Errorf(convo.Unauthenticated, "the token works no more; go on reading with another one")

// tokenCheck is how often a live stream looks whether its token still works.
const tokenCheck = 30 * time.Second

// follow sends what comes, for as long as the caller's token works.
func (s *eventStream) follow() error {
	ctx, stop := s.c.whileTokenWorks()
	defer stop()
	err := s.c.engine().Follow(ctx, s.c.actor, s.c.conversation(), s.after, s.send)
	if context.Cause(ctx) == error(errTokenEnded) {
		return errTokenEnded
	}
	return err
}

// whileTokenWorks gives a context for an answer without an end of its own: it
// ends with the request, and when the caller's token stops working, because of
// errTokenEnded; whoever lost the right to read must not read for ever. Looking
// is no attempt: it neither counts among the wrong tokens of the caller's address
// nor is kept from seeing by those that do.
func (c *call) whileTokenWorks() (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(c.r.Context())
	var timer *time.Timer
	check := func() {
		if _, err := c.front.auth.Actor(ctx, secretOf(c.r)); convo.ErrorKind(err) == convo.Unauthenticated {
			cancel(errTokenEnded)
		}
		if ctx.Err() == nil {
			timer.Reset(tokenCheck)
		}
	}
	// Reset starts it, not AfterFunc, so that the variable is set when it fires.
	timer = time.AfterFunc(time.Hour, check)
	timer.Reset(tokenCheck)
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

// send renders events and sends their lines, until there were enough.
func (s *eventStream) send(events []convo.Event) error {
	if s.take > 0 && int64(len(events)) > s.take {
		events = events[:s.take]
	}
	if err := s.view.renderAll(s.c.r.Context(), events); err != nil {
		return err
	}
	if len(s.view.buf) > 0 {
		if err := s.out.Write(s.view.take()); err != nil {
			return err
		}
	}
	if s.take > 0 {
		if s.take -= int64(len(events)); s.take == 0 {
			return errEnough
		}
	}
	return nil
}

// page is how many events to read at once.
func (q *eventsQuery) page() int {
	if q.take > 0 {
		return int(min(q.take, int64(q.size)))
	}
	return int(q.size)
}

// nextEvents reads some events; last is the number of the last one that was
// looked at.
func (c *call) nextEvents(q *eventsQuery) (events []convo.Event, last int64, err error) {
	events, last, err = c.engine().Events(c.r.Context(), c.actor, c.conversation(), q.after, q.page())
	size := 0
	for i := range events {
		size += events[i].Size()
	}
	q.size.weigh(size, eventsRead)
	return events, last, err
}

func errorLine(err error) []byte {
	public := convo.PublicError(err)
	_, code := statusOf(public.Kind)
	line := append([]byte(`{"type":"error","data":`), encode(wireError{public.Message, code})...)
	return append(line, "}\n"...)
}

func deletedLine(conversation string) []byte {
	line := append([]byte(`{"type":"conversationDeleted","data":`), encode(idLine{conversation})...)
	return append(line, "}\n"...)
}

// eventPage answers with a page of the log as one object. It ends early where
// it would become too large; its cursor says where.
func (c *call) eventPage(q eventsQuery) error {
	if q.take == 0 {
		q.take = eventsTake
	}
	view := newLogView(c)
	for q.take > 0 {
		asked := q.page()
		events, last, err := c.nextEvents(&q)
		if err != nil {
			return err
		}
		if last == q.after {
			break
		}
		for i := range events {
			if err := view.render(c.r.Context(), &events[i]); err != nil {
				return err
			}
			if len(view.buf) > eventsBytes {
				return c.answer(pageObject(view.take(), events[i].Seq), false)
			}
		}
		q.after, q.take = last, q.take-int64(asked)
	}
	return c.answer(pageObject(view.take(), q.after), false)
}

// pageObject puts lines into a list.
func pageObject(rendered []byte, last int64) []byte {
	object := []byte(`{"items":[`)
	object = append(object, bytes.ReplaceAll(bytes.TrimSuffix(rendered, []byte{'\n'}), []byte{'\n'}, []byte{','})...)
	object = append(object, `],"cursor":"`...)
	return append(strconv.AppendInt(object, last, 10), `"}`...)
}

type stoppedObject struct {
	ID      string `json:"id"`
	Stopped int    `json:"stopped"`
}

// stop ends the running turn, or the one that is named.
func stop(c *call, in stopRequest) error {
	c.ask.Render = func(result any) []byte {
		stopped, _ := result.(int)
		return encode(stoppedObject{c.conversation(), stopped})
	}
	stopped, err := c.engine().Stop(c.r.Context(), c.actor, c.conversation(), in.Turn, c.ask)
	if err != nil {
		return err
	}
	return c.reply(stopped, false)
}
