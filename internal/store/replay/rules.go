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
		return l.checkOpened(e)
	case convo.TurnQueued, convo.TurnStarted, convo.TurnWaiting, convo.TurnResumed, convo.TurnEnded,
		convo.ModelAsked, convo.ModelAnswered:
		if l.head.Turn(e.Turn) == nil {
			return wrong(e, "its turn %q is not open", e.Turn)
		}
	case convo.MessageGiven:
		return l.checkNew(e, b.ID, b.Place)
	case convo.MessageStarted:
		return l.checkNew(e, b.ID, b.Place)
	case convo.Delta:
		return l.checkComes(e, b.Message)
	case convo.MessageEnded:
		return l.checkEnd(e, b)
	case convo.MessageChanged:
		return l.checkExists(e, b.ID)
	case convo.MessageDeleted:
		return l.checkExists(e, b.ID)
	case convo.ToolRequested, convo.ToolStarted, convo.ToolEnded:
		return l.checkCall(e)
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
		case c.message != b.Message:
			return wrong(e, "the message of call %q is %q, not %q", b.ID, c.message, b.Message)
		}
	case convo.ToolEnded:
		if err := l.checkOpenCall(e, b.ID); err != nil {
			return err
		}
		return l.checkNew(e, b.Message, b.Place)
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
	return nil
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
