package client

import (
	"context"
	"io"
	"iter"
)

// EventService leads to the event log.
type EventService struct {
	Log *EventLogService
}

// EventLogService reads the event log of an account: what was done to what, and
// never what was said. The events of a conversation are another thing: see
// [ConversationService.EventStream].
type EventLogService struct{ client *Client }

// EventLog is an entry of the event log. Of its ids those are given that belong to
// what was done; the others are "".
type EventLog struct {
	ID             string `json:"id"`
	Type           string `json:"type"` // as "dataset.create"
	ConversationID string `json:"conversationId"`
	MessageID      string `json:"messageId"`
	ContactID      string `json:"contactId"`
	MemoryID       string `json:"memoryId"`
	BotID          string `json:"botId"`
	DatasetID      string `json:"datasetId"`
	RecordID       string `json:"recordId"`
	SkillsetID     string `json:"skillsetId"`
	AbilityID      string `json:"abilityId"`
	FileID         string `json:"fileId"`
	SecretID       string `json:"secretId"`
	CreatedAt      Time   `json:"createdAt"`
	UpdatedAt      Time   `json:"updatedAt"`
}

func (s *EventLogService) listing(operation string) listing[EventLog] {
	return listing[EventLog]{client: s.client, path: "/event/log/" + operation, id: func(e *EventLog) string { return e.ID }}
}

// List reads a page of the entries, newest first.
func (s *EventLogService) List(ctx context.Context, in ListRequest, options ...Option) (*Page[EventLog], error) {
	return s.listing("list").page(ctx, in, options)
}

// All reads all entries page by page; in.Take is the length of a page.
func (s *EventLogService) All(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[EventLog, error] {
	return s.listing("list").all(ctx, in, options)
}

// ListStream reads the entries out of one answer: all of them, or in.Take.
func (s *EventLogService) ListStream(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[EventLog, error] {
	return s.listing("list").stream(ctx, in, options)
}

// Export is [EventLogService.ListStream] by the operation that is meant for
// backups.
func (s *EventLogService) Export(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[EventLog, error] {
	return s.listing("export").stream(ctx, in, options)
}

// ExportCSV gives the entries as a table with a row of headings. The caller
// closes it.
func (s *EventLogService) ExportCSV(ctx context.Context, in ListRequest, options ...Option) (io.ReadCloser, error) {
	return s.listing("export").csv(ctx, in, options)
}

// EventLogSubscribeRequest says how much of the past comes first.
type EventLogSubscribeRequest struct {
	HistoryLength int `json:"historyLength,omitzero"` // entries, at most 1000
}

// Subscribe gives the last entries, and then each new one until the caller leaves
// or the context ends. A lost connection is an error: whoever comes back asks for
// some history, and passes over the ids that it has seen.
func (s *EventLogService) Subscribe(ctx context.Context, in EventLogSubscribeRequest, options ...Option) iter.Seq2[EventLog, error] {
	r, err := post("/event/log/subscribe", in)
	r.key = "" // it changes nothing
	return streamLines[EventLog](ctx, s.client, r, err, EventItem, options)
}
