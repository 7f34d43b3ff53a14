package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

// wrongLog is a log that an import refuses, and the number of the event that it
// refuses it for.
type wrongLog struct {
	what   string
	number int64
	events []convo.Event
}

// logOf numbers bodies from 1, all in one turn.
func logOf(bodies ...convo.Body) []convo.Event {
	events := make([]convo.Event, len(bodies))
	for i, b := range bodies {
		events[i] = convo.Event{Seq: int64(i + 1), At: start(), Turn: uuid(10), Body: b}
	}
	return events
}

// numbered gives one of the events another number.
func numbered(events []convo.Event, i int, seq int64) []convo.Event {
	events[i].Seq = seq
	return events
}

func wrongLogs() []wrongLog {
	created, opened, ended := convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnEnded{Reason: convo.EndDone}
	begun := convo.MessageStarted{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot}
	piece := convo.Delta{Message: "m", Type: convo.Bot, Text: "text"}
	whole := convo.MessageEnded{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot, Text: "text"}
	short := whole
	short.Text = "te"
	moved := whole
	moved.Place = convo.Place(2, 0)
	return []wrongLog{
		{"a log that does not begin with its creation", 1, logOf(given("m", 1, ""))},
		{"a second creation", 2, logOf(created, created)},
		{"a log that begins after 1", 2, numbered(logOf(created), 0, 2)},
		{"a gap", 4, numbered(logOf(created, given("m", 1, ""), given("n", 2, "")), 2, 4)},
		{"a number twice", 1, numbered(logOf(created, given("m", 1, "")), 1, 1)},
		{"a skip of other numbers", 9, numbered(logOf(created, convo.Restarted{From: 3, To: 9}), 1, 9)},
		{"a skip that ends elsewhere", 2, logOf(created, convo.Restarted{From: 2, To: 9})},
		{"an event without a body", 2, logOf(created, nil)},
		{"a turn twice", 4, logOf(created, opened, ended, opened)},
		{"an event of a turn that is not open", 2, logOf(created, convo.TurnStarted{Slot: 1})},
		{"an event of a turn that has ended", 4, logOf(created, opened, ended, convo.ModelAsked{})},
		{"a turn that has not ended", 2, logOf(created, opened, given("m", 1, ""))},
		{"a message without an id", 2, logOf(created, given("", 1, ""))},
		{"a message twice", 3, logOf(created, given("m", 1, ""), given("m", 2, ""))},
		{"a place twice", 3, logOf(created, given("m", 1, ""), given("n", 1, ""))},
		{"a piece of no message", 2, logOf(created, piece)},
		{"a piece of a message that has ended", 5, logOf(created, begun, piece, whole, piece)},
		{"the end of no message", 2, logOf(created, whole)},
		{"a text that is not that of its pieces", 4, logOf(created, begun, piece, short)},
		{"a message that ends at another place", 4, logOf(created, begun, piece, moved)},
		{"a message that has not ended", 2, logOf(created, begun, piece)},
		{"a change of no message", 2, logOf(created, convo.MessageChanged{ID: "m"})},
		{"a deletion of no message", 2, logOf(created, convo.MessageDeleted{ID: "m"})},
		{"a change of a deleted message", 4,
			logOf(created, given("m", 1, ""), convo.MessageDeleted{ID: "m"}, convo.MessageChanged{ID: "m"})},
	}
}

func importRefuses(t *testing.T, d Driver) {
	s := d.Open(t)
	mustBe(t, s.Import(t.Context(), "a", uuid(1), nil), convo.Invalid)
	mustBe(t, s.Import(t.Context(), "a", "", logOf(convo.ConversationCreated{})), convo.Invalid)
	for _, log := range wrongLogs() {
		err := s.Import(t.Context(), "a", uuid(1), log.events)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), fmt.Sprintf("event %d: ", log.number)) {
			t.Errorf("%s: %v, want an error that names event %d", log.what, err, log.number)
		}
		_, err = s.Conversation(t.Context(), "a", uuid(1))
		mustBe(t, err, convo.NotFound)
	}
	must(t, s.Import(t.Context(), "a", uuid(1), logOf(convo.ConversationCreated{})))
}
