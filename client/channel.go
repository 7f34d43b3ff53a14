package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// ChannelService carries messages between programs. A channel is there for
// whoever names it, by an id of 16 to 256 characters.
type ChannelService struct{ client *Client }

// ChannelPublishRequest is a message for a channel: anything that encoding/json
// can encode, but null.
type ChannelPublishRequest struct {
	Message any `json:"message"`
}

// Publish puts a message on a channel. A function of a turn that waits for one
// there takes it as its result.
func (s *ChannelService) Publish(ctx context.Context, channel string, in ChannelPublishRequest, options ...Option) (*Reference, error) {
	r, err := postChannel(channel, in, "publish")
	return call[Reference](ctx, s.client, r, err, options)
}

// ChannelSubscribeRequest says from where to read a channel.
type ChannelSubscribeRequest struct {
	HistoryLength int             `json:"historyLength,omitzero"` // messages that were published before
	After         Optional[int64] `json:"after,omitzero"`         // in place of HistoryLength: go on behind this number
}

// ChannelMessage is a message of a channel, as JSON. Seq is its number there, 0
// from servers that have none.
type ChannelMessage struct {
	Seq  int64
	Data json.RawMessage
}

// Decode reads the message into what v points to.
func (m ChannelMessage) Decode(v any) error { return json.Unmarshal(m.Data, v) }

// Subscribe gives what is published on a channel, until the caller leaves or the
// context ends; of a channel with a dispatched turn it gives the turn's lines as
// they are, and ends with them: see [ChannelService.TurnStream].
// A lost connection is made anew behind the last number that was seen, so that
// every message is given once. One that is lost before there was a number, in a
// message or in the request, is an error: nothing says where to go on.
func (s *ChannelService) Subscribe(ctx context.Context, channel string, in ChannelSubscribeRequest, options ...Option) iter.Seq2[ChannelMessage, error] {
	return func(yield func(ChannelMessage, error) bool) {
		settings, err := s.client.with(options)
		if err != nil {
			yield(ChannelMessage{}, err)
			return
		}
		c := &channelReader{s: settings, channel: channel, in: in}
		_, c.fixed = in.After.Get()
		c.give = func(m ChannelMessage) bool { return yield(m, nil) }
		if err := c.run(ctx); err != nil && !errors.Is(err, errLeft) {
			yield(ChannelMessage{}, err)
		}
	}
}

// TurnStream gives the events of the turn that was dispatched to a channel, from
// the first one. It goes on over a lost connection without its reader noticing.
func (s *ChannelService) TurnStream(ctx context.Context, channel string, options ...Option) *Stream {
	return &Stream{run: func(give func(Event) bool) error {
		settings, err := s.client.with(options)
		if err != nil {
			return err
		}
		c := &channelReader{s: settings, channel: channel, fixed: true}
		var result *Result
		var malformed error
		c.give = func(m ChannelMessage) bool {
			var l line
			var event Event
			if malformed = m.Decode(&l); malformed == nil {
				event, malformed = l.event()
			}
			if malformed != nil {
				return false
			}
			r, last := event.(ResultEvent)
			if last {
				result = &r.Result
			}
			return give(event) && !last
		}
		err = c.run(ctx)
		switch {
		case malformed != nil:
			return &malformedError{malformed}
		case result != nil:
			return result.Err()
		case err == nil:
			return &cutError{io.ErrUnexpectedEOF}
		case errors.Is(err, errLeft):
			return nil
		}
		return err
	}}
}

// Stop ends the turn that was dispatched to a channel. Stopped is 0 if it had
// ended.
func (s *ChannelService) Stop(ctx context.Context, channel string, options ...Option) (*Stopped, error) {
	r, err := postChannel(channel, struct{}{}, "stop")
	return call[Stopped](ctx, s.client, r, err, options)
}

// channelReader follows a channel over as many connections as it takes.
type channelReader struct {
	s       *settings
	channel string
	in      ChannelSubscribeRequest
	give    func(ChannelMessage) bool
	fixed   bool // the same request begins at the same place again
	seq     int64
}

func (c *channelReader) run(ctx context.Context) error {
	for try := 0; ; try++ {
		before := c.seq
		request, err := postChannel(c.channel, c.in, "subscribe")
		if err != nil {
			return err
		}
		request.accept, request.key = typeLines, "" // it changes nothing
		if err = c.connect(ctx, request); err == nil {
			return nil
		}
		if c.seq > before {
			try = 0
		}
		if c.seq == 0 && !c.fixed || try >= c.s.resumes || !c.resumable(ctx, request, err) {
			return err
		}
		if c.seq > 0 {
			c.in = ChannelSubscribeRequest{After: Set(c.seq)}
		}
		if err := pause(ctx, try, err); err != nil {
			return err
		}
	}
}

func (c *channelReader) resumable(ctx context.Context, r *request, err error) bool {
	if _, cut := errors.AsType[*cutError](err); cut {
		return ctx.Err() == nil
	}
	return !errors.Is(err, errLeft) && c.s.retryable(ctx, r, err)
}

// connect reads over one connection. It returns nil when the server ends it.
func (c *channelReader) connect(ctx context.Context, request *request) error {
	conn, err := c.s.open(ctx, func(ctx context.Context) (*http.Response, error) { return c.s.once(ctx, request) })
	if err != nil {
		return err
	}
	defer conn.close()
	for {
		l, err := conn.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case l.Type != EventMessage:
			continue
		}
		if l.Seq > 0 {
			c.seq = l.Seq
			conn.watch() // it is a server that breaks its silence
		}
		if !c.give(ChannelMessage{Seq: l.Seq, Data: l.Data}) {
			return errLeft
		}
	}
}

// postChannel does something with a channel.
func postChannel(channel string, in any, operation string) (*request, error) {
	switch channel {
	case "":
		return nil, errors.New("the id of the channel is empty")
	case ".", "..":
		return nil, fmt.Errorf("%q cannot be the id of a channel", channel)
	}
	return post("/channel/"+url.PathEscape(channel)+"/"+operation, in)
}
