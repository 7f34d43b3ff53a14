package replay

import "github.com/parleyhq/parley/internal/convo"

// check refuses an event that cannot follow those before it.
func (l *Log) check(e convo.Event) error {
	if e.Body == nil {
		return wrong(e, "it says nothing")
	}
	if err := l.checkNumber(e); err != nil {
		return err
	}
	_, created := e.Body.(convo.ConversationCreated)
	switch {
	case created && l.head.LastSeq > 0:
		return wrong(e, "it creates the conversation again")
	case !created && l.head.LastSeq == 0:
		return wrong(e, "a log begins with the creation of its conversation")
	}
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		return errorsFirst(l.checkOpened(e), l.checkAlias(e, aliasKey{alias: b.Alias}))
	case convo.TurnQueued, convo.TurnStarted, convo.TurnWaiting, convo.TurnResumed, convo.TurnEnded,
		convo.ModelAsked, convo.ModelAnswered:
		if l.head.Turn(e.Turn) == nil {
			return wrong(e, "its turn %q is not open", e.Turn)
		}
		return l.checkStep(e)
	case convo.MessageGiven:
		return errorsFirst(l.checkNew(e, b.ID, b.Place), l.checkAlias(e, aliasKey{true, e.Turn, b.Alias}),
			checkParts(e, b.ID, b.Text, b.Parts), l.checkSources(e, b.Sources))
	case convo.MessageStarted:
		return errorsFirst(l.checkNew(e, b.ID, b.Place), l.checkAlias(e, aliasKey{true, e.Turn, b.Alias}))
	case convo.Delta:
		return l.checkText(e, b)
	case convo.PartStarted, convo.PartEnded, convo.Cited:
		return l.checkPart(e)
	case convo.MessageEnded:
		return l.checkEnd(e, b)
	case convo.MessageChanged:
		return l.checkExists(e, b.ID)
	case convo.MessageDeleted:
		return l.checkExists(e, b.ID)
	case convo.ToolRequested, convo.ToolStarted, convo.ToolEnded,
		convo.ToolAnswered, convo.ToolOffered, convo.InterruptStarted, convo.InterruptEnded:
		return l.checkCall(e)
	}
	return nil
}

// checkStep refuses what a turn does while something of it is open.
func (l *Log) checkStep(e convo.Event) error {
	switch e.Body.(type) {
	case convo.TurnStarted:
		if t := l.head.Turn(e.Turn); len(t.Coming) > 0 {
			return wrong(e, "the turn starts before its message %q has ended", t.Coming[0].ID)
		}
	case convo.TurnEnded:
		if id := l.asks[e.Turn]; id != "" {
			return wrong(e, "the turn ends before its interrupt %q", id)
		}
	}
	return nil
}

// checkCall refuses what contradicts what is known of a call: it is requested,
// then started at most once, then ended, once in a turn.
func (l *Log) checkCall(e convo.Event) error {
	if l.head.Turn(e.Turn) == nil {
		return wrong(e, "its turn %q is not open", e.Turn)
	}
	switch b := e.Body.(type) {
	case convo.ToolRequested:
		if b.ID == "" {
			return wrong(e, "a call needs an id")
		}
		if l.calls[callKey{e.Turn, b.ID}] != nil {
			return wrong(e, "there is a call %q already", b.ID)
		}
		return l.checkNew(e, b.Message, b.Place)
	case convo.ToolStarted:
		if err := l.checkOpenCall(e, b.ID); err != nil {
			return err
		}
		switch c := l.calls[callKey{e.Turn, b.ID}]; {
		case c.started:
			return wrong(e, "call %q was started already", b.ID)
		case c.asks != convo.AsksNothing && !c.approved:
			return wrong(e, "call %q was started before it was approved", b.ID)
		}
		return l.checkRequestOf(e, b.ID, b.Message)
	case convo.ToolEnded:
		if err := l.checkOpenCall(e, b.ID); err != nil {
			return err
		}
		if t := l.head.Turn(e.Turn); t.Call(b.ID) != nil && t.Call(b.ID).Interrupt != "" {
			return wrong(e, "call %q ends before its interrupt", b.ID)
		}
		return errorsFirst(l.checkNew(e, b.Message, b.Place), l.checkSources(e, b.Sources))
	}
	return l.checkAnswer(e)
}

// checkSources refuses numbers that other sources have.
func (l *Log) checkSources(e convo.Event, n convo.Numbers) error {
	if n.Count > 0 && n.First <= l.head.Sources {
		return wrong(e, "its sources have numbers from %d on, and %d is given already", n.First, l.head.Sources)
	}
	return nil
}

