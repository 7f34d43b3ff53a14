package replay_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/replay"
)

// events numbers bodies from 1.
func events(bodies ...convo.Body) []convo.Event {
	list := make([]convo.Event, len(bodies))
	for i, b := range bodies {
		list[i] = convo.Event{Seq: int64(i + 1), At: time.UnixMilli(int64(i)), Turn: "t", Body: b}
	}
	return list
}

func given(id string, place int64, text string) convo.MessageGiven {
	return convo.MessageGiven{ID: id, Place: place, Fields: convo.MessageFields{Type: convo.User}, Text: text}
}

func TestAnEventThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	l := replay.New("a", "c", nil)
	for _, e := range events(convo.ConversationCreated{}, given("m", convo.Place(1, 0), "text")) {
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	bad := convo.Event{Seq: 3, Body: given("m", convo.Place(2, 0), "again")}
	if err := l.Add(bad); convo.ErrorKind(err) != convo.Invalid || !strings.HasPrefix(err.Error(), "event 3: ") {
		t.Fatalf("got %v", err)
	}
	if l.Head().LastSeq != 2 || l.Message("m").Text != "text" || len(l.Messages()) != 1 {
		t.Errorf("the log is now at %d with %+v", l.Head().LastSeq, l.Messages())
	}
	bad.Body = given("n", convo.Place(2, 0), "")
	if err := l.Add(bad); err != nil {
		t.Error(err)
	}
}

func TestMessagesOfATurnTakeItsSlotWhenItStarts(t *testing.T) {
	t.Parallel()
	l := replay.New("a", "c", func(string) string { return "digest" })
	for _, e := range events(convo.ConversationCreated{}, convo.TurnOpened{}, given("m", 0, "one"), given("n", 1, "two"),
		convo.MessageDeleted{ID: "m"}, convo.TurnStarted{Slot: 7}) {
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if m := l.Message("n"); m.Place != convo.Place(7, 1) || m.Text != "digest" || m.Seq != 4 {
		t.Errorf("got %+v", m)
	}
	if turns, messages := l.Pending(); turns != 1 || messages != 0 {
		t.Errorf("%d turns and %d messages are pending", turns, messages)
	}
}

func TestAReplayNamesWhatWasNotErased(t *testing.T) {
	t.Parallel()
	l := replay.New("a", "c", nil)
	for _, e := range events(convo.ConversationCreated{}, given("m", convo.Place(1, 0), ""),
		convo.MessageChanged{ID: "m", Text: new("still here")}, convo.MessageDeleted{ID: "m"}) {
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Remnants(); len(got) != 1 || got[0] != (replay.Remnant{Seq: 3, Message: "m"}) {
		t.Errorf("got %+v", got)
	}
}

func TestAReplayNamesWhatWasNotErasedOfACall(t *testing.T) {
	t.Parallel()
	said := convo.JSON(`{"a":1}`)
	request := convo.ToolRequested{ID: "c", Message: "m", Place: convo.Place(1, 0), Arguments: said}
	list := events(convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnStarted{Slot: 1},
		convo.TurnWaiting{Left: []convo.ToolRequested{{ID: "x", Message: "other", Arguments: said}, request}},
		convo.TurnWaiting{Left: []convo.ToolRequested{request}},
		request, convo.ToolStarted{ID: "c", Message: "m", Input: said}, convo.MessageDeleted{ID: "m"})
	var want []replay.Remnant
	for _, seq := range []int64{6, 4, 5, 7} {
		want = append(want, replay.Remnant{Seq: seq, Message: "m"})
	}
	for _, erased := range []bool{false, true} {
		l := replay.New("a", "c", nil)
		for _, e := range list {
			if erased {
				e.Body, _ = convo.Erase(e.Body, "m")
			}
			if err := l.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		if erased {
			want = nil
		}
		if got := l.Remnants(); !reflect.DeepEqual(got, want) {
			t.Errorf("erased %v: got %+v, want %+v", erased, got, want)
		}
		if call := l.Head().Turn("t").Call("c"); call == nil || call.Arguments != nil || call.Started == 0 {
			t.Errorf("the open call is %+v", call)
		}
	}
}

func TestALaterTurnMayCarryOutACallAgain(t *testing.T) {
	t.Parallel()
	l := replay.New("a", "c", nil)
	list := events(convo.ConversationCreated{}, convo.TurnOpened{},
		convo.ToolRequested{ID: "c", Message: "m", Place: convo.Place(1, 0), Runs: convo.RunsCaller},
		convo.TurnEnded{Reason: convo.EndCaller}, convo.TurnOpened{},
		convo.ToolRequested{ID: "c", Message: "n", Place: convo.Place(2, 0)}, convo.ToolStarted{ID: "c", Message: "n"})
	for i, e := range list {
		if i >= 4 {
			e.Turn = "u"
		}
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if l.Message("m") == nil || l.Message("n") == nil || l.Head().Turn("u").Call("c") == nil {
		t.Errorf("got %+v", l.Messages())
	}
}

func TestAWholeLogIsKeptAsAStoreKeepsIt(t *testing.T) {
	t.Parallel()
	list := events(convo.ConversationCreated{}, given("m", convo.Place(1, 0), "gone"), convo.MessageDeleted{ID: "m"})
	list[0].At = time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.FixedZone("x", 3600))
	_, kept, err := replay.Whole("a", "c", list)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 1, 2, 2, 4, 5, 6_000_000, time.UTC); kept[0].At != want {
		t.Errorf("the time is %v, want %v", kept[0].At, want)
	}
	if got := kept[1].Body.(convo.MessageGiven).Text; got != "" {
		t.Errorf("the deleted text is %q", got)
	}
	if got := list[1].Body.(convo.MessageGiven).Text; got != "gone" {
		t.Errorf("the caller's text is %q", got)
	}
}

func TestACallThatBeginsAfterItWasDeletedSaysNothing(t *testing.T) {
	t.Parallel()
	request := convo.ToolRequested{ID: "c", Message: "m", Place: convo.Place(1, 0), Runs: convo.RunsServer, Arguments: convo.JSON(`{"a":1}`)}
	start := convo.ToolStarted{ID: "c", Message: "m", Input: request.Arguments}
	list := events(convo.ConversationCreated{}, convo.TurnOpened{}, convo.TurnStarted{Slot: 1}, request, convo.MessageDeleted{ID: "m"},
		start, convo.TurnEnded{Reason: convo.EndStopped})
	l := replay.New("a", "c", nil)
	for _, e := range list[:5] {
		if e.Seq == 4 {
			e.Body, _ = convo.Erase(e.Body, "m")
		}
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	other := start
	other.Message = "other"
	if err := l.Add(convo.Event{Seq: 6, At: time.UnixMilli(1), Turn: "t", Body: other}); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("the start of another message's call: %v", err)
	}
	if err := l.Add(list[5]); err != nil {
		t.Fatal(err)
	}
	if got := l.Remnants(); len(got) != 1 || got[0] != (replay.Remnant{Seq: 6, Message: "m"}) {
		t.Errorf("got %+v", got)
	}
	_, kept, err := replay.Whole("a", "c", list)
	if err != nil {
		t.Fatal(err)
	}
	if s := kept[5].Body.(convo.ToolStarted); s.Input != nil || s.ID != "c" {
		t.Errorf("an import keeps %+v", s)
	}
}
