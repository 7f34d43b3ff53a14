package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// ratingObject is a vote of a contact as its list shows it.
type ratingObject struct {
	ID             string `json:"id"`
	ContactID      string `json:"contactId,omitempty"`
	BotID          string `json:"botId,omitempty"`
	ConversationID string `json:"conversationId"`
	MessageID      string `json:"messageId,omitempty"` // absent on a vote on the whole conversation
	Value          int    `json:"value"`
	Reason         string `json:"reason,omitempty"`
	CreatedAt      int64  `json:"createdAt"`
	UpdatedAt      int64  `json:"updatedAt"`
}

func showRating(v convo.Vote) ratingObject {
	return ratingObject{
		ID: v.ID, ContactID: v.ContactID, BotID: v.BotID, ConversationID: v.Conversation, MessageID: v.Message,
		Value: v.Value, Reason: v.Reason, CreatedAt: millis(v.At), UpdatedAt: millis(v.At),
	}
}

// contactRatings lists the votes in the conversations with a contact.
func contactRatings(c *call) error {
	return answerList(c, newestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.Vote], error) {
		return c.engine().ContactVotes(ctx, c.actor, contacts().named(c), list)
	}, showRating))
}
