package engine

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

func (u *utterance) sayMessageEnd(s SaidMessageEnd) error {
	t, unknown, err := u.find(s.Exchange)
	switch {
	case err != nil:
		return err
	case unknown:
		return unknownExchange(s.Exchange)
	case t == nil:
		return nil
	}
	m, err := u.openMessage(t.ID, SaidMessage{Message: s.Message, Role: "user"})
	if err != nil || m == nil {
		return err
	}
	turn, kind := t.ID, m.Type
	if kind != convo.User {
		u.open = append(u.open, turn)
		return u.endOrder(turn, m)
	}
	return u.endInput(turn, m)
}

// endOrder ends a message that is not the user's.
func (u *utterance) endOrder(turn string, m *convo.Coming) error {
	ended, err := u.endMessage(turn, m)
	u.orders[turn] = append(u.orders[turn], order{ended.ID, len(ended.Text)})
	return err
}

// endMessage ends a message, with its open part.
func (u *utterance) endMessage(turn string, m *convo.Coming) (convo.MessageEnded, error) {
	if open := m.Open(); open != nil {
		message := m.ID
		if err := u.append(turn, convo.PartEnded{Message: message, Part: open.ID}); err != nil {
			return convo.MessageEnded{}, err
		}
		m = u.tx.Head().Turn(turn).ComingMessage(message)
	}
	ended, err := endOf(u.tx, m, false)
	if err != nil {
		return ended, err
	}
	return ended, u.append(turn, ended)
}

// endOf is the end of a message as far as it has come.
func endOf(tx store.Tx, m *convo.Coming, incomplete bool) (convo.MessageEnded, error) {
	text, err := tx.Text(m.ID)
	if err != nil {
		return convo.MessageEnded{}, err
	}
	length := func(part string) convo.Length { return tx.Length(m.ID, part) }
	return m.End(text, length, incomplete, now()), nil
}

// endInput ends the user's message. With it the turn is asked for: it is queued, and
// starts if nothing runs before it; or the exchange fails.
func (u *utterance) endInput(turn string, m *convo.Coming) error {
	id := m.ID
	for _, other := range slices.Clone(u.tx.Head().Turn(turn).Coming) {
		if other.ID == id {
			continue
		}
		if err := u.endOrder(turn, &other); err != nil {
			return err
		}
	}
	m = u.tx.Head().Turn(turn).ComingMessage(id)
	flagged, err := u.judged(turn, m)
	if flagged || err != nil {
		return err
	}
	ended, err := u.endMessage(turn, m)
	if err != nil {
		return err
	}
	why, err := u.verdict(ended)
	if err != nil {
		return err
	}
	if why == nil {
		why = u.objection(turn, ended)
	}
	if why != nil {
		return u.fail(turn, why, u.spoilt(turn, why, id)...)
	}
	if err := u.append(turn, convo.TurnQueued{}); err != nil {
		return err
	}
	u.complete = append(u.complete, turn)
	if u.started != nil {
		return nil
	}
	u.started, err = u.e.startNext(u.tx)
	if u.started != nil && u.started.id == turn && u.view.ofFirst(u.started.turn) {
		u.view.hand(u.started, ended)
	}
	return err
}

// judged has the open part of a user's message judged before it ends, with what was said
// before it, if the conversation is moderated: from its end on others can read it. If it
// is flagged, the exchange has failed. The error sends it to be judged first.
func (u *utterance) judged(turn string, m *convo.Coming) (flagged bool, err error) {
	tx, ok := u.tx.(*maskingTx)
	open := m.Open()
	if !ok || open == nil || open.File != nil || m.Type != convo.User {
		return false, nil
	}
	config, err := tx.configOf(tx.Head().Fields)
	if err != nil || !moderated(config) {
		return false, err
	}
	said := tx.unjudgedText(m.ID, open.ID)
	why, known := u.known.judged[said]
	switch {
	case !known:
		return false, unjudged{config: config, text: said}
	case why != nil:
		return true, u.fail(turn, why, m.ID)
	}
	tx.pass(m.ID, open.ID)
	return false, nil
}

// verdict is why a user's message may not be said in a private or a moderated
// conversation; nil = it may.
func (u *utterance) verdict(m convo.MessageEnded) (*Refused, error) {
	tx, ok := u.tx.(*maskingTx)
	if !ok {
		return nil, nil
	}
	config, err := tx.configOf(tx.Head().Fields)
	if err != nil || !private(config) && !moderated(config) {
		return nil, err
	}
	if tx.lost(m.ID) {
		return refused(LostWords, convo.Unavailable, "the server was started again while this was said; say it again"), nil
	}
	if err := unmaskable(config, m.Parts); err != nil {
		return &Refused{Why: Unmaskable, Cause: convo.PublicError(err)}, nil
	}
	return nil, nil
}

