// Package replay goes through the log of one conversation from its beginning:
// it refuses an event that cannot follow those before it, and knows what the
// projections are after it. What an event means is [convo.Head.Project]; this
// package adds what that leaves to stores, and keeps no rules of its own beyond
// those that the port names.
//
// Imports are prepared with it, and the audit compares a store with it.
package replay

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Log is a conversation as its log says it is, as far as events were added. Make
// one with New; it belongs to one goroutine.
type Log struct {
	head     convo.Head
	messages map[string]*Message
	open     map[string]*opened
	turns    map[string]convo.Turn
	waiting  map[string][]*Message // by turn: those that have no slot yet
	places   map[int64]bool        // taken, by messages that exist or come
	calls    map[callKey]*call
	left     map[string][]convo.Event // by message: the waits that say what its call will ask
	aliases  map[aliasKey]bool
	asks     map[string]string // by turn: the interrupt that is open
	remnants []Remnant
	keep     func(text string) string
}

// Remnant is an event that holds something of a message that was deleted, after it
// or before.
type Remnant struct {
	Seq     int64
	Message string
}

// Message is a message, and the events that it is made of.
type Message struct {
	convo.Message
	Seq     int64   // the event that gave or ended it
	Changes []int64 // the events that changed it
	TextSeq int64   // that of them which last changed the text; 0 = none
	Parts   []int64 // every event that says something of it, its deltas included
	holding []int64 // those of them that hold something that a deletion erases
}

// opened is a message that comes piece by piece.
type opened struct {
	id      string
	turn    string
	place   int64
	kind    convo.MessageType
	text    strings.Builder
	parts   []int64
	holding []int64 // those of them, but for deltas, that hold what a deletion erases
	alias   string
	said    []said // its parts
	whole   said   // its text, if it has none
}

// callKey names a call. A later turn may carry out a call of an earlier one again.
type callKey struct{ turn, id string }

// call is a call that was requested.
type call struct {
	message            string // the activity message of its request
	asks               convo.Asks
	runs               convo.Runner
	started, ended     bool
	answered, approved bool
}

// New begins with an empty log. keep, if it is not nil, makes of each message's
// text what is kept of it: a digest, for who has no use for the text.
func New(tenant, conversation string, keep func(text string) string) *Log {
	if keep == nil {
		keep = func(text string) string { return text }
	}
	l := &Log{
		messages: make(map[string]*Message), open: make(map[string]*opened), turns: make(map[string]convo.Turn),
		waiting: make(map[string][]*Message), places: make(map[int64]bool),
		calls: make(map[callKey]*call), left: make(map[string][]convo.Event), keep: keep,
		aliases: make(map[aliasKey]bool), asks: make(map[string]string),
	}
	l.head.Tenant, l.head.ID = tenant, conversation
	return l
}

// Head is the conversation with the end of its log and its open turns. It
// belongs to the Log.
func (l *Log) Head() *convo.Head { return &l.head }

// Message gives a message that exists, or nil. It belongs to the Log.
func (l *Log) Message(id string) *Message { return l.messages[id] }

// Messages gives all messages that exist, those without a place included, in the
// order of their events.
func (l *Log) Messages() []*Message {
	list := make([]*Message, 0, len(l.messages))
	for _, m := range l.messages {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *Message) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}

// Turns gives all turns, ended or not, in the order in which they were opened.
func (l *Log) Turns() []convo.Turn {
	list := make([]convo.Turn, 0, len(l.turns))
	for _, t := range l.turns {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b convo.Turn) int { return cmp.Compare(a.OpenedSeq, b.OpenedSeq) })
	return list
}

// Pending counts what has not ended: turns, and messages that come piece by piece.
func (l *Log) Pending() (turns, messages int) { return len(l.head.Open), len(l.open) }

// Coming reports whether a message comes piece by piece and has not ended.
func (l *Log) Coming(id string) bool { return l.open[id] != nil }

// Remnants gives the events that hold what should have been erased from them.
func (l *Log) Remnants() []Remnant { return l.remnants }

