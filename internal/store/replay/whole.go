package replay

import (
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Whole replays a log that is to be stored as it is, and refuses it with an
// error of kind Invalid if an event is wrong or says what no server could show
// or go on from, or if a turn or a message has not ended. It gives the events as a store keeps them: times in UTC to the
// millisecond, and without the texts of messages that were deleted. The list
// that was passed is not changed.
func Whole(tenant, conversation string, events []convo.Event) (*Log, []convo.Event, error) {
	if conversation == "" {
		return nil, nil, convo.Errorf(convo.Invalid, "a conversation needs an id")
	}
	if len(events) == 0 {
		return nil, nil, convo.Errorf(convo.Invalid, "a log begins with the creation of its conversation")
	}
	l := New(tenant, conversation, nil)
	events = slices.Clone(events)
	index := make(map[int64]int) // of the events that say something of messages
	for i, e := range events {
		e.At = time.UnixMilli(e.At.UnixMilli()).UTC()
		events[i] = e
		if err := checkValues(e); err != nil {
			return nil, nil, err
		}
		var gone *Message
		if d, ok := e.Body.(convo.MessageDeleted); ok {
			gone = l.messages[d.ID]
		}
		if err := l.Add(e); err != nil {
			return nil, nil, err
		}
		index[e.Seq] = i
		switch {
		case gone != nil:
			erase(events, index, gone)
		case len(l.remnants) > 0 && l.remnants[len(l.remnants)-1].Seq == e.Seq:
			events[i].Body, _ = convo.Erase(e.Body, l.remnants[len(l.remnants)-1].Message)
		}
	}
	if turns, messages := l.Pending(); turns+messages > 0 {
		return nil, nil, l.unfinished()
	}
	return l, events, nil
}

// erase takes a message's texts out of the events that it is made of.
func erase(events []convo.Event, index map[int64]int, gone *Message) {
	for _, seq := range gone.Parts {
		i := index[seq]
		if erased, ok := convo.Erase(events[i].Body, gone.ID); ok {
			events[i].Body = erased
		}
	}
}

// unfinished says what has not ended, by the number of its first event.
func (l *Log) unfinished() error {
	if len(l.head.Open) > 0 {
		t := l.head.Open[0]
		return convo.Errorf(convo.Invalid, "%s", numbered(t.OpenedSeq, fmt.Sprintf("the turn %q has not ended", t.ID)))
	}
	first, id := int64(0), ""
	for other, o := range l.open {
		if first == 0 || o.parts[0] < first {
			first, id = o.parts[0], other
		}
	}
	return convo.Errorf(convo.Invalid, "%s", numbered(first, fmt.Sprintf("the message %q has not ended", id)))
}

// numbered begins a text with the number of the event that it is about.
func numbered(seq int64, text string) string { return fmt.Sprintf("event %d: %s", seq, text) }
