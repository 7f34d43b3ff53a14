package live

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Exchange is what was said from one message of the user to the end of the
// answer, as it is stored.
type Exchange struct {
	ID             string          `json:"exchangeId"`
	Messages       []Message       `json:"messages"`
	CreatedTime    time.Time       `json:"createdAt"`
	UpdatedTime    time.Time       `json:"updatedAt"`
	SpanID         string          `json:"spanId"`
	FeedbackRating Rating          `json:"feedbackRating"` // "" = none
	Metadata       json.RawMessage `json:"metadata"`       // as it was given at its start; may be nil
	Status         string          `json:"status"`         // Parley: open, queued, running, waiting, done, stopped, failed or interrupted
}

// Message is a message as it is stored.
type Message struct {
	ID           string        `json:"messageId"`
	Role         Role          `json:"role"`
	ContentParts []ContentPart `json:"contentParts"`
	ToolCalls    []ToolCall    `json:"toolCalls"`
	Interrupts   []Interrupt   `json:"interrupts"`
	CreatedTime  time.Time     `json:"createdAt"`
	UpdatedTime  time.Time     `json:"updatedAt"`
	SpanID       string        `json:"spanId"`
	Reasoning    string        `json:"reasoning"` // Parley: what the model thought before it
}

// ContentPart is a part of a message as it is stored.
type ContentPart struct {
	ID           string          `json:"contentPartId"`
	MimeType     string          `json:"mimeType"`
	Data         ContentPartData `json:"data"`
	Citations    []Citation      `json:"citations"`
	Name         string          `json:"name"`
	IsTranscript bool            `json:"isTranscript"` // it was spoken
	IsIncomplete bool            `json:"isIncomplete"` // it is still being said, or was cut
	CreatedTime  time.Time       `json:"createdTime"`
	UpdatedTime  time.Time       `json:"updatedTime"`
}

// ContentPartData is a text, or says where the content is.
type ContentPartData struct {
	Inline    *string `json:"inline,omitempty"`
	URI       string  `json:"uri,omitempty"` // to be fetched as it is, soon
	ByteCount *int64  `json:"byteCount,omitempty"`
}

// Text is the text of a part, or "" for one whose content is elsewhere.
func (p *ContentPart) Text() string {
	if p.Data.Inline == nil {
		return ""
	}
	return *p.Data.Inline
}

// Citation says which characters of a text have which sources. Offset and
// length count UTF-16 code units, as JavaScript does.
type Citation struct {
	ID      string           `json:"citationId"`
	Offset  int              `json:"offset"`
	Length  int              `json:"length"`
	Sources []CitationSource `json:"sources"`
}

// CitationSource is a source: a link, or a document.
type CitationSource struct {
	Title       string `json:"title"`
	Number      int    `json:"number"`
	URL         string `json:"url,omitempty"` // of a link
	MimeType    string `json:"mimeType,omitempty"`
	DownloadURL string `json:"downloadUrl,omitempty"` // of a document
	PageNumber  string `json:"pageNumber,omitempty"`
}

// ToolCall is a call of a tool as it is stored.
type ToolCall struct {
	ID                  string            `json:"toolCallId"`
	Name                string            `json:"name"`
	Input               json.RawMessage   `json:"input"`
	Timestamp           *time.Time        `json:"timestamp"`
	Result              *ToolCallEnd      `json:"result"`       // nil = it has not ended
	Confirmation        *ToolConfirmation `json:"confirmation"` // nil = nobody was asked, or has answered
	RequireConfirmation bool              `json:"requireConfirmation"`
	InputSchema         json.RawMessage   `json:"inputSchema"`
	IsClientSideTool    bool              `json:"isClientSideTool"`
	CreatedTime         time.Time         `json:"createdTime"`
	UpdatedTime         time.Time         `json:"updatedTime"`
}

// ToolConfirmation is what a person answered to a call that asked first.
type ToolConfirmation struct {
	Approved    bool            `json:"approved"`
	Input       json.RawMessage `json:"input"`
	ConfirmedAt *time.Time      `json:"confirmedAt"`
}

// Interrupt is a question that an exchange stopped for, as it is stored.
type Interrupt struct {
	ID          string          `json:"interruptId"`
	Type        string          `json:"type"`
	Value       json.RawMessage `json:"interruptValue"`
	EndValue    json.RawMessage `json:"endValue"` // nil = not answered
	CreatedTime time.Time       `json:"createdTime"`
	UpdatedTime time.Time       `json:"updatedTime"`
}

// ExchangeService holds the operations on exchanges.
type ExchangeService struct{ client *Client }