// Add applies the next event. An error is of kind Invalid, names the number and
// says what is wrong; then the event is not applied, and later ones may still be
// added, for whoever looks for everything that is wrong.
func (l *Log) Add(e convo.Event) error {
	if err := l.check(e); err != nil {
		return err
	}
	effect := l.head.Project(e)
	if effect.Turn != nil {
		l.turns[effect.Turn.ID] = *effect.Turn
	}
	if effect.Slotted != nil {
		l.slot(effect.Slotted)
	}
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		l.name(aliasKey{alias: b.Alias})
	case convo.MessageGiven:
		l.name(aliasKey{true, e.Turn, b.Alias})
		l.put(e, effect.Message, []int64{e.Seq})
	case convo.MessageStarted:
		l.name(aliasKey{true, e.Turn, b.Alias})
		l.open[b.ID] = &opened{id: b.ID, turn: e.Turn, place: b.Place, kind: b.Type, alias: b.Alias}
		l.open[b.ID].note(e)
		l.places[b.Place] = true
	case convo.Delta:
		o := l.open[b.Message]
		o.text.WriteString(b.Text)
		last := o.last()
		last.length = last.length.Add(convo.LengthOf(b.Text))
		o.note(e)
	case convo.MessageEnded:
		o := l.open[b.ID]
		delete(l.open, b.ID)
		l.put(e, effect.Message, append(o.parts, e.Seq))
		m := l.messages[b.ID]
		m.holding = append(m.holding, o.holding...)
	case convo.MessageChanged:
		l.change(e, b)
	case convo.MessageDeleted:
		l.delete(b.ID)
	case convo.Rated:
		if t, ok := l.turns[e.Turn]; ok && b.Message == "" {
			t.Rate(e.Seq, b)
			l.turns[e.Turn] = t
		}
	case convo.PartStarted, convo.PartEnded, convo.Cited:
		l.addPart(e)
	default:
		l.addCall(e, effect)
	}
	return nil
}

// addCall applies the events of tool calls.
func (l *Log) addCall(e convo.Event, effect convo.Effect) {
	switch b := e.Body.(type) {
	case convo.TurnWaiting:
		for _, c := range b.Left {
			l.left[c.Message] = append(l.left[c.Message], e)
		}
	case convo.ToolRequested:
		l.calls[callKey{e.Turn, b.ID}] = &call{message: b.Message, asks: b.Asked.Asks, runs: b.Runs}
		l.put(e, effect.Message, []int64{e.Seq})
		for _, wait := range l.left[b.Message] {
			m := l.messages[b.Message]
			m.Parts = append(m.Parts, wait.Seq)
			m.note(wait)
		}
	case convo.ToolStarted:
		l.calls[callKey{e.Turn, b.ID}].started = true
		l.addTo(b.Message, e)
	case convo.ToolAnswered:
		c := l.calls[callKey{e.Turn, b.ID}]
		c.answered, c.approved = true, b.Approved
		l.addTo(b.Message, e)
	case convo.InterruptStarted:
		l.asks[e.Turn] = b.ID
		l.addTo(b.Message, e)
	case convo.InterruptEnded:
		delete(l.asks, e.Turn)
		l.addTo(b.Message, e)
	case convo.ToolEnded:
		l.calls[callKey{e.Turn, b.ID}].ended = true
		l.put(e, effect.Message, []int64{e.Seq})
	}
}

// addTo counts an event among those of a call's request. One that holds something
// where the request was deleted is a remnant.
func (l *Log) addTo(message string, e convo.Event) {
	if m := l.messages[message]; m != nil {
		m.Parts = append(m.Parts, e.Seq)
		m.note(e)
	} else if holds(e, message) {
		l.remnants = append(l.remnants, Remnant{e.Seq, message})
	}
}

func (l *Log) put(e convo.Event, m *convo.Message, parts []int64) {
	kept := &Message{Message: *m, Seq: e.Seq, Parts: parts}
	kept.note(e)
	kept.Text = l.keep(kept.Text)
	l.messages[m.ID] = kept
	if convo.SlotOf(m.Place) > 0 {
		l.places[m.Place] = true
		return
	}
	l.waiting[m.Turn] = append(l.waiting[m.Turn], kept)
}

func (l *Log) change(e convo.Event, b convo.MessageChanged) {
	m := l.messages[b.ID]
	m.Change(b, e.At)
	m.Changes, m.Parts = append(m.Changes, e.Seq), append(m.Parts, e.Seq)
	m.note(e)
	if b.Text != nil {
		m.Text, m.TextSeq = l.keep(*b.Text), e.Seq
	}
}

// note remembers an event that holds something that a deletion erases.
func (m *Message) note(e convo.Event) {
	if holds(e, m.ID) {
		m.holding = append(m.holding, e.Seq)
	}
}

// holds reports whether an event holds something of a message that a deletion erases.
func holds(e convo.Event, message string) bool {
	erased, ok := convo.Erase(e.Body, message)
	return ok && !reflect.DeepEqual(erased, e.Body)
}

func (l *Log) delete(id string) {
	m := l.messages[id]
	for _, seq := range m.holding {
		l.remnants = append(l.remnants, Remnant{seq, id})
	}
	delete(l.places, m.Place)
	delete(l.aliases, aliasKey{true, m.Turn, m.Alias})
	delete(l.messages, id)
}

// slot gives the messages that a turn was given before the slot that it took.
func (l *Log) slot(turn *convo.Turn) {
	for _, m := range l.waiting[turn.ID] {
		if l.messages[m.ID] == m {
			m.Place |= convo.Place(turn.Slot, 0)
			l.places[m.Place] = true
		}
	}
	delete(l.waiting, turn.ID)
}
