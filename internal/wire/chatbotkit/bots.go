package chatbotkit

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

func (c *call) bot() string { return bots().named(c) }

// cloneBot answers with the id of the new bot.
func cloneBot(c *call, _ emptyRequest) error {
	c.rendersObject()
	clone, err := c.engine().CloneBot(c.r.Context(), c.actor, c.bot(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(clone, false)
}

func upvoteBot(c *call, in upvoteRequest) error { return c.voteBot(in.Value.or(strongest), in.Reason) }

func downvoteBot(c *call, in downvoteRequest) error {
	return c.voteBot(in.Value.or(-strongest), in.Reason)
}

// voteBot answers with the id of the bot, to which the rating belongs.
func (c *call) voteBot(value int64, reason string) error {
	c.ask.Render = func(result any) []byte {
		rating, _ := result.(convo.Object)
		return encode(idObject{rating.Parent})
	}
	rating, err := c.engine().RateBot(c.r.Context(), c.actor, c.bot(), int(value), reason, c.ask)
	if err != nil {
		return err
	}
	return c.reply(rating, false)
}

// botUsageObject has no optional fields: a bot that nobody talked to shows 0.
type botUsageObject struct {
	Tokens        int64 `json:"tokens"`
	Conversations int64 `json:"conversations"`
	Messages      int64 `json:"messages"`
}

func fetchBotUsage(c *call) error {
	usage, err := c.engine().BotUsage(c.r.Context(), c.actor, c.bot())
	if err != nil {
		return err
	}
	return c.answer(encode(botUsageObject{usage.Tokens, usage.Conversations, usage.Messages}), false)
}

// botSessionRequest says how the conversation of a session begins.
type botSessionRequest struct {
	createSessionRequest
	Messages  []messageItem           `json:"messages" doc:"The first messages of the conversation. Nothing is generated."`
	Meta      httpio.Optional[object] `json:"meta" doc:"Of the conversation: anything of the caller's, up to 64 KiB."`
	ContactID httpio.Optional[string] `json:"contactId" doc:"Whom the conversation is with: a contact, by its id or fingerprint."`
}

// botSessionObject is the only time that the session's token is seen.
type botSessionObject struct {
	ID             string        `json:"id"`
	ConversationID string        `json:"conversationId"`
	Token          string        `json:"token"`
	ExpiresAt      int64         `json:"expiresAt"`
	Messages       []echoMessage `json:"messages,omitzero"`
}

// createBotSession makes a conversation of the bot and a token for it.
func createBotSession(c *call, in botSessionRequest) error {
	seconds := in.DurationInSeconds.or(sessionDefault)
	c.ask.Render = func(result any) []byte {
		s, _ := result.(engine.BotSession)
		out := botSessionObject{ID: s.Bot, ConversationID: s.Conversation, Token: s.Token, ExpiresAt: millis(s.Expires)}
		if in.Messages != nil {
			out.Messages = echoed(s.Messages)
		}
		return encode(out)
	}
	made, err := c.engine().CreateBotSession(c.r.Context(), c.actor, c.bot(), engine.NewBotSession{
		Lasts: time.Duration(seconds) * time.Second, Contact: in.ContactID.Pointer(), Meta: convo.JSON(in.Meta.Value), Messages: newMessages(in.Messages),
	}, c.ask)
	if err != nil {
		return err
	}
	return c.reply(made, false)
}
