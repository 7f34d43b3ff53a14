package live

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/parleyhq/parley/client"
)

// ConversationService holds the operations on conversations. What belongs to one
// conversation is also a method of [Conversation].
type ConversationService struct{ client *Client }

// Conversation is a conversation with an agent. Its methods ask the server that
// it came from; its fields stay as they were read.
type Conversation struct {
	ID                  string             `json:"conversationId"`
	CreatedTime         time.Time          `json:"createdAt"`
	UpdatedTime         time.Time          `json:"updatedAt"`
	LastActivityTime    time.Time          `json:"lastActivityAt"`
	Label               string             `json:"label"`
	AutogenerateLabel   bool               `json:"autogenerateLabel"` // the first exchange gives it a label
	UserID              string             `json:"userId"`
	OrgID               string             `json:"orgId"`
	TenantID            string             `json:"tenantId"`
	FolderID            int64              `json:"folderId"`
	FolderKey           string             `json:"folderKey"`
	AgentID             int64              `json:"agentReleaseId"`
	AgentKey            string             `json:"agentReleaseKey"`
	TraceID             string             `json:"traceId"`
	SpanID              string             `json:"spanId"`
	JobStartOverrides   *JobStartOverrides `json:"jobStartOverrides"`
	JobKey              string             `json:"jobKey"`
	IsLocalJobExecution bool               `json:"isLocalJobExecution"`
	AgentInput          *AgentInput        `json:"agentInput"`

	client *Client
}

// JobStartOverrides say how the service starts the agent.
type JobStartOverrides struct {
	RunAsMe bool `json:"runAsMe,omitempty"`
}

// AgentInput is what the agent is told of a conversation: a JSON object of less
// than 4000 characters.
type AgentInput struct {
	Inline json.RawMessage `json:"inline"`
}

// ConversationCreateRequest makes a conversation.
type ConversationCreateRequest struct {
	AgentID           int64                   `json:"agentReleaseId"`
	FolderID          int64                   `json:"folderId"`
	Label             client.Optional[string] `json:"label,omitzero"` // at most 100 characters
	AutogenerateLabel client.Optional[bool]   `json:"autogenerateLabel,omitzero"`
	TraceID           string                  `json:"traceId,omitempty"`
	JobStartOverrides *JobStartOverrides      `json:"jobStartOverrides,omitempty"`
	AgentInput        *AgentInput             `json:"agentInput,omitempty"`
}

// ConversationUpdateRequest changes the fields that are given.
type ConversationUpdateRequest struct {
	Label               client.Optional[string] `json:"label,omitzero"`
	AutogenerateLabel   client.Optional[bool]   `json:"autogenerateLabel,omitzero"`
	JobKey              client.Optional[string] `json:"jobKey,omitzero"`
	IsLocalJobExecution client.Optional[bool]   `json:"isLocalJobExecution,omitzero"`
	AgentInput          *AgentInput             `json:"agentInput,omitempty"` // replaced as a whole
}

// ConversationListRequest says which conversations to read. Its zero value is
// the first page of all, the last active first.
type ConversationListRequest struct {
	Cursor   string // what the page before this one gave
	Limit    int    // at most so many, 1 to 100; 0 = the server's choice
	Sort     SortOrder
	Label    string // only those whose label has this text in it
	AgentID  int64  // only those with this agent; 0 = all
	AgentKey string
}

func (r *ConversationListRequest) query(cursor string) url.Values {
	query := url.Values{}
	setPage(query, cursor, r.Limit)
	for name, value := range map[string]string{"sort": string(r.Sort), "search": r.Label, "agentReleaseKey": r.AgentKey} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if r.AgentID != 0 {
		query.Set("agentReleaseId", strconv.FormatInt(r.AgentID, 10))
	}
	return query
}

// Create makes a conversation with an agent.
func (s *ConversationService) Create(ctx context.Context, in ConversationCreateRequest) (*Conversation, error) {
	return s.one(ctx, request{method: http.MethodPost, path: "/conversation", in: in})
}

// Get reads a conversation.
func (s *ConversationService) Get(ctx context.Context, id string) (*Conversation, error) {
	return s.of(ctx, http.MethodGet, id, nil)
}

// List reads a page of the conversations.
func (s *ConversationService) List(ctx context.Context, in ConversationListRequest) (*Page[*Conversation], error) {
	page, err := call[Page[*Conversation]](ctx, s.client, request{method: http.MethodGet, path: "/conversation", query: in.query(in.Cursor)})
	if err != nil {
		return nil, err
	}
	for _, c := range page.Items {
		if c == nil {
			return nil, errors.New("the answer is not what it should be: a list holds null")
		}
		c.client = s.client
	}
	return page, nil
}

// All reads the conversations page by page; in.Limit is the length of a page.
func (s *ConversationService) All(ctx context.Context, in ConversationListRequest) iter.Seq2[*Conversation, error] {
	return all(ctx, in.Cursor, func(ctx context.Context, cursor string) (*Page[*Conversation], error) {
		in.Cursor = cursor
		return s.List(ctx, in)
	})
}

// Update changes the fields that are given, and gives the conversation as it is
// then.
func (s *ConversationService) Update(ctx context.Context, id string, in ConversationUpdateRequest) (*Conversation, error) {
	return s.of(ctx, http.MethodPatch, id, in)
}

// Delete removes a conversation, stops what runs in it, and gives it as it was.
func (s *ConversationService) Delete(ctx context.Context, id string) (*Conversation, error) {
	return s.of(ctx, http.MethodDelete, id, nil)
}

// of makes a request on a conversation.
func (s *ConversationService) of(ctx context.Context, method, id string, in any) (*Conversation, error) {
	path, err := pathOf("conversation", id)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, request{method: method, path: path, in: in})
}

// one makes a request whose answer is a conversation.
func (s *ConversationService) one(ctx context.Context, r request) (*Conversation, error) {
	c, err := call[Conversation](ctx, s.client, r)
	if err != nil {
		return nil, err
	}
	c.client = s.client
	return c, nil
}

// Update is [ConversationService.Update] of this conversation.
func (c *Conversation) Update(ctx context.Context, in ConversationUpdateRequest) (*Conversation, error) {
	return c.client.Conversation.Update(ctx, c.ID, in)
}

// Delete is [ConversationService.Delete] of this conversation.
func (c *Conversation) Delete(ctx context.Context) (*Conversation, error) {
	return c.client.Conversation.Delete(ctx, c.ID)
}

// UploadAttachment is [ConversationService.UploadAttachment] to this
// conversation.
func (c *Conversation) UploadAttachment(ctx context.Context, in File) (*Attachment, error) {
	return c.client.Conversation.UploadAttachment(ctx, c.ID, in)
}

// StartSession is [ConversationService.StartSession] in this conversation.
func (c *Conversation) StartSession(in SessionOptions) *SessionStream {
	return c.client.Conversation.StartSession(c.ID, in)
}

// GetSession is [ConversationService.GetSession] of this conversation.
func (c *Conversation) GetSession() *SessionStream { return c.client.Conversation.GetSession(c.ID) }

// EndSession is [ConversationService.EndSession] of this conversation.
func (c *Conversation) EndSession() { c.client.Conversation.EndSession(c.ID) }

// Exchanges holds the operations on the exchanges of this conversation.
func (c *Conversation) Exchanges() *ConversationExchanges {
	return &ConversationExchanges{service: c.client.Exchange, conversation: c.ID}
}
