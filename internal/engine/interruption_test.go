package engine_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// turnEvent is an event of a turn, without its number and time.
func turnEvent(turn string, b convo.Body) convo.Event { return convo.Event{Turn: turn, Body: b} }

// follow numbers events, one a second, and gives what would close them.
func follow(events ...convo.Event) (closing []convo.Event, last convo.Event) {
	var i engine.Interruption
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n, e := range events {
		e.Seq, e.At = int64(n+1), at.Add(time.Duration(n)*time.Second)
		i.Follow(e)
		last = e
	}
	return i.Events(), last
}

func TestAnInterruptionClosesWhatIsOpen(t *testing.T) {
	t.Parallel()
	used := convo.Usage{Input: convo.Tokens{N: 5}, Output: convo.Tokens{N: 1}}
	closing, last := follow(
		turnEvent("", convo.ConversationCreated{}),
		turnEvent("queued", convo.TurnOpened{}),
		turnEvent("queued", convo.MessageGiven{ID: "u"}),
		turnEvent("queued", convo.TurnQueued{}),
		turnEvent("runs", convo.TurnOpened{}),
		turnEvent("runs", convo.TurnQueued{}),
		turnEvent("runs", convo.TurnStarted{Slot: 1}),
		turnEvent("runs", convo.ModelAsked{Model: "m", Prompt: 3}),
		turnEvent("runs", convo.ModelAnswered{Model: "m", Usage: used}),
		turnEvent("runs", convo.ModelAsked{Model: "m", Prompt: 40}),
		turnEvent("runs", convo.MessageStarted{ID: "a", Place: convo.Place(1, 0), Type: convo.Bot}),
		turnEvent("runs", convo.Delta{Message: "a", Type: convo.Bot, Text: "Hel"}),
		turnEvent("done", convo.TurnOpened{}),
		turnEvent("done", convo.TurnStarted{Slot: 2}),
		turnEvent("done", convo.TurnEnded{Reason: convo.EndDone}),
		turnEvent("runs", convo.Delta{Message: "a", Type: convo.Bot, Text: "lo"}),
	)
	estimated := convo.Usage{Input: convo.Tokens{N: 40, Estimated: true}, Output: convo.Tokens{N: 2, Estimated: true}}
	want := []convo.Event{
		turnEvent("queued", convo.TurnStarted{Slot: 3}),
		turnEvent("queued", convo.TurnEnded{Reason: convo.EndInterrupted}),
		turnEvent("runs", convo.MessageEnded{ID: "a", Place: convo.Place(1, 0), Type: convo.Bot, Text: "Hello", Incomplete: true}),
		turnEvent("runs", convo.ModelAnswered{Model: "m", Usage: estimated, Took: 6 * time.Second}),
		turnEvent("runs", convo.TurnEnded{Reason: convo.EndInterrupted, Usage: used.Add(estimated)}),
	}
	for i := range want {
		want[i].Seq, want[i].At = last.Seq+1+int64(i), last.At
	}
	if !reflect.DeepEqual(closing, want) {
		t.Errorf("got  %+v\nwant %+v", closing, want)
	}
}

func TestAnInterruptionEndsOpenCalls(t *testing.T) {
	t.Parallel()
	request := func(id string, index int64, runs convo.Runner) convo.ToolRequested {
		return convo.ToolRequested{
			ID: id, Message: "req-" + id, Place: convo.Place(1, index), Name: "f", Arguments: convo.JSON(`{"a":1}`), Runs: runs,
		}
	}
	answered := convo.ModelAnswered{Model: "m", Usage: convo.Usage{Input: convo.Tokens{N: 5}, Output: convo.Tokens{N: 1}}}
	waits := request("waits", 2, convo.RunsChannel)
	waits.Channel = "channel"
	log := []convo.Event{
		turnEvent("", convo.ConversationCreated{}),
		turnEvent("t", convo.TurnOpened{}),
		turnEvent("t", convo.TurnQueued{}),
		turnEvent("t", convo.TurnStarted{Slot: 1}),
		turnEvent("t", convo.ModelAsked{Model: "m", Prompt: 3}),
		turnEvent("t", request("done", 0, convo.RunsServer)),
		turnEvent("t", request("runs", 1, convo.RunsServer)),
		turnEvent("t", waits),
		turnEvent("t", convo.ToolStarted{ID: "waits", Message: "req-waits", Name: "f", Channel: "channel"}),
		turnEvent("t", convo.ToolEnded{ID: "done", Message: "res", Place: convo.Place(1, 3), Name: "f", Output: convo.JSON("1")}),
		turnEvent("t", convo.TurnWaiting{Answered: &answered}),
	}
	closing, last := follow(log...)
	end := func(id string, index int64, channel string) convo.ToolEnded {
		return convo.ToolEnded{
			ID: id, Place: convo.Place(1, index), Name: "f", Arguments: convo.JSON(`{"a":1}`), Channel: channel,
			Output: convo.JSON(`{"error":"interrupted"}`), Outcome: convo.ToolInterrupted,
		}
	}
	want := []convo.Event{
		turnEvent("t", end("runs", 4, "")),
		turnEvent("t", end("waits", 5, "channel")),
		turnEvent("t", answered),
		turnEvent("t", convo.TurnEnded{Reason: convo.EndInterrupted, Usage: answered.Usage}),
	}
	ids := map[string]bool{}
	for i := range want {
		want[i].Seq, want[i].At = last.Seq+1+int64(i), last.At
	}
	again, _ := follow(log...)
	if !reflect.DeepEqual(closing, again) {
		t.Errorf("the same log ends as %+v and as %+v", closing, again)
	}
	for i, e := range closing {
		if b, ok := e.Body.(convo.ToolEnded); ok {
			ids[b.Message] = len(b.Message) == 36
			b.Message = ""
			closing[i].Body = b
		}
	}
	if !reflect.DeepEqual(closing, want) || len(ids) != 2 {
		t.Errorf("messages %v\ngot  %+v\nwant %+v", ids, closing, want)
	}
}

