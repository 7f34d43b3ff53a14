package client

import (
	"context"
	"iter"
)

// MessageService holds the operations on the messages of a conversation.
type MessageService struct{ client *Client }

// MessageType says whose a message is, or what it is for.
type MessageType string

// The types of messages.
const (
	MessageUser        MessageType = "user"
	MessageBot         MessageType = "bot"
	MessageContext     MessageType = "context"     // facts for the model at this place
	MessageInstruction MessageType = "instruction" // an order at this place
	MessageBackstory   MessageType = "backstory"
	MessageReasoning   MessageType = "reasoning"  // the model's thinking
	MessageActivity    MessageType = "activity"   // a call of a function, or its result
	MessageCheckpoint  MessageType = "checkpoint" // a summary of what stands before it
)

// Message is a message. In a request only the type, the text and the meta count.
type Message struct {
	ID          string           `json:"id,omitzero"`
	Type        MessageType      `json:"type"`
	Text        string           `json:"text"`
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	CreatedAt   Time             `json:"createdAt,omitzero"`
	UpdatedAt   Time             `json:"updatedAt,omitzero"`
}

// StoredMessage names a new message. Entities are those that are known of its
// text.
type StoredMessage struct {
	ID       string   `json:"id"`
	Entities []Entity `json:"entities"`
}

// MessageCreateRequest adds a message to a conversation; it asks for no answer.
type MessageCreateRequest struct {
	Type        MessageType      `json:"type"`
	Text        string           `json:"text"`
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	Entities    []Entity         `json:"entities,omitzero"`
}

// MessageUpdateRequest changes what is given, and clears what is [Null].
type MessageUpdateRequest struct {
	Type        Optional[MessageType] `json:"type,omitzero"`
	Text        Optional[string]      `json:"text,omitzero"`
	Name        Optional[string]      `json:"name,omitzero"`
	Description Optional[string]      `json:"description,omitzero"`
	Meta        Optional[Meta]        `json:"meta,omitzero"`
	Entities    []Entity              `json:"entities,omitzero"`
}

func (s *MessageService) listing(conversation string) listing[Message] {
	path, err := conversationPath(conversation, "message", "list")
	return listing[Message]{client: s.client, path: path, err: err, id: func(m *Message) string { return m.ID }}
}

// List reads a page of the messages, oldest first.
func (s *MessageService) List(ctx context.Context, conversation string, in ListRequest, options ...Option) (*Page[Message], error) {
	return s.listing(conversation).page(ctx, in, options)
}

// All reads all messages page by page; in.Take is the length of a page.
func (s *MessageService) All(ctx context.Context, conversation string, in ListRequest, options ...Option) iter.Seq2[Message, error] {
	return s.listing(conversation).all(ctx, in, options)
}

// ListStream reads the messages out of one answer: all of them, or in.Take.
func (s *MessageService) ListStream(ctx context.Context, conversation string, in ListRequest, options ...Option) iter.Seq2[Message, error] {
	return s.listing(conversation).stream(ctx, in, options)
}

// Fetch reads a message.
func (s *MessageService) Fetch(ctx context.Context, conversation, id string, options ...Option) (*Message, error) {
	r, err := getConversation(conversation, nil, "message", id, "fetch")
	return call[Message](ctx, s.client, r, err, options)
}

// Create adds a message.
func (s *MessageService) Create(ctx context.Context, conversation string, in MessageCreateRequest, options ...Option) (*StoredMessage, error) {
	r, err := postConversation(conversation, in, "message", "create")
	return call[StoredMessage](ctx, s.client, r, err, options)
}

// Update changes the fields that are given.
func (s *MessageService) Update(ctx context.Context, conversation, id string, in MessageUpdateRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(conversation, in, "message", id, "update")
	return call[Reference](ctx, s.client, r, err, options)
}

// Delete removes a message.
func (s *MessageService) Delete(ctx context.Context, conversation, id string, options ...Option) (*Reference, error) {
	r, err := postConversation(conversation, struct{}{}, "message", id, "delete")
	return call[Reference](ctx, s.client, r, err, options)
}

// Upvote rates a message well.
func (s *MessageService) Upvote(ctx context.Context, conversation, id string, in VoteRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(conversation, in, "message", id, "upvote")
	return call[Reference](ctx, s.client, r, err, options)
}

// Downvote rates a message badly.
func (s *MessageService) Downvote(ctx context.Context, conversation, id string, in VoteRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(conversation, in, "message", id, "downvote")
	return call[Reference](ctx, s.client, r, err, options)
}

// SpokenMessage is a message that was spoken, and the file of its conversation that
// says it.
type SpokenMessage struct {
	ID           string `json:"id"`           // of the message
	AttachmentID string `json:"attachmentId"` // of the file
	Type         string `json:"type"`         // its media type
	Size         int64  `json:"size"`         // bytes
	URL          string `json:"url"`          // where it can be heard without a token, for one to two days
}

// Synthesize has a message spoken. It is spoken once, until its text changes: to ask
// again gives a new URL.
func (s *MessageService) Synthesize(ctx context.Context, conversation, id string, options ...Option) (*SpokenMessage, error) {
	r, err := postConversation(conversation, struct{}{}, "message", id, "synthesize")
	return call[SpokenMessage](ctx, s.client, r, err, options)
}
