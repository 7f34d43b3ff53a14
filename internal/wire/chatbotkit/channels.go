package chatbotkit

import (
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
// asked for, until the caller leaves.
func subscribe(c *call, in subscribeRequest) error {
	query := engine.ChannelQuery{History: int(in.HistoryLength.or(0)), After: in.After.Pointer()}
	channel, err := c.engine().Subscribe(c.r.Context(), c.actor, c.channel(), query)
	if err != nil {
		return err
	}
	out := httpio.StreamLines(c.w)
	defer out.Close()
	s := &channelStream{out: out}
	ctx, stop := c.whileTokenWorks()
	defer stop()
	err = errors.Join(s.subscribed(c.channel()), channel.Each(ctx, s.messages))
	// There is no line for what went wrong: a stream that ends without an end
	// makes clients come back, and then they are told.
	return httpio.Cut(err)
}

// channelStream is a channel on its way to a subscriber.
type channelStream struct {
	out *httpio.Stream
	buf []byte
}

// subscribed sends the first line.
func (s *channelStream) subscribed(channel string) error {
	var l lines
	l.add(&convo.Event{}, "subscribe", idLine{channel})
	return s.out.Write(l.take())
}

// messages sends messages as lines.
func (s *channelStream) messages(page []convo.Published) error {
	s.buf = s.buf[:0]
	for _, m := range page {
		s.message(m.Message, m.Seq)
	}
	err := s.out.Write(s.buf)
	if cap(s.buf) > keptBuffer {
		s.buf = nil
	}
	return err
}

// message renders a line.
func (s *channelStream) message(data []byte, seq int64) {
	s.buf = append(s.buf, `{"type":"message","data":`...)
	s.buf = httpio.AppendASCII(s.buf, data)
	s.buf = append(s.buf, `,"seq":`...)
	s.buf = strconv.AppendInt(s.buf, seq, 10)
	s.buf = append(s.buf, "}\n"...)
}