func TestAnInterruptionEndsWhatClientsSayAndWhatWaitsForThem(t *testing.T) {
	t.Parallel()
	said := func(id, alias string) convo.MessageStarted {
		return convo.MessageStarted{ID: id, Type: convo.User, Alias: alias}
	}
	closing, last := follow(
		turnEvent("", convo.ConversationCreated{}),
		turnEvent("runs", convo.TurnOpened{}),
		turnEvent("runs", convo.TurnStarted{Slot: 1}),
		turnEvent("runs", convo.ToolRequested{ID: "k", Message: "q", Place: convo.Place(1, 0), Name: "f", Runs: convo.RunsUser, Asked: convo.Asked{Asks: convo.AsksInterrupt}}),
		turnEvent("runs", convo.InterruptStarted{ID: "i", Call: "k", Message: "q"}),
		turnEvent("says", convo.TurnOpened{Alias: "X"}),
		turnEvent("says", said("m", "M")),
		turnEvent("says", convo.PartStarted{Message: "m", Part: convo.Part{ID: "p"}}),
		turnEvent("says", convo.Delta{Message: "m", Type: convo.User, Part: "p", Text: "hal"}),
		turnEvent("later", convo.TurnOpened{}),
		turnEvent("sooner", convo.TurnOpened{}),
		turnEvent("sooner", convo.TurnQueued{}),
		turnEvent("later", convo.TurnQueued{}),
		turnEvent("says", convo.Delta{Message: "m", Type: convo.User, Part: "p", Text: "f"}),
	)
	at := func(n int) time.Time { return last.At.Add(time.Duration(n-14) * time.Second) }
	want := []convo.Event{
		turnEvent("runs", convo.InterruptEnded{ID: "i", Call: "k", Message: "q"}),
		turnEvent("runs", convo.ToolEnded{
			ID: "k", Place: convo.Place(1, 1), Name: "f", Output: convo.JSON(`{"error":"interrupted"}`), Outcome: convo.ToolInterrupted,
		}),
		turnEvent("runs", convo.TurnEnded{Reason: convo.EndInterrupted}),
		turnEvent("sooner", convo.TurnStarted{Slot: 2}),
		turnEvent("sooner", convo.TurnEnded{Reason: convo.EndInterrupted}),
		turnEvent("later", convo.TurnStarted{Slot: 3}),
		turnEvent("later", convo.TurnEnded{Reason: convo.EndInterrupted}),
		turnEvent("says", convo.PartEnded{Message: "m", Part: "p", Incomplete: true}),
		turnEvent("says", convo.MessageEnded{ID: "m", Type: convo.User, Alias: "M", Text: "half", Incomplete: true,
			Parts: []convo.Part{{ID: "p", End: 4, Incomplete: true, Created: at(8), Updated: last.At}}}),
		turnEvent("says", convo.TurnStarted{Slot: 4}),
		turnEvent("says", convo.TurnEnded{Reason: convo.EndInterrupted}),
	}
	for i := range want {
		want[i].Seq, want[i].At = last.Seq+1+int64(i), last.At
	}
	for i, e := range closing {
		if b, ok := e.Body.(convo.ToolEnded); ok {
			b.Message = ""
			closing[i].Body = b
		}
	}
	if !reflect.DeepEqual(closing, want) {
		t.Errorf("got  %+v\nwant %+v", closing, want)
	}
}

func TestAnInterruptionOfALogWithoutOpenTurnsIsNothing(t *testing.T) {
	t.Parallel()
	closing, _ := follow(
		turnEvent("", convo.ConversationCreated{}),
		turnEvent("", convo.MessageGiven{ID: "u", Place: convo.Place(1, 0)}),
		turnEvent("t", convo.TurnOpened{}),
		turnEvent("t", convo.TurnStarted{Slot: 2}),
		turnEvent("t", convo.ModelAsked{}),
		turnEvent("t", convo.TurnEnded{Reason: convo.EndFailed}),
	)
	if len(closing) != 0 {
		t.Errorf("got %+v", closing)
	}
}