// checkAnswer refuses what clients cannot have said to a call: one that asks is
// answered once, before it starts, and one interrupt of a turn is open at a time.
func (l *Log) checkAnswer(e convo.Event) error {
	switch b := e.Body.(type) {
	case convo.ToolAnswered:
		if err := l.checkOpenCall(e, b.ID); err != nil {
			return err
		}
		if c := l.calls[callKey{e.Turn, b.ID}]; c.asks == convo.AsksNothing || c.answered || c.started {
			return wrong(e, "call %q does not wait for an answer", b.ID)
		}
		return l.checkRequestOf(e, b.ID, b.Message)
	case convo.ToolOffered:
		if err := l.checkOpenCall(e, b.ID); err != nil {
			return err
		}
		if l.calls[callKey{e.Turn, b.ID}].runs != convo.RunsClient {
			return wrong(e, "call %q does not run in a client", b.ID)
		}
		return l.checkRequestOf(e, b.ID, b.Message)
	case convo.InterruptStarted:
		if err := l.checkOpenCall(e, b.Call); err != nil {
			return err
		}
		if id := l.asks[e.Turn]; b.ID == "" || id != "" {
			return wrong(e, "an interrupt needs an id, and that no other one of its turn is open: there is %q", id)
		}
		return l.checkRequestOf(e, b.Call, b.Message)
	case convo.InterruptEnded:
		if err := l.checkOpenCall(e, b.Call); err != nil {
			return err
		}
		if b.ID == "" || l.asks[e.Turn] != b.ID {
			return wrong(e, "the interrupt %q is not open", b.ID)
		}
		return l.checkRequestOf(e, b.Call, b.Message)
	}
	return nil
}

// checkRequestOf refuses an event that names another message than that of its
// call's request.
func (l *Log) checkRequestOf(e convo.Event, id, message string) error {
	if of := l.calls[callKey{e.Turn, id}].message; of != message {
		return wrong(e, "the message of call %q is %q, not %q", id, of, message)
	}
	return nil
}

func errorsFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) checkOpenCall(e convo.Event, id string) error {
	switch c := l.calls[callKey{e.Turn, id}]; {
	case c == nil:
		return wrong(e, "its turn has requested no call %q", id)
	case c.ended:
		return wrong(e, "call %q has ended", id)
	}
	return nil
}

// checkNumber refuses a gap that the event does not name itself.
func (l *Log) checkNumber(e convo.Event) error {
	next := l.head.LastSeq + 1
	if r, ok := e.Body.(convo.Restarted); ok {
		if r.From != next || r.To != e.Seq || e.Seq < next {
			return wrong(e, "it skips the numbers %d to %d, where %d comes next", r.From, r.To, next)
		}
		return nil
	}
	if e.Seq != next {
		return wrong(e, "the number %d comes next", next)
	}
	return nil
}

func (l *Log) checkOpened(e convo.Event) error {
	if e.Turn == "" {
		return wrong(e, "a turn needs an id")
	}
	if _, ok := l.turns[e.Turn]; ok {
		return wrong(e, "there is a turn %q already", e.Turn)
	}
	return nil
}

func (l *Log) checkNew(e convo.Event, id string, place int64) error {
	switch {
	case id == "":
		return wrong(e, "a message needs an id")
	case l.open[id] != nil || l.messages[id] != nil:
		return wrong(e, "there is a message %q already", id)
	case place < 0:
		return wrong(e, "the place of message %q is negative", id)
	case convo.SlotOf(place) > 0 && l.places[place]:
		return wrong(e, "the place of message %q is taken", id)
	}
	return nil
}

func (l *Log) checkComes(e convo.Event, id string) error {
	if l.open[id] == nil {
		return wrong(e, "message %q has not started, or has ended", id)
	}
	return nil
}

func (l *Log) checkEnd(e convo.Event, b convo.MessageEnded) error {
	if err := l.checkComes(e, b.ID); err != nil {
		return err
	}
	o := l.open[b.ID]
	switch {
	case o.place != b.Place:
		return wrong(e, "message %q ends at another place than that of its start", b.ID)
	case len(b.Text) < o.text.Len() || b.Text[:o.text.Len()] != o.text.String():
		return wrong(e, "the text of message %q is not that of its deltas", b.ID)
	}
	return l.checkEndOfParts(e, b)
}

func (l *Log) checkExists(e convo.Event, id string) error {
	if l.messages[id] == nil {
		return wrong(e, "there is no message %q", id)
	}
	return nil
}

func wrong(e convo.Event, format string, args ...any) error {
	err := convo.Errorf(convo.Invalid, format, args...)
	err.Message = numbered(e.Seq, err.Message)
	return err
}