// objection is why a user's message cannot have a turn; nil = it can.
func (u *utterance) objection(turn string, m convo.MessageEnded) *Refused {
	file := slices.ContainsFunc(m.Parts, func(p convo.Part) bool { return p.File != nil })
	switch {
	case m.Text == "" && !file:
		return refused(NoContent, convo.Invalid, "the message is empty; say something, or add a file")
	case u.view.err != nil:
		public := convo.PublicError(u.view.err)
		return &Refused{Why: NoAgent, Cause: public}
	case u.view.quota != nil:
		return &Refused{Why: LimitsReached, Cause: convo.PublicError(u.view.quota)}
	}
	size := estimate(len(m.Text)) + u.known.fileTokens(m.Parts, u.view.files, u.view.images)
	for _, o := range u.given(turn) {
		size += estimate(o.bytes)
	}
	if size > u.view.room {
		return refused(TooLarge, convo.TooLarge, "the message has about %d tokens, and the model takes %d more; shorten it, or choose a model with a larger window", size, max(u.view.room, 0))
	}
	return nil
}

// spoilt are the messages that go with an exchange whose user's message cannot have
// a turn.
func (u *utterance) spoilt(turn string, why *Refused, message string) []string {
	switch why.Why {
	case NoAgent:
		return nil
	case TooLarge, LimitsReached: // with them it was too long, and nothing of it is to stay
		list := []string{message}
		for _, o := range u.given(turn) {
			list = append(list, o.message)
		}
		return list
	}
	return []string{message}
}

// given are the orders of an exchange, that ended before this was said or with it.
func (u *utterance) given(turn string) []order {
	return slices.Concat(u.view.orders[turn], u.orders[turn])
}

// fail ends an exchange before its turn could run, without those messages: what no
// prompt can hold, or says nothing, would stand in the way of the turns that follow.
func (u *utterance) fail(turn string, why *Refused, without ...string) error {
	if err := beginClosing(u.tx, *u.tx.Head().Turn(turn)); err != nil {
		return err
	}
	for _, id := range without {
		m, err := u.tx.Message(id)
		if err == nil {
			err = deleteMessage(u.tx, m, u.saying.From)
		}
		if err != nil {
			return err
		}
	}
	return u.close(turn, convo.TurnEnded{Reason: convo.EndFailed, Failure: why.failureOf()}, "")
}

// close ends an exchange that has not run.
func (u *utterance) close(turn string, end convo.TurnEnded, by string) error {
	t := *u.tx.Head().Turn(turn)
	u.over[t.Alias], u.over[t.ID] = true, true
	if err := closeTurn(u.tx, t, end, by); err != nil {
		return err
	}
	t.Reason = end.Reason
	u.closed = append(u.closed, t)
	return nil
}

// sayStop ends an exchange, whatever it is doing. One that runs or waits is ended
// when this is committed.
func (u *utterance) sayStop(s SaidStop) error {
	t, _, err := u.find(s.Exchange)
	if err != nil || t == nil {
		return err
	}
	if t.State == convo.StateOpen || t.State == convo.StateQueued {
		return u.close(t.ID, convo.TurnEnded{Reason: convo.EndStopped}, u.saying.From)
	}
	u.over[t.Alias], u.over[t.ID] = true, true
	u.stops = append(u.stops, t.ID)
	if r := u.e.running(t.ID); r != nil {
		r.cancel(stoppedBy{u.saying.From}) // before the commit, which may wait for a disk
	}
	return nil
}

// endComing ends the messages of a turn that have not, as they are. Who says them
// needs no word of it.
func endComing(tx store.Tx, t convo.Turn) error {
	for _, m := range t.Coming {
		add := func(body convo.Body) error {
			return tx.Append(convo.Event{At: now(), Turn: t.ID, Origin: t.Origin, Body: body})
		}
		if open := m.Open(); open != nil {
			if err := add(convo.PartEnded{Message: m.ID, Part: open.ID, Incomplete: true}); err != nil {
				return err
			}
			m = *tx.Head().Turn(t.ID).ComingMessage(m.ID)
		}
		ended, err := endOf(tx, &m, true)
		if err != nil {
			return err
		}
		if err := add(ended); err != nil {
			return err
		}
	}
	return nil
}
