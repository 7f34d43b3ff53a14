package chatbotkit

import (
	"strconv"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// lines renders events as lines. Where one event makes several lines only the
// last of them carries the event's number, so that a reader who was cut off in
// between gets the event again.
type lines struct {
	buf []byte
	log bool // of a whole conversation: each line says its turn and its time

	link linker
}

// keptBuffer is how large a buffer a reader who waits may keep.
const keptBuffer = 64 << 10

// take gives what was rendered and empties the buffer; it is valid until the
// next line.
func (l *lines) take() []byte {
	out := l.buf
	if l.buf = l.buf[:0]; cap(l.buf) > keptBuffer {
		l.buf = nil
	}
	return out
}

// delta is the hot path: one of these lines for each token.
func (l *lines) delta(e *convo.Event, kind, text string) {
	l.begin(kind)
	l.buf = append(l.buf, `{"token":`...)
	l.buf = httpio.AppendString(l.buf, text)
	l.buf = append(l.buf, '}')
	l.end(e, true)
}

// add renders a line whose data is an object of any shape.
func (l *lines) add(e *convo.Event, kind string, data any) { l.line(e, kind, data, true) }

// part renders a line that another one of the same event follows.
func (l *lines) part(e *convo.Event, kind string, data any) { l.line(e, kind, data, false) }

func (l *lines) line(e *convo.Event, kind string, data any, last bool) {
	l.begin(kind)
	l.buf = httpio.AppendASCII(l.buf, encode(data))
	l.end(e, last)
}

func (l *lines) begin(kind string) {
	l.buf = append(l.buf, `{"type":"`...)
	l.buf = append(l.buf, kind...)
	l.buf = append(l.buf, `","data":`...)
}

func (l *lines) end(e *convo.Event, last bool) {
	if last && e.Seq > 0 {
		l.buf = append(l.buf, `,"seq":`...)
		l.buf = strconv.AppendInt(l.buf, e.Seq, 10)
	}
	if l.log {
		if e.Turn != "" {
			l.buf = append(l.buf, `,"turn":`...)
			l.buf = httpio.AppendString(l.buf, e.Turn)
		}
		l.buf = append(l.buf, `,"createdAt":`...)
		l.buf = strconv.AppendInt(l.buf, e.At.UnixMilli(), 10)
	}
	l.buf = append(l.buf, "}\n"...)
}

// nothing is the data of lines that only say that something happened.
type nothing struct{}

// usageLine is what one call of the model cost. The last three fields are ours;
// clients pass over what they do not know.
type usageLine struct {
	Model     string `json:"model"`
	Input     int64  `json:"inputTokensUsed"`
	Output    int64  `json:"outputTokensUsed"`
	Cached    int64  `json:"cachedTokensUsed"`
	Reasoning int64  `json:"reasoningTokensUsed"`
	Source    source `json:"source"`
}

// waitLine says that a call's result is awaited on a channel, or awaited no
// more. What an activity calls arguments is args here.
type waitLine struct {
	Channel  string     `json:"channel"`
	Function waitedCall `json:"function"`
}

type waitedCall struct {
	Name string `json:"name"`
	Args object `json:"args"`
}

func channelLine(channel, name string, args convo.JSON) waitLine {
	if len(args) == 0 { // erased
		args = convo.JSON("{}")
	}
	return waitLine{channel, waitedCall{name, object(args)}}
}

// activityLine is the message that a call's request or end makes.
func activityLine(id string, meta convo.JSON) lineMessage {
	return lineMessage{ID: id, Type: messageType(convo.Activity), Meta: object(meta)}
}

// abortLine says who ended a turn early: somebody, or the end of the server.
type abortLine struct {
	Reason string `json:"reason"`
}

// turnEvent renders the events that a turn's own stream and the log of its
// conversation show alike. It reports false for all others.
func (l *lines) turnEvent(e *convo.Event, v *turnView) bool {
	switch b := e.Body.(type) {
	case convo.Delta:
		switch b.Type {
		case convo.Bot:
			l.delta(e, "token", b.Text)
		case convo.Reasoning:
			l.delta(e, "reasoningToken", b.Text)
		}
	case convo.TurnStarted:
		l.add(e, "completeBegin", nothing{})
	case convo.MessageEnded:
		l.add(e, "message", lineMessage{b.ID, messageType(b.Type), b.Text, extendMeta(b.Meta, b.Incomplete, "", b.Citations, l.link)})
	case convo.ToolRequested:
		l.add(e, "message", activityLine(b.Message, b.Activity()))
	case convo.ToolStarted:
		if b.Channel != "" { // what the server does by itself shows when it is done
			l.add(e, "waitForChannelMessageBegin", channelLine(b.Channel, b.Name, b.Input))
		}
	case convo.ToolEnded:
		if b.Channel != "" {
			l.part(e, "waitForChannelMessageEnd", channelLine(b.Channel, b.Name, b.Arguments))
		}
		l.add(e, "message", activityLine(b.Message, b.Activity()))
	case convo.ModelAnswered:
		u := b.Usage
		l.add(e, "usage", usageLine{b.Model, u.Input.N, u.Output.N, u.Cached.N, u.Reasoning.N, sourceOf(u)})
	case convo.TurnEnded:
		l.ended(e, b, v)
	default:
		return false
	}
	return true
}

// ended renders the tail of a turn. The result is the last line, whatever
// happened.
func (l *lines) ended(e *convo.Event, b convo.TurnEnded, v *turnView) {
	result := v.result(b)
	switch {
	case result.Error != nil:
		l.part(e, "error", result.Error)
	case b.Reason == convo.EndStopped:
		reason := "stopped"
		if b.Failure != nil {
			reason = "shutdown"
		}
		l.part(e, "abort", abortLine{reason})
	}
	l.part(e, "completeEnd", nothing{})
	l.add(e, "result", result)
}
