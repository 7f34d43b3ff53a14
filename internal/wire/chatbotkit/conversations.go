package chatbotkit

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// createdConversation is the answer to create. Messages are echoed only to
// those who sent some.
type createdConversation struct {
	ID       string        `json:"id"`
	Messages []echoMessage `json:"messages,omitzero"`
}

// echoMessage is a stored message in the answer to create.
type echoMessage struct {
	ID   string      `json:"id"`
	Type messageType `json:"type"`
	Text string      `json:"text"`
	Meta object      `json:"meta,omitempty"`
}

// echoed gives messages as they were stored; an empty list is not an absent one.
func echoed(messages []convo.Message) []echoMessage {
	list := []echoMessage{}
	for _, m := range messages {
		list = append(list, echoMessage{m.ID, messageType(m.Type), m.Text, object(m.Meta)})
	}
	return list
}

// createConversation renders before it calls: the engine stores the answer in
// the transaction that makes the conversation, so that a repeat of the request
// gets the same ids.
func createConversation(c *call, in createConversationRequest) error {
	create := engine.NewConversation{Messages: newMessages(in.Messages)}
	in.apply(&create.Fields)
	c.ask.Render = func(result any) []byte {
		created, _ := result.(engine.Created)
		out := createdConversation{ID: created.Conversation.ID}
		if in.Messages != nil {
			out.Messages = echoed(created.Messages)
		}
		return encode(out)
	}
	created, err := c.engine().CreateConversation(c.r.Context(), c.actor, create, c.ask)
	if err != nil {
		return err
	}
	return c.reply(created, false)
}

func fetchConversation(c *call) error {
	found, err := c.engine().Conversation(c.r.Context(), c.actor, c.conversation())
	if err != nil {
		return err
	}
	return c.answer(encode(showConversation(found)), false)
}

// updateConversation hands the engine a change, not values: what is absent
// stays as it is stored when the change is made.
func updateConversation(c *call, in conversationRequest) error {
	c.rendersID(c.conversation())
	err := c.engine().UpdateConversation(c.r.Context(), c.actor, c.conversation(), in.apply, c.ask)
	if err != nil {
		return err
	}
	return c.reply(nil, false)
}

func deleteConversation(c *call, _ emptyRequest) error {
	c.rendersID(c.conversation())
	if err := c.engine().DeleteConversation(c.r.Context(), c.actor, c.conversation(), c.ask); err != nil {
		return err
	}
	return c.reply(nil, false)
}

// usageObject has no optional fields: a conversation without turns shows 0.
type usageObject struct {
	Tokens   int64 `json:"tokens"`
	Messages int64 `json:"messages"`
}

// The parameters of a usage.
var (
	usageFrom = httpio.TimeParam("from", "The first moment that counts: an ISO 8601 date or time, or milliseconds since 1970.")
	usageTo   = httpio.TimeParam("to", "The first moment that does not count any more, in the same forms.")
)

// fetchUsage takes from as the first moment that counts and to as the first
// that does not.
func fetchUsage(c *call) error {
	from, err := param(c, usageFrom)
	if err != nil {
		return err
	}
	to, err := param(c, usageTo)
	if err != nil {
		return err
	}
	usage, err := c.engine().Usage(c.r.Context(), c.actor, c.conversation(), from, to)
	if err != nil {
		return err
	}
	return c.answer(encode(usageObject{usage.Tokens, usage.Messages}), false)
}

func upvote(c *call, in upvoteRequest) error {
	return c.vote(in.Value.or(strongest), in.Reason)
}

func downvote(c *call, in downvoteRequest) error {
	return c.vote(in.Value.or(-strongest), in.Reason)
}

// vote rates a message, or the conversation where the path names no message.
// What it answers with is the id of what was rated.
func (c *call) vote(value int64, reason string) error {
	rated := c.message()
	if rated == "" {
		rated = c.conversation()
	}
	c.rendersID(rated)
	err := c.engine().Rate(c.r.Context(), c.actor, c.conversation(), c.message(), int(value), reason, c.ask)
	if err != nil {
		return err
	}
	return c.reply(nil, false)
}

// sessionObject is the only time that a session's token is seen. Its expiry is
// in milliseconds, though its duration was asked for in seconds.
type sessionObject struct {
	ID        string `json:"id"`
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expiresAt"`
}

// createSession makes a token that a browser may have: it works for this
// conversation only.
func createSession(c *call, in createSessionRequest) error {
	seconds := in.DurationInSeconds.or(sessionDefault)
	c.ask.Render = func(result any) []byte {
		s, _ := result.(engine.Session)
		return encode(sessionObject{ID: c.conversation(), Token: s.Token, ExpiresAt: millis(s.Expires)})
	}
	made, err := c.engine().CreateSession(c.r.Context(), c.actor, c.conversation(), time.Duration(seconds)*time.Second, c.ask)
	if err != nil {
		return err
	}
	return c.reply(made, false)
}
