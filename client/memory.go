package client

import (
	"context"
	"io"
	"iter"
	"net/url"
)

// MemoryService holds the operations on memories: texts that turns with the
// extension feature "memory" find again.
type MemoryService struct {
	objects[Memory, MemoryCreateRequest, MemoryUpdateRequest]
}

func newMemoryService(c *Client) *MemoryService {
	return &MemoryService{objects[Memory, MemoryCreateRequest, MemoryUpdateRequest]{client: c, kind: "memory", id: idOfMemory}}
}

func idOfMemory(m *Memory) string { return m.ID }

// MemoryCreateRequest makes a memory: of a contact, by a bot, of both or neither.
type MemoryCreateRequest struct {
	Text        string           `json:"text"`
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	ContactID   Optional[string] `json:"contactId,omitzero"` // or its fingerprint
	BotID       Optional[string] `json:"botId,omitzero"`     // or its alias
}

// MemoryUpdateRequest changes a memory: what is absent stays as it is, and what is
// [Null] is cleared, but for the text.
type MemoryUpdateRequest struct {
	Text        Optional[string] `json:"text,omitzero"`
	Name        Optional[string] `json:"name,omitzero"`
	Description Optional[string] `json:"description,omitzero"`
	Meta        Optional[Meta]   `json:"meta,omitzero"`
	ContactID   Optional[string] `json:"contactId,omitzero"`
	BotID       Optional[string] `json:"botId,omitzero"`
}

// Memory is a memory as lists show it.
type Memory struct {
	ID          string           `json:"id"`
	CreatedAt   Time             `json:"createdAt"`
	UpdatedAt   Time             `json:"updatedAt"`
	Text        string           `json:"text"`
	Name        Optional[string] `json:"name"`
	Description Optional[string] `json:"description"`
	Meta        Optional[Meta]   `json:"meta"`
	ContactID   string           `json:"contactId"` // "" = of nobody
	BotID       string           `json:"botId"`     // "" = by none
}

// MemoryListRequest says what part of the memories to read: those of a contact, by
// a bot, or all.
type MemoryListRequest struct {
	ListRequest
	ContactID string // or its fingerprint; "" = any
	BotID     string // or its alias; "" = any
}

func (s *MemoryService) listing(operation string, in MemoryListRequest) listing[Memory] {
	query := url.Values{}
	for name, id := range map[string]string{"contactId": in.ContactID, "botId": in.BotID} {
		if id != "" {
			query.Set(name, id)
		}
	}
	return listing[Memory]{client: s.client, path: "/memory/" + operation, query: query, id: idOfMemory}
}

// List reads a page of the memories, newest first.
func (s *MemoryService) List(ctx context.Context, in MemoryListRequest, options ...Option) (*Page[Memory], error) {
	return s.listing("list", in).page(ctx, in.ListRequest, options)
}

// All reads all memories page by page; in.Take is the length of a page.
func (s *MemoryService) All(ctx context.Context, in MemoryListRequest, options ...Option) iter.Seq2[Memory, error] {
	return s.listing("list", in).all(ctx, in.ListRequest, options)
}

// ListStream reads the memories out of one answer: all of them, or in.Take.
func (s *MemoryService) ListStream(ctx context.Context, in MemoryListRequest, options ...Option) iter.Seq2[Memory, error] {
	return s.listing("list", in).stream(ctx, in.ListRequest, options)
}

// Export is [MemoryService.ListStream] by the operation that is meant for backups.
func (s *MemoryService) Export(ctx context.Context, in MemoryListRequest, options ...Option) iter.Seq2[Memory, error] {
	return s.listing("export", in).stream(ctx, in.ListRequest, options)
}

// ExportCSV gives the memories as a table with a row of headings. The caller
// closes it.
func (s *MemoryService) ExportCSV(ctx context.Context, in MemoryListRequest, options ...Option) (io.ReadCloser, error) {
	return s.listing("export", in).csv(ctx, in.ListRequest, options)
}

// MemorySearchRequest says what is looked for, in words, and among whose memories.
type MemorySearchRequest struct {
	Search    string `json:"search"`
	ContactID string `json:"contactId,omitzero"` // or its fingerprint; "" = any
	BotID     string `json:"botId,omitzero"`     // or its alias; "" = any
}

// FoundMemories are the memories that were found, the best first.
type FoundMemories struct {
	Items []FoundMemory `json:"items"`
}

// FoundMemory is a memory that was found.
type FoundMemory struct {
	ID   string         `json:"id"`
	Text string         `json:"text"`
	Meta Optional[Meta] `json:"meta"`
}

// Search finds memories by what they say, at most 10.
func (s *MemoryService) Search(ctx context.Context, in MemorySearchRequest, options ...Option) (*FoundMemories, error) {
	r, err := post("/memory/search", in)
	return call[FoundMemories](ctx, s.client, r, err, options)
}

// ContactMemoryService holds the operations on the memories of a contact. Lists
// begin with the newest.
type ContactMemoryService struct{ parts[Memory] }

func newContactMemoryService(c *Client) *ContactMemoryService {
	return &ContactMemoryService{parts[Memory]{client: c, kind: "contact", part: "memory", id: idOfMemory}}
}

// OwnMemorySearchRequest says what is looked for, in words.
type OwnMemorySearchRequest struct {
	Search string `json:"search"`
}

// Search is [MemoryService.Search] among the memories of a contact.
func (s *ContactMemoryService) Search(ctx context.Context, contact string, in OwnMemorySearchRequest, options ...Option) (*FoundMemories, error) {
	r, err := postObject(in, "contact", contact, "memory", "search")
	return call[FoundMemories](ctx, s.client, r, err, options)
}

// BotMemoryService holds the operations on the memories of a bot.
type BotMemoryService struct{ client *Client }

// Search is [MemoryService.Search] among the memories of a bot.
func (s *BotMemoryService) Search(ctx context.Context, bot string, in OwnMemorySearchRequest, options ...Option) (*FoundMemories, error) {
	r, err := postObject(in, "bot", bot, "memory", "search")
	return call[FoundMemories](ctx, s.client, r, err, options)
}
