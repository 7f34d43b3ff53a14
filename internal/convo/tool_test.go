package convo_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

// called is a log in which a turn runs that has requested two calls.
func called() (l *log, one, two convo.ToolRequested) {
	l = newLog()
	l.apply("t", convo.TurnOpened{})
	l.apply("t", convo.TurnStarted{Slot: 1})
	one = convo.ToolRequested{
		ID: "c1", Message: "r1", Place: convo.Place(1, 0), Name: "f", Arguments: convo.JSON(`{"a":1}`), Runs: convo.RunsServer,
	}
	two = convo.ToolRequested{ID: "c2", Message: "r2", Place: convo.Place(1, 1), Name: "g", Runs: convo.RunsChannel, Channel: "ch"}
	l.apply("t", one)
	l.apply("t", two)
	return l, one, two
}

func TestProjectKnowsTheOpenCallsOfATurn(t *testing.T) {
	t.Parallel()
	l, one, two := called()
	turn := l.head.Turn("t")
	first := turn.Calls
	if want := []convo.OpenCall{one.Open(4), two.Open(5)}; !reflect.DeepEqual(first, want) || turn.Next != 2 {
		t.Errorf("requested: %+v, want %+v", turn, want)
	}
	effect := l.apply("t", convo.ToolStarted{ID: "c2", Message: "r2"})
	if call := turn.Call("c2"); call.Started != l.now.UnixMilli() || !reflect.DeepEqual(*effect.Turn, *turn) {
		t.Errorf("started: %+v, effect %+v", call, effect.Turn)
	}
	if first[1].Started != 0 {
		t.Error("a list that somebody may hold was changed")
	}
	effect = l.apply("t", convo.ToolEnded{ID: "c1", Message: "e1", Place: convo.Place(1, 2)})
	if len(turn.Calls) != 1 || turn.Call("c1") != nil || effect.Message.ID != "e1" || turn.Next != 3 {
		t.Errorf("ended: %+v, effect %+v", turn, effect)
	}
	l.apply("t", convo.ToolEnded{ID: "c2", Message: "e2", Place: convo.Place(1, 3)})
	if turn.Calls != nil {
		t.Errorf("no call is open, and the list is %+v", turn.Calls)
	}
}

