package storetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

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

// wrongCalls are logs that contradict themselves about a call.
func wrongCalls() []wrongLog {
	created, opened, ended := convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnEnded{Reason: convo.EndDone}
	call := requested("c", 1, 0, "{}")
	again := requested("c", 1, 1, "{}")
	again.Message = "again"
	nameless, mute := call, call
	nameless.ID, mute.Message = "", ""
	started, over1, over2 := convo.ToolStarted{ID: "c", Message: call.Message}, over(call, 2, "1"), over(call, 3, "1")
	over2.Message = "twice"
	same := over(call, 0, "1")
	elsewhere := logOf(created, opened, call, opened, started)
	elsewhere[3].Turn, elsewhere[4].Turn = uuid(11), uuid(11)
	return []wrongLog{
		{"a request in no open turn", 2, logOf(created, call)},
		{"a request in a turn that has ended", 4, logOf(created, opened, ended, call)},
		{"a request without an id", 3, logOf(created, opened, nameless)},
		{"a request without a message", 3, logOf(created, opened, mute)},
		{"a call twice", 4, logOf(created, opened, call, again)},
		{"a call twice, the first one ended", 5, logOf(created, opened, call, over1, again)},
		{"a start without its request", 3, logOf(created, opened, started)},
		{"a start twice", 5, logOf(created, opened, call, started, started)},
		{"a start after its end", 5, logOf(created, opened, call, over1, started)},
		{"a start in another turn", 5, elsewhere},
		{"an end without its request", 3, logOf(created, opened, over1)},
		{"an end twice", 5, logOf(created, opened, call, over1, over2)},
		{"an end after its turn", 5, logOf(created, opened, call, ended, over1)},
		{"an end at the place of its request", 4, logOf(created, opened, call, same)},
		{"a message twice, made by a call", 4, logOf(created, opened, given(call.Message, 2, ""), call)},
	}
}

// wrongValues are logs whose events follow each other, and say what no server
// could show, or go on from.
func wrongValues() []wrongLog {
	created := convo.ConversationCreated{}
	fields := func(kind convo.MessageType, meta string) convo.MessageGiven {
		return convo.MessageGiven{ID: "m", Place: convo.Place(1, 0), Fields: convo.MessageFields{Type: kind, Meta: convo.JSON(meta)}}
	}
	begun := convo.MessageStarted{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot}
	ended := convo.MessageEnded{ID: "m", Place: convo.Place(1, 0), Type: convo.Bot, Meta: convo.JSON(`{`)}
	far := fields(convo.User, "")
	far.Place = math.MaxInt64
	call := requested("c", 1, 0, "{}")
	farCall := call
	farCall.Place = math.MaxInt64
	at := func(events []convo.Event, milli int64) []convo.Event {
		events[1].At = time.UnixMilli(milli)
		return events
	}
	return []wrongLog{
		{"meta that is no JSON", 2, logOf(created, fields(convo.User, `{"a":`))},
		{"meta that is no object", 2, logOf(created, fields(convo.User, `[1]`))},
		{"meta of a conversation that is no JSON", 1, logOf(convo.ConversationCreated{Fields: convo.Fields{Meta: convo.JSON("x")}})},
		{"meta of a change that is no JSON", 2, logOf(created, convo.ConversationChanged{Fields: convo.Fields{Meta: convo.JSON("x")}})},
		{"meta of an end that is no JSON", 3, logOf(created, begun, ended)},
		{"an unknown type", 2, logOf(created, fields("shout", ""))},
		{"no type", 2, logOf(created, fields("", ""))},
		{"a change to an unknown type", 3,
			logOf(created, fields(convo.User, ""), convo.MessageChanged{ID: "m", Fields: convo.MessageFields{Type: "shout"}})},
		{"a start of an unknown type", 2, logOf(created, convo.MessageStarted{ID: "m", Place: convo.Place(1, 0), Type: "shout"})},
		{"a piece of an unknown type", 3, logOf(created, begun, convo.Delta{Message: "m", Type: "shout"})},
		{"a place after which there is none", 2, logOf(created, far)},
		{"a slot after which there is none", 3, logOf(created, convo.TurnOpened{}, convo.TurnStarted{Slot: math.MaxInt64})},
		{"a negative slot", 3, logOf(created, convo.TurnOpened{}, convo.TurnStarted{Slot: -1})},
		{"a hidden conversation", 1, logOf(convo.ConversationCreated{Fields: convo.Fields{Channel: new("c")}})},
		{"a conversation that is hidden later", 2, logOf(created, convo.ConversationChanged{Fields: convo.Fields{Channel: new("c")}})},
		{"arguments that are no JSON", 3, logOf(created, convo.TurnOpened{}, requested("c", 1, 0, `{"a":`))},
		{"arguments that are no object", 3, logOf(created, convo.TurnOpened{}, requested("c", 1, 0, `[1]`))},
		{"arguments of a call that is left that are no object", 3,
			logOf(created, convo.TurnOpened{}, convo.TurnWaiting{Left: []convo.ToolRequested{requested("c", 1, 0, `1`)}})},
		{"an input that is no object", 4, logOf(created, convo.TurnOpened{}, call, convo.ToolStarted{ID: "c", Input: convo.JSON("null")})},
		{"an output that is no JSON", 4, logOf(created, convo.TurnOpened{}, call, over(call, 1, `nonsense`))},
		{"a call that nobody carries out", 3, logOf(created, convo.TurnOpened{}, convo.ToolRequested{ID: "c", Message: "m"})},
		{"a call that ends in no known way", 4, logOf(created, convo.TurnOpened{}, call, convo.ToolEnded{ID: "c", Message: "m"})},
		{"a call at a place after which there is none", 3, logOf(created, convo.TurnOpened{}, farCall)},
		{"a time long before the first year", 2, at(logOf(created, given("m", 1, "")), math.MinInt64)},
		{"a time long after the last year", 2, at(logOf(created, given("m", 1, "")), math.MaxInt64)},
	}
}

func importRefuses(t *testing.T, d Driver) {
	s := d.Open(t)
	mustBe(t, s.Import(t.Context(), "a", uuid(1), nil), convo.Invalid)
	mustBe(t, s.Import(t.Context(), "a", "", logOf(convo.ConversationCreated{})), convo.Invalid)
	for _, log := range slices.Concat(wrongLogs(), wrongCalls(), wrongValues()) {
		err := s.Import(t.Context(), "a", uuid(1), log.events)
		if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), fmt.Sprintf("event %d: ", log.number)) {
			t.Errorf("%s: %v, want an error that names event %d", log.what, err, log.number)
		}
		_, err = s.Conversation(t.Context(), "a", uuid(1))
		mustBe(t, err, convo.NotFound)
	}
	must(t, s.Import(t.Context(), "a", uuid(1), logOf(convo.ConversationCreated{})))
}
