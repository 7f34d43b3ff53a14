package client

import (
	"context"
	"io"
	"iter"
	"net/url"
)

// ConversationService holds the operations on conversations.
type ConversationService struct {
	Message *MessageService
	Session *SessionService
	Contact *ConversationContactService

	Attachment *ConversationAttachmentService

	client *Client
}

// ConversationOptions are what a caller sets on a conversation.
type ConversationOptions struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	BotID       Optional[string] `json:"botId,omitzero"`
	ContactID   Optional[string] `json:"contactId,omitzero"`
	TaskID      Optional[string] `json:"taskId,omitzero"`
	SpaceID     Optional[string] `json:"spaceId,omitzero"`
	Model       Optional[string] `json:"model,omitzero"` // as "gpt-4o/temperature=0.2"
	Backstory   Optional[string] `json:"backstory,omitzero"`
	DatasetID   Optional[string] `json:"datasetId,omitzero"`
	SkillsetID  Optional[string] `json:"skillsetId,omitzero"`
	Privacy     Optional[bool]   `json:"privacy,omitzero"`
	Moderation  Optional[bool]   `json:"moderation,omitzero"`
}

// ConversationCreateRequest makes a conversation: the fields of
// [ConversationOptions], and messages that it begins with.
type ConversationCreateRequest struct {
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	BotID       Optional[string] `json:"botId,omitzero"`
	ContactID   Optional[string] `json:"contactId,omitzero"`
	TaskID      Optional[string] `json:"taskId,omitzero"`
	SpaceID     Optional[string] `json:"spaceId,omitzero"`
	Model       Optional[string] `json:"model,omitzero"`
	Backstory   Optional[string] `json:"backstory,omitzero"`
	DatasetID   Optional[string] `json:"datasetId,omitzero"`
	SkillsetID  Optional[string] `json:"skillsetId,omitzero"`
	Privacy     Optional[bool]   `json:"privacy,omitzero"`
	Moderation  Optional[bool]   `json:"moderation,omitzero"`

	Messages []Message `json:"messages,omitzero"`
}

// ConversationUpdateRequest has the fields of [ConversationOptions]: what is
// absent stays as it is, and what is [Null] is cleared.
type ConversationUpdateRequest ConversationOptions

// Conversation is a conversation as lists show it.
type Conversation struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	ConversationOptions
}

// CreatedConversation names a new conversation, and the messages that it was
// made with.
type CreatedConversation struct {
	ID       string    `json:"id"`
	Messages []Message `json:"messages"`
}

// Reference names what was changed.
type Reference struct {
	ID string `json:"id"`
}

func (s *ConversationService) listing(path string) listing[Conversation] {
	return listing[Conversation]{client: s.client, path: path, id: func(c *Conversation) string { return c.ID }}
}

// List reads a page of the conversations, newest first.
func (s *ConversationService) List(ctx context.Context, in ListRequest, options ...Option) (*Page[Conversation], error) {
	return s.listing("/conversation/list").page(ctx, in, options)
}

// All reads all conversations page by page; in.Take is the length of a page.
func (s *ConversationService) All(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Conversation, error] {
	return s.listing("/conversation/list").all(ctx, in, options)
}

// ListStream reads the conversations out of one answer: all of them, or in.Take.
func (s *ConversationService) ListStream(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Conversation, error] {
	return s.listing("/conversation/list").stream(ctx, in, options)
}

// Export is [ConversationService.ListStream] by the operation that is meant for
// backups.
func (s *ConversationService) Export(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Conversation, error] {
	return s.listing("/conversation/export").stream(ctx, in, options)
}

// ExportCSV gives the conversations as a table with a row of headings. The
// caller closes it.
func (s *ConversationService) ExportCSV(ctx context.Context, in ListRequest, options ...Option) (io.ReadCloser, error) {
	return s.listing("/conversation/export").csv(ctx, in, options)
}

// Fetch reads a conversation.
func (s *ConversationService) Fetch(ctx context.Context, id string, options ...Option) (*Conversation, error) {
	r, err := getConversation(id, nil, "fetch")
	return call[Conversation](ctx, s.client, r, err, options)
}

// Create makes a conversation.
func (s *ConversationService) Create(ctx context.Context, in ConversationCreateRequest, options ...Option) (*CreatedConversation, error) {
	r, err := post("/conversation/create", in)
	return call[CreatedConversation](ctx, s.client, r, err, options)
}

// Update changes the fields that are given.
func (s *ConversationService) Update(ctx context.Context, id string, in ConversationUpdateRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(id, in, "update")
	return call[Reference](ctx, s.client, r, err, options)
}

// Delete removes a conversation with its messages and stops what runs in it.
func (s *ConversationService) Delete(ctx context.Context, id string, options ...Option) (*Reference, error) {
	r, err := postConversation(id, struct{}{}, "delete")
	return call[Reference](ctx, s.client, r, err, options)
}

// ConversationUsage is what a conversation cost.
type ConversationUsage struct {
	Tokens   int64 `json:"tokens"`
	Messages int64 `json:"messages"` // of users and of the bot
}

// Usage counts what a conversation cost.
func (s *ConversationService) Usage(ctx context.Context, id string, in UsageRequest, options ...Option) (*ConversationUsage, error) {
	r, err := getConversation(id, in.query(), "usage", "fetch")
	return call[ConversationUsage](ctx, s.client, r, err, options)
}

// VoteRequest is a vote. Without a value it is the strongest one.
type VoteRequest struct {
	Value  Optional[int] `json:"value,omitzero"` // 1 to 100 up, -100 to -1 down
	Reason string        `json:"reason,omitzero"`
}

// Upvote rates a conversation well.
func (s *ConversationService) Upvote(ctx context.Context, id string, in VoteRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(id, in, "upvote")
	return call[Reference](ctx, s.client, r, err, options)
}

// Downvote rates a conversation badly.
func (s *ConversationService) Downvote(ctx context.Context, id string, in VoteRequest, options ...Option) (*Reference, error) {
	r, err := postConversation(id, in, "downvote")
	return call[Reference](ctx, s.client, r, err, options)
}

// getConversation asks for something of a conversation.
func getConversation(id string, query url.Values, parts ...string) (*request, error) {
	path, err := conversationPath(id, parts...)
	if err != nil {
		return nil, err
	}
	r, err := get(path, query)
	r.conversation = id
	return r, err
}

// postConversation changes something of a conversation.
func postConversation(id string, in any, parts ...string) (*request, error) {
	path, err := conversationPath(id, parts...)
	if err != nil {
		return nil, err
	}
	r, err := post(path, in)
	r.conversation = id
	return r, err
}

// call makes a request whose answer is a T.
func call[T any](ctx context.Context, c *Client, r *request, err error, options []Option) (*T, error) {
	if err != nil {
		return nil, err
	}
	out := new(T)
	if err := c.call(ctx, r, nil, out, options); err != nil {
		return nil, err
	}
	return out, nil
}
