package client

import "context"

// BotService holds the operations on bots: configurations that conversations and
// completions name by the field BotID.
type BotService struct {
	objects[Bot, BotCreateRequest, BotUpdateRequest]

	Session *BotSessionService
	Memory  *BotMemoryService
}

func newBotService(c *Client) *BotService {
	id := func(b *Bot) string { return b.ID }
	return &BotService{
		objects: objects[Bot, BotCreateRequest, BotUpdateRequest]{client: c, kind: "bot", id: id},
		Session: &BotSessionService{client: c},
		Memory:  &BotMemoryService{client: c},
	}
}

// BotOptions are what a caller sets on a bot. Conversations of the bot take its
// values as they are when a turn starts.
type BotOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Alias       Optional[string] `json:"alias,omitzero"` // a second id, unique among those of its kind
	BlueprintID Optional[string] `json:"blueprintId,omitzero"`
	Visibility  Visibility       `json:"visibility,omitzero"` // "" = private, or as it is
	Model       Optional[string] `json:"model,omitzero"`
	Backstory   Optional[string] `json:"backstory,omitzero"`
	DatasetID   Optional[string] `json:"datasetId,omitzero"`
	SkillsetID  Optional[string] `json:"skillsetId,omitzero"`
	Privacy     Optional[bool]   `json:"privacy,omitzero"`
	Moderation  Optional[bool]   `json:"moderation,omitzero"`
}

// BotCreateRequest makes a bot.
type BotCreateRequest BotOptions

// BotUpdateRequest changes a bot: what is absent stays as it is, and what is
// [Null] is cleared.
type BotUpdateRequest BotOptions

// Bot is a bot as lists show it.
type Bot struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	BotOptions
}

// Clone makes a bot with the same configuration.
func (s *BotService) Clone(ctx context.Context, id string, options ...Option) (*Reference, error) {
	return s.post(ctx, struct{}{}, options, id, "clone")
}

// Upvote rates a bot well.
func (s *BotService) Upvote(ctx context.Context, id string, in VoteRequest, options ...Option) (*Reference, error) {
	return s.post(ctx, in, options, id, "upvote")
}

// Downvote rates a bot badly.
func (s *BotService) Downvote(ctx context.Context, id string, in VoteRequest, options ...Option) (*Reference, error) {
	return s.post(ctx, in, options, id, "downvote")
}

// BotUsage is what the conversations of a bot cost.
type BotUsage struct {
	Tokens        int64 `json:"tokens"`
	Conversations int64 `json:"conversations"`
	Messages      int64 `json:"messages"`
}

// Usage counts what the conversations of a bot cost.
func (s *BotService) Usage(ctx context.Context, id string, options ...Option) (*BotUsage, error) {
	r, err := getObject("bot", id, "usage", "fetch")
	return call[BotUsage](ctx, s.client, r, err, options)
}

// BotSessionService makes conversations of a bot, with tokens for browsers.
type BotSessionService struct{ client *Client }

// BotSessionCreateRequest says how long a session lasts, and how its
// conversation begins.
type BotSessionCreateRequest struct {
	DurationInSeconds int       `json:"durationInSeconds,omitzero"` // 1800 to 86400; 0 = 3600
	Messages          []Message `json:"messages,omitzero"`
	Meta              Meta      `json:"meta,omitzero"`
}

// BotSession is a new conversation of a bot, and a token that works for it until
// it expires. The token is shown only now.
type BotSession struct {
	ID             string    `json:"id"` // of the bot
	ConversationID string    `json:"conversationId"`
	Token          string    `json:"token"`
	ExpiresAt      Time      `json:"expiresAt"`
	Messages       []Message `json:"messages"`
}

// Create makes a conversation of a bot, and a token that a browser may have.
func (s *BotSessionService) Create(ctx context.Context, bot string, in BotSessionCreateRequest, options ...Option) (*BotSession, error) {
	r, err := postObject(in, "bot", bot, "session", "create")
	return call[BotSession](ctx, s.client, r, err, options)
}