// ExchangeListRequest says which exchanges to read. Its zero value is the first
// page, the newest first, with messages in the order in which they were said.
type ExchangeListRequest struct {
	Cursor       string // what the page before this one gave
	Limit        int    // at most so many, 1 to 100; 0 = the server's choice
	ExchangeSort SortOrder
	MessageSort  SortOrder
}

// List reads a page of the exchanges of a conversation.
func (s *ExchangeService) List(ctx context.Context, conversation string, in ExchangeListRequest) (*Page[Exchange], error) {
	path, err := pathOf("conversation", conversation, "exchange")
	if err != nil {
		return nil, err
	}
	query := sorted(in.ExchangeSort, in.MessageSort)
	setPage(query, in.Cursor, in.Limit)
	return call[Page[Exchange]](ctx, s.client, request{method: http.MethodGet, path: path, query: query})
}

// All reads the exchanges of a conversation page by page; in.Limit is the length
// of a page.
func (s *ExchangeService) All(ctx context.Context, conversation string, in ExchangeListRequest) iter.Seq2[Exchange, error] {
	return all(ctx, in.Cursor, func(ctx context.Context, cursor string) (*Page[Exchange], error) {
		in.Cursor = cursor
		return s.List(ctx, conversation, in)
	})
}

// Get reads an exchange, its messages in an order ("" = as they were said).
func (s *ExchangeService) Get(ctx context.Context, conversation, id string, messages SortOrder) (*Exchange, error) {
	path, err := pathOf("conversation", conversation, "exchange", id)
	if err != nil {
		return nil, err
	}
	return call[Exchange](ctx, s.client, request{method: http.MethodGet, path: path, query: sorted("", messages)})
}

// sorted is the part of a query that says in which order.
func sorted(exchanges, messages SortOrder) url.Values {
	query := url.Values{}
	if exchanges != "" {
		query.Set("exchangeSort", string(exchanges))
	}
	if messages != "" {
		query.Set("messageSort", string(messages))
	}
	return query
}

// Rating is how a user liked an exchange.
type Rating string

// The ratings.
const (
	Positive Rating = "positive"
	Negative Rating = "negative"
)

// Feedback is what a user thinks of an exchange.
type Feedback struct {
	Rating  Rating `json:"rating"`
	Comment string `json:"comment,omitempty"`
}

// CreateFeedback rates an exchange. It replaces what was said of it before.
func (s *ExchangeService) CreateFeedback(ctx context.Context, conversation, id string, in Feedback) error {
	path, err := pathOf("conversation", conversation, "exchange", id, "feedback")
	if err != nil {
		return err
	}
	_, err = s.client.settings.ask(ctx, request{method: http.MethodPost, path: path, in: in})
	return err
}

// ConversationExchanges holds the operations on the exchanges of one
// conversation: see [Conversation.Exchanges].
type ConversationExchanges struct {
	service      *ExchangeService
	conversation string
}

// List is [ExchangeService.List] of this conversation.
func (s *ConversationExchanges) List(ctx context.Context, in ExchangeListRequest) (*Page[Exchange], error) {
	return s.service.List(ctx, s.conversation, in)
}

// All is [ExchangeService.All] of this conversation.
func (s *ConversationExchanges) All(ctx context.Context, in ExchangeListRequest) iter.Seq2[Exchange, error] {
	return s.service.All(ctx, s.conversation, in)
}

// Get is [ExchangeService.Get] of this conversation.
func (s *ConversationExchanges) Get(ctx context.Context, id string, messages SortOrder) (*Exchange, error) {
	return s.service.Get(ctx, s.conversation, id, messages)
}

// CreateFeedback is [ExchangeService.CreateFeedback] of this conversation.
func (s *ConversationExchanges) CreateFeedback(ctx context.Context, id string, in Feedback) error {
	return s.service.CreateFeedback(ctx, s.conversation, id, in)
}

// MessageService reads single messages and their parts.
type MessageService struct{ client *Client }

// Get reads a message.
func (s *MessageService) Get(ctx context.Context, conversation, exchange, id string) (*Message, error) {
	path, err := pathOf("conversation", conversation, "exchange", exchange, "message", id)
	if err != nil {
		return nil, err
	}
	return call[Message](ctx, s.client, request{method: http.MethodGet, path: path})
}

// GetContentPart reads a part of a message.
func (s *MessageService) GetContentPart(ctx context.Context, conversation, exchange, message, id string) (*ContentPart, error) {
	path, err := pathOf("conversation", conversation, "exchange", exchange, "message", message, "contentPart", id)
	if err != nil {
		return nil, err
	}
	return call[ContentPart](ctx, s.client, request{method: http.MethodGet, path: path})
}
