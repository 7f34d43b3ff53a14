package chatbotkit

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// publishRequest brings a message for a channel.
type publishRequest struct {
	Message channelMessage `json:"message" required:"true" doc:"Any value. One that is no object travels as an object with the member data."`
}

// subscribeRequest says from where a channel is read.
type subscribeRequest struct {
	HistoryLength historyLength `json:"historyLength" doc:"How many messages that were published before come first, up to 100; none unless given. A turn's events come from the first one anyway."`
	After         channelNumber `json:"after" doc:"In place of historyLength: go on behind the line with this seq."`
}

type (
	historySpan struct{}
	numberSpan  struct{}

	historyLength = bounded[historySpan]
	channelNumber = bounded[numberSpan]
)

// maxNumber is the largest whole number that every client can tell from its
// neighbours.
const maxNumber = 1<<53 - 1

func (historySpan) between() (low, high int64) { return 0, maxNumber }
func (numberSpan) between() (low, high int64)  { return 0, maxNumber }

// channelMessage is a JSON value, kept as it was sent. The data of a line is
// always an object, so other values are wrapped; a function that waits for a
// message takes the value out again.
type channelMessage convo.JSON

// DecodeField implements [httpio.Field].
func (m *channelMessage) DecodeField(_ string, value []byte) error {
	if value[0] == '{' {
		*m = slices.Clone(value)
		return nil
	}
	*m = append(append([]byte(`{"data":`), value...), '}')
	return nil
}

// Describe implements [openapi.Describer].
func (*channelMessage) Describe(*openapi.Schemas) *openapi.Schema {
	return &openapi.Schema{Type: openapi.Types{"object", "array", "string", "number", "boolean"}}
}

// channel is the id in the path.
func (c *call) channel() string { return c.match.Param("channelId") }

// publish puts a message on a channel.
func publish(c *call, in publishRequest) error {
	c.rendersID(c.channel())
	if err := c.engine().Publish(c.r.Context(), c.actor, c.channel(), convo.JSON(in.Message), c.ask); err != nil {
		return err
	}
	return c.reply(nil, false)
}

// subscribe sends what is published on a channel, as lines whatever form was
// asked for, until the caller leaves; or the lines of the turn that was dispatched
// to it, until its last one.
func subscribe(c *call, in subscribeRequest) error {
	query := engine.ChannelQuery{History: int(in.HistoryLength.or(0)), After: in.After.Pointer()}
	channel, err := c.engine().Subscribe(c.r.Context(), c.actor, c.channel(), query)
	if err != nil {
		return err
	}
	out := httpio.StreamLines(c.w)
	defer out.Close()
	s := &channelStream{out: out, after: in.After.or(0), lines: lines{link: c.link()}}
	ctx, stop := c.whileTokenWorks()
	defer stop()
	err = errors.Join(s.subscribed(c.channel()), channel.Each(ctx, engine.Subscriber{Messages: s.messages, Events: s.events}))
	if err != nil {
		// There is no line for what went wrong: a stream that ends without an end
		// makes clients come back, and then they are told.
		return httpio.Cut(err)
	}
	return nil
}

// channelStream is a channel on its way to a subscriber.
type channelStream struct {
	out *httpio.Stream
	buf []byte

	after int64 // the last line of a turn that the subscriber has seen
	count int64 // lines of the turn so far
	lines lines
	view  *turnView
}

// subscribed sends the first line.
func (s *channelStream) subscribed(channel string) error {
	s.lines.add(&convo.Event{}, "subscribe", idLine{channel})
	return s.out.Write(s.lines.take())
}

// messages sends messages as lines.
func (s *channelStream) messages(page []convo.Published) error {
	for _, m := range page {
		s.message(m.Message, m.Seq)
	}
	return s.out.Write(s.take())
}

// events sends the lines of a turn, each as a message, numbered from the turn's
// first one on. They are made of the turn's log every time, which gives the same
// lines.
func (s *channelStream) events(conversation string, events []convo.Event) error {
	if s.view == nil {
		s.view = &turnView{conversation: conversation}
	}
	ended := false
	for i := range events {
		s.view.see(&events[i])
		s.lines.turnEvent(&events[i], s.view)
		_, isEnd := events[i].Body.(convo.TurnEnded)
		ended = ended || isEnd
	}
	for line := range bytes.Lines(s.lines.take()) {
		if s.count++; s.count > s.after {
			s.message(bytes.TrimSuffix(line, []byte{'\n'}), s.count)
		}
	}
	switch {
	case ended:
		return s.out.End(s.take())
	case len(s.buf) > 0:
		return s.out.Write(s.take())
	}
	return nil
}

// take gives what was rendered and empties the buffer; it is valid until the
// next line.
func (s *channelStream) take() []byte {
	out := s.buf
	if s.buf = s.buf[:0]; cap(s.buf) > keptBuffer {
		s.buf = nil
	}
	return out
}

// message renders a line.
func (s *channelStream) message(data []byte, seq int64) {
	s.buf = append(s.buf, `{"type":"message","data":`...)
	s.buf = httpio.AppendASCII(s.buf, data)
	s.buf = append(s.buf, `,"seq":`...)
	s.buf = strconv.AppendInt(s.buf, seq, 10)
	s.buf = append(s.buf, "}\n"...)
}
