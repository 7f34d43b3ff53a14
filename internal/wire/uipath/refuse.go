package uipath

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// refusal is an error as clients see it.
type refusal struct {
	id      string
	message string
	code    string // details.code; "" = none
}

// refusalOf says what a client is told of an error; nil if nothing is to be said.
func refusalOf(err error) *refusal {
	if err == nil || errors.Is(err, engine.ErrLate) || errors.Is(err, errEnded) || errors.Is(err, errRefusedBefore) || errors.Is(err, errLeft) {
		return nil
	}
	if r, ok := errors.AsType[*engine.Refused](err); ok {
		id, code := whyOf(string(r.Why))
		return &refusal{id, r.Cause.Message, code}
	}
	return &refusal{id: errClientEvent, message: convo.PublicError(err).Message}
}

// whyOf is the one table from the engine's reasons to the kinds of errors.
func whyOf(why string) (id, code string) {
	switch engine.Why(why) {
	case engine.ExchangeTaken, engine.BadExchange:
		return errExchangeCreate, ""
	case engine.QueueFull:
		return errExchangeCreate, "queue_full"
	case engine.UnknownExchange:
		return errNoExchange, ""
	case engine.BadMessage:
		return errMessageCreate, ""
	case engine.TooLarge:
		return errMessageCreate, "too_large"
	case engine.Flagged:
		return errMessageCreate, "moderated"
	case engine.NoContent:
		return errMessageEnd, ""
	case engine.BadPart:
		return errPartCreate, ""
	case engine.BadFile, engine.Unmaskable:
		return errFile, ""
	case engine.LostWords:
		return errMessageEnd, "lost_words"
	case engine.LimitsReached:
		return errExchangeCreate, "limits_reached"
	case engine.NoAgent:
		return errAgentStart, ""
	case engine.UnknownCall, engine.BadAnswer, engine.BadAside:
		return errClientEvent, ""
	}
	return errAgentRuntime, ""
}

func (r *refusal) event() *errorEvent {
	e := &errorEvent{ErrorID: r.id, StartError: &errorStart{Message: r.message}}
	if r.code != "" {
		e.StartError.Details = &errorDetails{Code: r.code}
	}
	return e
}

// refuse tells the client that something it said was not taken: on the level of the
// exchange, which is what certainly exists there. The condition is over at once,
// unless the exchange is.
func (s *socket) refuse(ctx context.Context, a *attachment, said engine.Said, err error) {
	why := refusalOf(err)
	if why == nil {
		return
	}
	s.logInternal(err, a.conversation)
	exchange := exchangeOf(said)
	if exchange == "" {
		s.refuseConversation(ctx, a.conversation, why.id, err)
		return
	}
	x := &exchangeEvent{ExchangeID: exchange, ExchangeError: why.event()}
	if r, ok := errors.AsType[*engine.Refused](err); ok && r.Why.Ends() {
		x.EndExchange = &ending{}
		s.mu.Lock()
		a.refused = remember(a.refused, exchange)
		s.mu.Unlock()
	} else {
		x.ExchangeError.EndError = &struct{}{}
	}
	if s.follows(a, exchange) {
		s.say(ctx, &event{ConversationID: a.conversation, Exchange: x})
	}
}

// refuseConversation tells the client that an event of a conversation was not taken.
func (s *socket) refuseConversation(ctx context.Context, conversation, id string, err error) {
	if errors.Is(err, errLeft) {
		return
	}
	s.logInternal(err, conversation)
	s.mu.Lock()
	a := s.attached[conversation]
	over := s.ended[conversation] || a != nil && a.closed // or will be: its end was read
	s.mu.Unlock()
	if over {
		return
	}
	s.say(ctx, &event{ConversationID: conversation, ConversationError: &errorEvent{
		ErrorID: id, StartError: &errorStart{Message: convo.PublicError(err).Message}, EndError: &struct{}{},
	}})
}

// logInternal logs what clients are not told.
func (s *socket) logInternal(err error, conversation string) {
	if convo.ErrorKind(err) == convo.Internal {
		s.live.log.Error("an event of a client failed", "error", err, "conversation", conversation)
	}
}

// follows reports whether the client still has an exchange, as far as it told.
func (s *socket) follows(a *attachment, exchange string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !a.closed && !a.stopped[exchange]
}

// has reports whether the client still has the session of an attachment.
func (s *socket) has(a *attachment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !a.closed
}
