package client

// ContactRatingService lists the votes in the conversations with a contact, newest
// first.
type ContactRatingService struct{ parts[Rating] }

func newContactRatingService(c *Client) *ContactRatingService {
	id := func(r *Rating) string { return r.ID }
	return &ContactRatingService{parts[Rating]{client: c, kind: "contact", part: "rating", id: id}}
}

// Rating is a vote on a conversation or on one of its messages.
type Rating struct {
	ID             string `json:"id"`
	CreatedAt      Time   `json:"createdAt"`
	UpdatedAt      Time   `json:"updatedAt"`
	ContactID      string `json:"contactId"` // "" = none
	BotID          string `json:"botId"`     // "" = none
	ConversationID string `json:"conversationId"`
	MessageID      string `json:"messageId"` // "" = the whole conversation
	Value          int    `json:"value"`     // from -100 to 100
	Reason         string `json:"reason"`
}
