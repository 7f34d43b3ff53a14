package storetest

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
)

func stepChecks() []check {
	return []check{
		{"steps leave out the deltas of messages that have ended", stepsOfEnded},
		{"the slot before a turn's is that of the turn before", slotsBefore},
	}
}

func stepsOfEnded(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	turn := uuid(2)
	w.append(turn, convo.TurnOpened{Front: "f"}, convo.TurnQueued{}, convo.TurnStarted{Slot: 1})
	w.append(turn,
		convo.MessageStarted{ID: uuid(3), Place: convo.Place(1, 0), Type: convo.Bot},
		convo.Delta{Message: uuid(3), Type: convo.Bot, Text: "one "},
		convo.Delta{Message: uuid(3), Type: convo.Bot, Text: "two"},
		convo.MessageEnded{ID: uuid(3), Place: convo.Place(1, 0), Type: convo.Bot, Text: "one two"},
	)
	w.append(turn, convo.MessageStarted{ID: uuid(4), Place: convo.Place(1, 2), Type: convo.Bot},
		convo.Delta{Message: uuid(4), Type: convo.Bot, Text: "three "})
	w.append(turn, convo.ModelAnswered{Model: "m"})
	w.append(turn, convo.Delta{Message: uuid(4), Type: convo.Bot, Text: "four"})
	var want, last []convo.Event
	for _, e := range w.events() {
		d, delta := e.Body.(convo.Delta)
		switch {
		case !delta:
			want = append(want, e)
		case d.Message == uuid(4):
			last = append(last, e)
		}
	}
	want = append(want, last...)
	read := func(after int64, most int) []convo.Event {
		var got []convo.Event
		must(t, s.Steps(t.Context(), "a", uuid(1), after, func(e convo.Event) bool {
			got = append(got, e)
			return len(got) < most
		}))
		return got
	}
	equal(t, "the steps", read(0, 1000), want)
	equal(t, "the first ones", read(0, 3), want[:3])
	equal(t, "those after the first", read(1, 1000), want[1:])
	equal(t, "those after the last row", read(want[len(want)-3].Seq, 1000), last[1:])
	mustBe(t, s.Steps(t.Context(), "b", uuid(1), 0, func(convo.Event) bool { return true }), convo.NotFound)
}

func slotsBefore(t *testing.T, d Driver) {
	s := d.Open(t)
	w := converse(t, s, "a", uuid(1))
	for n, slot := range []int64{1, 4} {
		turn := uuid(10 + n)
		w.append(turn, convo.TurnOpened{Front: "f"}, convo.TurnQueued{}, convo.TurnStarted{Slot: slot}, convo.TurnEnded{Reason: convo.EndDone})
	}
	w.append(uuid(20), convo.TurnOpened{Front: "f"})
	for slot, want := range map[int64]int64{1: 0, 2: 1, 4: 1, 5: 4} {
		got, err := s.SlotBefore(t.Context(), "a", uuid(1), slot)
		must(t, err)
		equal(t, "the slot", got, want)
	}
}
