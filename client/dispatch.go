package client

import "context"

// DispatchRequest asks for a turn in a stored conversation that nobody waits for.
type DispatchRequest struct {
	CompleteRequest
	ChannelID string `json:"channelId,omitzero"` // "" = a new one
}

// DispatchStatelessRequest asks for such a turn without a stored conversation.
type DispatchStatelessRequest struct {
	CompleteStatelessRequest
	ChannelID string `json:"channelId,omitzero"` // "" = a new one
}

// Dispatched says on which channel a turn is read.
type Dispatched struct {
	ChannelID string `json:"channelId"`
}

// Dispatch stores the user's message and returns while the server answers it. The
// turn goes on whatever becomes of its caller, and once after a crash of the
// server. It is read with [ChannelService.TurnStream], from its first event and by
// as many as like, and ended with [ChannelService.Stop].
func (s *ConversationService) Dispatch(ctx context.Context, id string, in DispatchRequest, options ...Option) (*Dispatched, error) {
	r, err := postConversation(id, in, "dispatch")
	return call[Dispatched](ctx, s.client, r, err, options)
}

// DispatchStateless is [ConversationService.Dispatch] without a stored
// conversation. The turn can be read for a day.
func (s *ConversationService) DispatchStateless(ctx context.Context, in DispatchStatelessRequest, options ...Option) (*Dispatched, error) {
	r, err := post("/conversation/dispatch", in)
	return call[Dispatched](ctx, s.client, r, err, options)
}
