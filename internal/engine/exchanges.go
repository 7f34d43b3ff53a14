package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Exchange is a turn as protocols with exchanges see it: with all that was said in
// it, from the user's words to the answers of the model and what they called. What
// is still going on is in it as far as it has come.
type Exchange struct {
	convo.Turn
	Messages []ExchangeMessage
	Updated  time.Time // of the last thing that happened in it
}

// Role says who speaks in an exchange.
type Role string

// The roles of messages in exchanges.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleSystem    Role = "system"
)

// RoleOf is the role of a message of a turn, "" for one that is in no exchange:
// reasoning belongs to what follows it, and activities are calls.
func RoleOf(t convo.MessageType) Role {
	switch t {
	case convo.User:
		return RoleUser
	case convo.Bot:
		return RoleAssistant
	case convo.Context, convo.Instruction, convo.Backstory:
		return RoleSystem
	}
	return ""
}

// ExchangeMessage is a message of an exchange. One of the assistant is an answer of
// the model: its text, if it has one, and what it calls.
type ExchangeMessage struct {
	convo.Message // its Parts and Citations as they are so far
	Role          Role
	Silent        bool // an answer without a text
	Open          bool // its text is still coming
	Reasoning     string
	Calls         []ExchangeCall
	Interrupts    []ExchangeInterrupt
}

// ExchangeCall is a call of a tool. Times are zero for what has not happened.
type ExchangeCall struct {
	convo.ToolRequested
	Input                               convo.JSON // what it runs with: the arguments, or what the user made of them
	Approved                            bool       // with Answered
	Output                              convo.JSON
	Outcome                             convo.ToolOutcome // with Ended
	Requested, Answered, Started, Ended time.Time
}

// Updated is when the last thing happened to the call.
func (c *ExchangeCall) Updated() time.Time {
	for _, at := range []time.Time{c.Ended, c.Started, c.Answered} {
		if !at.IsZero() {
			return at
		}
	}
	return c.Requested
}

// ExchangeInterrupt is an interrupt. Ended is zero while it is open.
type ExchangeInterrupt struct {
	ID, Type       string
	Value          convo.JSON
	Answer         convo.JSON // nil = nobody gave one
	Started, Ended time.Time
}

// OwnConversations reads a page of the conversations of the actor's user, by their
// last activity.
func (e *Engine) OwnConversations(ctx context.Context, actor convo.Actor, q store.ActiveQuery) ([]convo.Conversation, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	page, err := e.store.ConversationsOf(ctx, actor.Tenant, actor.User, q)
	if err != nil {
		return nil, err
	}
	return page, e.revealAll(ctx, page)
}

// The bounds of what a page of exchanges holds in memory: it is read in pieces, and
// ends when they have so many bytes.
const (
	exchangesAtOnce   = 8
	exchangePageBytes = 8 << 20
)

// Exchanges reads a page of a conversation's turns as exchanges, in the order in
// which they were opened. It is shorter than it may be where they are large; more
// says that there is at least one behind it.
func (e *Engine) Exchanges(
	ctx context.Context, actor convo.Actor, conversation string, q store.TurnQuery,
) (page []Exchange, more bool, err error) {
	if _, err := e.Conversation(ctx, actor, conversation); err != nil {
		return nil, false, err
	}
	most := q.Limit
	q.Limit++ // to see whether there is more
	turns, err := e.store.TurnsOpened(ctx, actor.Tenant, conversation, q)
	if err != nil {
		return nil, false, err
	}
	wanted, size := turns[:min(len(turns), most)], 0
	for piece := range slices.Chunk(wanted, exchangesAtOnce) {
		if size > exchangePageBytes {
			break
		}
		list, err := e.exchanges(ctx, hub.Key{Tenant: actor.Tenant, Conversation: conversation}, piece)
		if err != nil {
			return nil, false, err
		}
		for i := range list {
			size += list[i].size()
		}
		page = append(page, list...)
	}
	return page, len(page) < len(turns), nil
}

// size is about how many bytes an exchange holds.
func (x *Exchange) size() int {
	n := len(x.Metadata)
	for i := range x.Messages {
		m := &x.Messages[i]
		n += len(m.Text) + len(m.Reasoning)
		for _, c := range m.Calls {
			n += len(c.Arguments) + len(c.Input) + len(c.Output)
		}
	}
	return n
}

// ErrNoExchange is the cause of errors that say that there is no such exchange in a
// conversation that there is.
var ErrNoExchange = errors.New("no such exchange")

// Exchange reads one, by the id that its client chose, or its turn's.
func (e *Engine) Exchange(ctx context.Context, actor convo.Actor, conversation, id string) (Exchange, error) {
	if _, err := e.Conversation(ctx, actor, conversation); err != nil {
		return Exchange{}, err
	}
	turn, err := e.store.TurnByAlias(ctx, actor.Tenant, conversation, id)
	if convo.ErrorKind(err) == convo.NotFound {
		turn, err = e.store.Turn(ctx, actor.Tenant, conversation, id)
	}
	if err != nil {
		return Exchange{}, noExchange(id, err)
	}
	list, err := e.exchanges(ctx, hub.Key{Tenant: actor.Tenant, Conversation: conversation}, []convo.Turn{turn})
	if err != nil {
		return Exchange{}, err
	}
	return list[0], nil
}

func noExchange(id string, err error) error {
	if convo.ErrorKind(err) != convo.NotFound {
		return err
	}
	return convo.WrapError(convo.NotFound, ErrNoExchange, "exchange %q not found in this conversation", clip(id))
}

// RateExchange stores a vote on an exchange, in place of an earlier one: 1 or -1.
func (e *Engine) RateExchange(ctx context.Context, actor convo.Actor, conversation, id string, value int, reason string, ask *Ask) error {
	key, err := owned(actor, conversation)
	if err != nil {
		return err
	}
	if err := errOr(checkVote(value), e.checkText(reason)); err != nil {
		return err
	}
	return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		if err := own(actor, tx.Head().Conversation); err != nil {
			return nil, err
		}
		turn, err := tx.TurnByAlias(id)
		if convo.ErrorKind(err) == convo.NotFound {
			turn, err = tx.Turn(id)
		}
		if err != nil {
			return nil, noExchange(id, err)
		}
		rated := convo.Rated{ID: newID(), Value: value, Reason: reason}
		return nil, tx.Append(convo.Event{At: now(), Turn: turn.ID, Origin: actor.Token, Body: rated})
	})
}
