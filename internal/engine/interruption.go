package engine

import (
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
		for _, e := range i.open[t.ID].closing(t.ID, i.at) {
			add(e)
		}
		add(convo.Event{At: i.at, Turn: t.ID, Body: convo.TurnEnded{
			Reason: convo.EndInterrupted, Usage: i.head.Turn(t.ID).Usage,
		}})
	}
	return events
}
