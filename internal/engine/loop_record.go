package engine

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// The loop stands between an answer and its sink: it notes what passes.

// write implements sink.
func (l *loop) write(body convo.Body, more bool) error {
	if ended, ok := body.(convo.ToolEnded); ok {
		body = numbered(ended, l.progress.sources)
	}
	switch body.(type) {
	case convo.Delta, convo.MessageStarted, convo.Cited: // their end says it all
	default:
		l.note(convo.Event{At: now(), Turn: l.turn, Body: body})
	}
	return l.sink.write(body, more)
}

// commit writes events that have to be safe before the turn goes on, and notes
// them as they were written.
func (l *loop) commit(bodies []convo.Body) error {
	last := l.progress.sources
	for i, body := range bodies {
		if ended, ok := body.(convo.ToolEnded); ok {
			ended = numbered(ended, last)
			bodies[i], last = ended, max(last, ended.Sources.Last())
		}
	}
	events, err := l.sink.commit(bodies)
	for _, event := range events {
		l.note(event)
	}
	return err
}

// note takes an event of the turn into its progress, and what it says into the
// history that the next prompt is made from.
func (l *loop) note(event convo.Event) {
	l.progress.add(event)
	if m, ok := messageOf(event); ok {
		m.Turn = l.history.turn
		m = lean(m)
		l.history.messages, l.mine = insert(l.history.messages, m), insert(l.mine, m)
	}
}

// insert puts a message in its place: what others say of calls may be heard of later
// than it was written.
func insert(list []convo.Message, m convo.Message) []convo.Message {
	i := len(list)
	for i > 0 && list[i-1].Place > m.Place && list[i-1].Turn == m.Turn {
		i--
	}
	return slices.Insert(list, i, m)
}

// catchUp takes in an event of the turn's log. What others have added since the turn
// goes on, after that number, may have come when the history had been read: a prompt
// takes no harm from an answer that is there twice.
func (l *loop) catchUp(event convo.Event, since int64) {
	if event.Seq > since {
		l.note(event)
		return
	}
	l.progress.add(event)
}

func (l *loop) flush() error      { return l.sink.flush() }
func (l *loop) place() int64      { return l.sink.place() }
func (l *loop) messageID() string { return l.sink.messageID() }
func (l *loop) part()             { l.sink.part() }

// messageOf gives the message that an event of a turn makes, as a prompt needs
// it.
func messageOf(event convo.Event) (convo.Message, bool) {
	var m convo.Message
	switch b := event.Body.(type) {
	case convo.MessageGiven:
		m.ID, m.Place, m.MessageFields, m.Text = b.ID, b.Place, b.Fields, b.Text
	case convo.MessageEnded:
		m.ID, m.Place, m.Text, m.Incomplete = b.ID, b.Place, b.Text, b.Incomplete
		m.MessageFields = convo.MessageFields{Type: b.Type, Meta: b.Meta}
	case convo.ToolRequested:
		m.ID, m.Place = b.Message, b.Place
		m.MessageFields = convo.MessageFields{Type: convo.Activity, Meta: b.Activity()}
	case convo.ToolEnded:
		m.ID, m.Place = b.Message, b.Place
		m.MessageFields = convo.MessageFields{Type: convo.Activity, Meta: b.Activity()}
	default:
		return m, false
	}
	return m, true
}
