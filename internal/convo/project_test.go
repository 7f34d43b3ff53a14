package convo_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// log applies events to a head, one each millisecond.
type log struct {
	head convo.Head
	now  time.Time
}

func newLog() *log {
	l := &log{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	l.head.Tenant, l.head.ID = "tenant", "conversation"
	l.apply("", convo.ConversationCreated{})
	return l
}

func (l *log) apply(turn string, body convo.Body) convo.Effect {
	l.now = l.now.Add(time.Millisecond)
	return l.head.Project(convo.Event{Seq: l.head.LastSeq + 1, At: l.now, Turn: turn, Origin: "token", Body: body})
}

func TestProjectGivesAConversationItsFields(t *testing.T) {
	t.Parallel()
	l := newLog()
	created := l.now
	if l.head.NextSlot != 1 || l.head.LastSeq != 1 || l.head.Created != created || l.head.Updated != created {
		t.Errorf("created: %+v", l.head)
	}
	name := "name"
	l.apply("", convo.ConversationChanged{Fields: convo.Fields{Name: &name}})
	if l.head.Name != &name || l.head.Created != created || l.head.Updated != l.now {
		t.Errorf("changed: %+v", l.head)
	}
	l.apply("", convo.Restarted{From: 3, To: 1_000_002})
	if l.head.LastSeq != 3 {
		t.Errorf("the last number is %d: it is the event's own", l.head.LastSeq)
	}
}

func TestProjectMovesATurnThroughItsStates(t *testing.T) {
	t.Parallel()
	l := newLog()
	used := convo.Usage{Input: convo.Tokens{N: 2}, Output: convo.Tokens{N: 3, Estimated: true}}
	failure := &convo.Failure{Kind: convo.UpstreamFailed}
	want := convo.Turn{
		Tenant: "tenant", Conversation: "conversation", ID: "t", Front: "front", Zone: "UTC", Origin: "token",
		State: convo.StateOpen, OpenedSeq: 2, Opened: l.now.Add(time.Millisecond),
	}
	for _, step := range []struct {
		body   convo.Body
		change func()
	}{
		{convo.TurnOpened{Front: "front", Zone: "UTC"}, func() {}},
		{convo.MessageGiven{ID: "m", Place: 0}, func() { want.Next = 1 }},
		{convo.TurnQueued{}, func() { want.State, want.QueuedSeq = convo.StateQueued, 4 }},
		{convo.TurnStarted{Slot: 4}, func() {
			want.State, want.QueuedSeq, want.Slot, want.Started = convo.StateRunning, 0, 4, l.now
		}},
		{convo.ModelAsked{From: 9}, func() { want.ContextFrom = 9 }},
		{convo.MessageStarted{ID: "a", Place: convo.Place(4, 3)}, func() { want.Next = 4 }},
		{convo.ModelAnswered{Usage: used}, func() { want.Usage = used }},
		{convo.ModelAnswered{Usage: used}, func() { want.Usage = used.Add(used) }},
		{convo.TurnWaiting{}, func() { want.State = convo.StateWaiting }},
		{convo.TurnResumed{}, func() { want.State = convo.StateRunning }},
		{convo.TurnEnded{Reason: convo.EndFailed, Usage: used, Failure: failure}, func() {
			want.State, want.Reason, want.Usage, want.Failure, want.Ended = convo.StateEnded, convo.EndFailed, used, failure, l.now
		}},
	} {
		effect := l.apply("t", step.body)
		step.change()
		if effect.Turn == nil || !reflect.DeepEqual(*effect.Turn, want) {
			t.Fatalf("after %T: %+v, want %+v", step.body, effect.Turn, want)
		}
		if open := l.head.Turn("t"); want.State == convo.StateEnded {
			if open != nil {
				t.Errorf("an ended turn is open: %+v", open)
			}
		} else if open == nil || !reflect.DeepEqual(*open, want) {
			t.Errorf("in the head after %T: %+v", step.body, open)
		} else if open == effect.Turn {
			t.Error("the effect shares its turn with the head")
		}
	}
	if l.head.NextSlot != 5 || l.head.ContextFrom != 9 || l.head.Updated != l.now {
		t.Errorf("head: %+v", l.head)
	}
	if effect := l.apply("t", convo.TurnQueued{}); effect != (convo.Effect{}) {
		t.Errorf("an event of a turn that has ended has an effect: %+v", effect)
	}
}

func TestProjectKeepsTheQueueInItsOrder(t *testing.T) {
	t.Parallel()
	l := newLog()
	for _, id := range []string{"a", "b", "c"} {
		l.apply(id, convo.TurnOpened{})
	}
	if l.head.Active() != nil || l.head.NextQueued() != nil {
		t.Error("an open turn is neither active nor queued")
	}
	l.apply("c", convo.TurnQueued{})
	l.apply("b", convo.TurnQueued{})
	if next := l.head.NextQueued(); next == nil || next.ID != "c" {
		t.Errorf("next is %+v, want the one queued first", next)
	}
	l.apply("b", convo.TurnStarted{Slot: 1})
	before := l.head.Open
	l.apply("a", convo.TurnEnded{Reason: convo.EndStopped})
	if active := l.head.Active(); active == nil || active.ID != "b" || len(l.head.Open) != 2 {
		t.Errorf("open: %+v", l.head.Open)
	}
	if len(before) != 3 || before[0].ID != "a" || before[1].ID != "b" || before[2].ID != "c" {
		t.Errorf("a list that somebody may hold was changed: %+v", before)
	}
}

func TestProjectGivesMessagesTheirPlaces(t *testing.T) {
	t.Parallel()
	l := newLog()
	fields := convo.MessageFields{Type: convo.User, Meta: convo.JSON(`{}`)}
	effect := l.apply("", convo.MessageGiven{ID: "m", Place: convo.Place(1, 0), Fields: fields, Text: "text"})
	want := convo.Message{
		Conversation: "conversation", ID: "m", Place: convo.Place(1, 0), MessageFields: fields, Text: "text",
		Created: l.now, Updated: l.now,
	}
	if effect.Message == nil || !reflect.DeepEqual(*effect.Message, want) || effect.Turn != nil || effect.Slotted != nil {
		t.Errorf("given: %+v", effect)
	}
	if l.head.NextSlot != 2 || l.head.Updated != l.now {
		t.Errorf("head: %+v", l.head)
	}
	effect = l.apply("", convo.MessageStarted{ID: "p", Place: convo.Place(2, 0), Type: convo.Bot})
	if effect.Message != nil || l.head.NextSlot != 3 {
		t.Errorf("started: %+v, next slot %d", effect, l.head.NextSlot)
	}
	if effect = l.apply("", convo.Delta{Message: "p", Text: "t"}); effect != (convo.Effect{}) {
		t.Errorf("a delta has an effect: %+v", effect)
	}
	ended := convo.MessageEnded{ID: "p", Place: convo.Place(2, 0), Type: convo.Bot, Text: "t", Incomplete: true}
	effect = l.apply("", ended)
	if m := effect.Message; m == nil || m.Text != "t" || m.Type != convo.Bot || !m.Incomplete || m.Place != ended.Place {
		t.Errorf("ended: %+v", effect.Message)
	}
	if l.head.Updated != l.now {
		t.Error("the end of a message does not show on the conversation")
	}
}

func TestProjectSlotsATurnThatStarts(t *testing.T) {
	t.Parallel()
	l := newLog()
	l.apply("t", convo.TurnOpened{})
	l.apply("t", convo.MessageGiven{ID: "m", Place: 0})
	if l.head.NextSlot != 1 {
		t.Errorf("a message that waits took slot %d", l.head.NextSlot-1)
	}
	effect := l.apply("t", convo.TurnStarted{Slot: 1})
	if effect.Slotted == nil || effect.Slotted.Slot != 1 || effect.Slotted.ID != "t" || l.head.NextSlot != 2 {
		t.Errorf("%+v, next slot %d", effect.Slotted, l.head.NextSlot)
	}
}

func TestPlaceAndSlotOfBelongTogether(t *testing.T) {
	t.Parallel()
	for _, slot := range []int64{0, 1, 2, 1 << 30} {
		for _, index := range []int64{0, 1, 1<<20 - 1} {
			if got := convo.SlotOf(convo.Place(slot, index)); got != slot {
				t.Errorf("the place of %d in slot %d lies in slot %d", index, slot, got)
			}
		}
	}
	if convo.Place(1, 1<<20-1) >= convo.Place(2, 0) {
		t.Error("places of slots overlap")
	}
}
