package engine

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Interruption follows the log of a conversation and knows the events that
// would close the turns that it leaves open, as if the process had died now:
// what [Engine.Start] writes for a turn whose model call was open. The zero
// value is one at the beginning of a log.
type Interruption struct {
	head convo.Head
	open map[string]*unfinished
	at   time.Time // of the last event
}

// Follow takes in the next event of the log.
func (i *Interruption) Follow(e convo.Event) {
	i.head.Project(e)
	i.at = e.At
	switch e.Body.(type) {
	case convo.TurnOpened:
		if i.open == nil {
			i.open = make(map[string]*unfinished)
		}
		i.open[e.Turn] = &unfinished{}
	case convo.TurnEnded:
		delete(i.open, e.Turn)
	}
	if u := i.open[e.Turn]; u != nil {
		u.add(e)
	}
}

// Events are those that follow if nothing else does, numbered: none, if no turn
// is open. Their times are that of the log's last event, so that the same log
// always ends in the same way.
func (i *Interruption) Events() []convo.Event {
	var events []convo.Event
	add := func(e convo.Event) {
		e.Seq = i.head.LastSeq + 1
		i.head.Project(e)
		events = append(events, e)
	}
	for _, t := range slices.Clone(i.head.Open) {
		if t.State == convo.StateOpen || t.State == convo.StateQueued {
			add(convo.Event{At: i.at, Turn: t.ID, Body: convo.TurnStarted{Slot: i.head.NextSlot}})
		}
		i.close(t.ID, add)
		add(convo.Event{At: i.at, Turn: t.ID, Body: convo.TurnEnded{
			Reason: convo.EndInterrupted, Usage: i.head.Turn(t.ID).Usage,
		}})
	}
	return events
}

// close adds the ends of what a turn left open: of its message, its calls, and
// its model call, in this order.
func (i *Interruption) close(turn string, add func(convo.Event)) {
	var answered []convo.Event
	for _, e := range i.open[turn].closing(turn, i.at) {
		if _, ok := e.Body.(convo.ModelAnswered); ok {
			answered = append(answered, e)
		} else {
			add(e)
		}
	}
	for _, call := range slices.Clone(i.head.Turn(turn).Calls) {
		ended := call.Ended(responseID(turn, call.ID), outcomeOutput(convo.ToolInterrupted), convo.ToolInterrupted)
		t := i.head.Turn(turn)
		ended.Place = convo.Place(t.Slot, t.Next)
		add(convo.Event{At: i.at, Turn: turn, Body: ended})
	}
	for _, e := range answered {
		add(e)
	}
}

// responseID makes the id of a call's response of the call's own, always the
// same: a UUID of version 8, which is for rules of one's own.
func responseID(turn, call string) string {
	sum := sha256.Sum256([]byte("response\x00" + turn + "\x00" + call))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
