package engine

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
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
	said map[string]*saidText // by message: what clients are saying
	at   time.Time            // of the last event
}

// saidText is the text so far of a message that a client says piece by piece.
type saidText struct {
	text    strings.Builder
	lengths map[string]convo.Length // by part
}

// Follow takes in the next event of the log.
func (i *Interruption) Follow(e convo.Event) {
	i.head.Project(e)
	i.at = e.At
	if i.hear(e) {
		return
	}
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

// hear takes in an event of a message that a client says, and reports whether it
// is one.
func (i *Interruption) hear(e convo.Event) bool {
	switch b := e.Body.(type) {
	case convo.MessageStarted:
		t := i.head.Turn(e.Turn)
		if t == nil || t.ComingMessage(b.ID) == nil {
			return false
		}
		if i.said == nil {
			i.said = make(map[string]*saidText)
		}
		i.said[b.ID] = &saidText{lengths: make(map[string]convo.Length)}
		return true
	case convo.Delta:
		s := i.said[b.Message]
		if s == nil {
			return false
		}
		s.text.WriteString(b.Text)
		s.lengths[b.Part] = s.lengths[b.Part].Add(convo.LengthOf(b.Text))
		return true
	case convo.MessageEnded:
		s := i.said[b.ID]
		delete(i.said, b.ID)
		return s != nil
	}
	return false
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
	for _, t := range inTurn(i.head.Open) {
		if t.State == convo.StateOpen || t.State == convo.StateQueued {
			i.endSaid(t, add)
			add(convo.Event{At: i.at, Turn: t.ID, Body: convo.TurnStarted{Slot: i.head.NextSlot}})
		}
		i.close(t.ID, add)
		add(convo.Event{At: i.at, Turn: t.ID, Body: convo.TurnEnded{
			Reason: convo.EndInterrupted, Usage: i.head.Turn(t.ID).Usage,
		}})
	}
	return events
}

// inTurn gives open turns in the order in which they would run.
func inTurn(open []convo.Turn) []convo.Turn {
	key := func(t convo.Turn) int64 {
		switch t.State {
		case convo.StateOpen:
			return math.MaxInt64
		case convo.StateQueued:
			return t.QueuedSeq
		}
		return t.OpenedSeq
	}
	return slices.SortedStableFunc(slices.Values(open), func(a, b convo.Turn) int { return cmp.Compare(key(a), key(b)) })
}

// endSaid adds the ends of what the client of a turn is saying.
func (i *Interruption) endSaid(t convo.Turn, add func(convo.Event)) {
	for _, c := range t.Coming {
		if open := c.Open(); open != nil {
			add(convo.Event{At: i.at, Turn: t.ID, Body: convo.PartEnded{Message: c.ID, Part: open.ID, Incomplete: true}})
		}
		said := i.said[c.ID]
		coming := i.head.Turn(t.ID).ComingMessage(c.ID)
		ended := coming.End(said.text.String(), func(part string) convo.Length { return said.lengths[part] }, true, i.at)
		add(convo.Event{At: i.at, Turn: t.ID, Body: ended})
	}
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
		if call.Interrupt != "" {
			add(convo.Event{At: i.at, Turn: turn, Body: convo.InterruptEnded{
				ID: call.Interrupt, Call: call.ID, Message: call.Message,
			}})
		}
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
