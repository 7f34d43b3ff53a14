package client

import "context"

// CompactStatelessRequest brings what is to be summed up.
type CompactStatelessRequest struct {
	Messages   []Message        `json:"messages"` // oldest first
	BotID      Optional[string] `json:"botId,omitzero"`
	Model      Optional[string] `json:"model,omitzero"`
	Backstory  Optional[string] `json:"backstory,omitzero"`
	DatasetID  Optional[string] `json:"datasetId,omitzero"`
	SkillsetID Optional[string] `json:"skillsetId,omitzero"`
	Privacy    Optional[bool]   `json:"privacy,omitzero"`
	Moderation Optional[bool]   `json:"moderation,omitzero"`
	Extensions *Extensions      `json:"extensions,omitzero"`
}

// Compacted is a summary. Without a text there was nothing to sum up.
type Compacted struct {
	ID    string `json:"id"` // of the new message, or else of the conversation; "" without one
	Text  string `json:"text"`
	Usage Usage  `json:"usage"`
}

// Compact has a model sum up a conversation, and stores that as a message of the
// type [MessageCheckpoint]: later turns are given it in place of what stands
// before it. The messages themselves stay.
func (s *ConversationService) Compact(ctx context.Context, id string, options ...Option) (*Compacted, error) {
	r, err := postConversation(id, struct{}{}, "compact")
	return call[Compacted](ctx, s.client, r, err, options)
}

// CompactStateless sums up messages that are stored nowhere, for a caller who puts
// the text in their place. Like [ConversationService.CompleteStateless] it has an
// idempotency key only if it is given one.
func (s *ConversationService) CompactStateless(ctx context.Context, in CompactStatelessRequest, options ...Option) (*Compacted, error) {
	r, err := post("/conversation/compact", in)
	r.key = ""
	return call[Compacted](ctx, s.client, r, err, options)
}