func TestProjectMakesMessagesOfCalls(t *testing.T) {
	t.Parallel()
	l := newLog()
	l.apply("t", convo.TurnOpened{})
	r := convo.ToolRequested{ID: "c", Message: "r", Place: convo.Place(1, 0), Name: "f", Arguments: convo.JSON(`{}`)}
	e := convo.ToolEnded{ID: "c", Message: "e", Place: convo.Place(1, 1), Name: "f", Arguments: convo.JSON(`{}`), Output: convo.JSON(`1`)}
	for _, c := range []struct {
		body convo.Body
		want convo.Message
	}{
		{r, convo.Message{ID: "r", Place: r.Place, MessageFields: convo.MessageFields{Meta: r.Activity()}}},
		{e, convo.Message{ID: "e", Place: e.Place, MessageFields: convo.MessageFields{Meta: e.Activity()}}},
	} {
		got := l.apply("t", c.body).Message
		c.want.Conversation, c.want.Turn, c.want.Type, c.want.Created, c.want.Updated = "conversation", "t", convo.Activity, l.now, l.now
		if got == nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
}

func TestProjectForgetsWhatADeletedRequestSaid(t *testing.T) {
	t.Parallel()
	l, _, _ := called()
	before := l.head.Turn("t").Calls
	effect := l.apply("", convo.MessageDeleted{ID: "r1"})
	if call := l.head.Turn("t").Call("c1"); call == nil || call.Arguments != nil || effect.Turn == nil {
		t.Errorf("the open call is %+v, effect %+v", call, effect)
	}
	if before[0].Arguments == nil {
		t.Error("a list that somebody may hold was changed")
	}
	if effect := l.apply("", convo.MessageDeleted{ID: "other"}); effect.Turn != nil {
		t.Errorf("another message: %+v", effect)
	}
}

func TestProjectEndsATurnWithItsCalls(t *testing.T) {
	t.Parallel()
	l, _, _ := called()
	if effect := l.apply("t", convo.TurnEnded{Reason: convo.EndCaller}); effect.Turn.Calls != nil {
		t.Errorf("got %+v", effect.Turn)
	}
	if effect := l.apply("t", convo.ToolStarted{ID: "c1"}); effect != (convo.Effect{}) {
		t.Errorf("a start in a turn that has ended: %+v", effect)
	}
}

func TestProjectCountsHowOftenATurnWentOn(t *testing.T) {
	t.Parallel()
	l := newLog()
	l.apply("t", convo.TurnOpened{Background: true})
	l.apply("t", convo.TurnResumed{})
	l.apply("t", convo.TurnResumed{Rerun: true})
	if turn := l.head.Turn("t"); !turn.Background || turn.Reruns != 1 {
		t.Errorf("got %+v", turn)
	}
}

func TestAnActivityIsWhatCallersKnow(t *testing.T) {
	t.Parallel()
	arguments := convo.JSON(`{"x":12345678901234567890}`)
	request := convo.ToolRequested{ID: `"c"`, Name: "f<&>", Arguments: arguments}
	signed := request
	signed.Signature = "s\x00\u2028"
	ended := convo.ToolEnded{ID: "c", Name: "f", Arguments: arguments, Output: convo.JSON(`{"a": "b"}`)}
	for _, c := range []struct {
		got  convo.JSON
		want string
	}{
		{request.Activity(), `{"activity":{"type":"request","function":{"name":"f<&>","arguments":{"x":12345678901234567890},"id":"\"c\""}}}`},
		{signed.Activity(), `{"activity":{"type":"request","function":{"name":"f<&>","arguments":{"x":12345678901234567890},"signature":"s\u0000\u2028","id":"\"c\""}}}`},
		{ended.Activity(), `{"activity":{"type":"response","function":{"name":"f","arguments":{"x":12345678901234567890},"result":"{\"a\": \"b\"}","id":"c"}}}`},
		{convo.ToolRequested{}.Activity(), `{"activity":{"type":"request","function":{"name":"","arguments":{},"id":""}}}`},
		{convo.ToolEnded{}.Activity(), `{"activity":{"type":"response","function":{"name":"","arguments":{},"result":"null","id":""}}}`},
	} {
		if string(c.got) != c.want || !json.Valid(c.got) {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

func TestEraseLeavesNothingOfWhatACallWasGivenAndGave(t *testing.T) {
	t.Parallel()
	said := convo.JSON(`{"said":1}`)
	left := []convo.ToolRequested{{ID: "a", Message: "other", Arguments: said}, {ID: "b", Message: "m", Arguments: said, Signature: "said"}}
	for _, c := range []struct{ body, want convo.Body }{
		{
			convo.ToolRequested{ID: "c", Message: "m", Place: 5, Name: "f", Arguments: said, Signature: "said", Runs: convo.RunsServer},
			convo.ToolRequested{ID: "c", Message: "m", Place: 5, Name: "f", Runs: convo.RunsServer},
		},
		{
			convo.ToolStarted{ID: "c", Message: "m", Name: "f", Channel: "ch", Input: said},
			convo.ToolStarted{ID: "c", Message: "m", Name: "f", Channel: "ch"},
		},
		{
			convo.ToolEnded{ID: "c", Message: "m", Place: 5, Name: "f", Arguments: said, Output: said, Outcome: convo.ToolDone},
			convo.ToolEnded{ID: "c", Message: "m", Place: 5, Name: "f", Outcome: convo.ToolDone},
		},
		{
			convo.TurnWaiting{Left: left},
			convo.TurnWaiting{Left: []convo.ToolRequested{left[0], {ID: "b", Message: "m"}}},
		},
	} {
		size := convo.Event{Body: c.body}.Size()
		got, ok := convo.Erase(c.body, "m")
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v became %+v (%v), want %+v", c.body, got, ok, c.want)
		}
		if less := (convo.Event{Body: got}).Size(); less >= size {
			t.Errorf("%T takes %d bytes, and %d after it was erased", c.body, size, less)
		}
		if got, ok := convo.Erase(c.body, "unknown"); ok || !reflect.DeepEqual(got, c.body) {
			t.Errorf("another message's %+v became %+v (%v)", c.body, got, ok)
		}
	}
	if left[1].Signature != "said" {
		t.Error("what the body pointed to was changed")
	}
}
