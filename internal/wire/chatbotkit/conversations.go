package chatbotkit

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// createdConversation is the answer to create. Messages are echoed only to
// those who sent some.
type createdConversation struct {
	ID       string        `json:"id"`
	Messages []echoMessage `json:"messages,omitzero"`
}

// echoMessage is a stored message in the answer to create.
type echoMessage struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Text string `json:"text"`
	Meta object `json:"meta,omitempty"`
}

// MarshalJSON keeps the object as it was sent.
func (o object) MarshalJSON() ([]byte, error) { return o, nil }

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
			out.Messages = []echoMessage{} // an empty list is not an absent one
		}
		for _, m := range created.Messages {
			out.Messages = append(out.Messages, echoMessage{m.ID, string(m.Type), m.Text, object(m.Meta)})
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

// fetchUsage takes from as the first moment that counts and to as the first
// that does not.
func fetchUsage(c *call) error {
	from, err := c.query.Time("from")
	if err != nil {
		return err
	}
	to, err := c.query.Time("to")
	if err != nil {
		return err
	}
	usage, err := c.engine().Usage(c.r.Context(), c.actor, c.conversation(), from, to)
	if err != nil {
		return err
	}
	return c.answer(encode(usageObject{usage.Tokens, usage.Messages}), false)
}

// The directions of a vote, with its default value.
const (
	up   = 100
	down = -100
)

// vote rates a message, or the conversation where the path names no message.
// What it answers with is the id of what was rated.
func vote(direction int) func(*call, voteRequest) error {
	return func(c *call, in voteRequest) error {
		value := direction
		if v := in.Value.Pointer(); v != nil {
			value = *v
		}
		if value == 0 || value > 0 != (direction > 0) || max(value, -value) > 100 {
			if direction > 0 {
				return convo.Errorf(convo.Invalid, "value must be a whole number from 1 to 100")
			}
			return convo.Errorf(convo.Invalid, "value must be a whole number from -100 to -1")
		}
		rated := c.message()
		if rated == "" {
			rated = c.conversation()
		}
		c.rendersID(rated)
		err := c.engine().Rate(c.r.Context(), c.actor, c.conversation(), c.message(), value, in.Reason, c.ask)
		if err != nil {
			return err
		}
		return c.reply(nil, false)
	}
}

// How long a session token lasts, in seconds.
const (
	sessionDefault = 3600
	sessionShort   = 1800
	sessionLong    = 86400
)

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
	seconds := int64(sessionDefault)
	if given := in.DurationInSeconds.Pointer(); given != nil {
		seconds = *given
	}
	if seconds < sessionShort || seconds > sessionLong {
		return convo.Errorf(convo.Invalid, "durationInSeconds must be a whole number from %d to %d", sessionShort, sessionLong)
	}
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
