package client

import (
	"context"
	"iter"
)

// ModelService tells which models there are.
type ModelService struct{ client *Client }

// Model is a model that a request may name. The limits are in tokens; 0 is
// unknown.
type Model struct {
	ID              string `json:"id"` // what requests name
	Name            string `json:"name"`
	Provider        string `json:"provider"`
	Family          string `json:"family"`
	MaxTokens       int64  `json:"maxTokens"`
	MaxInputTokens  int64  `json:"maxInputTokens"`
	MaxOutputTokens int64  `json:"maxOutputTokens"`
	CreatedAt       Time   `json:"createdAt"`
	UpdatedAt       Time   `json:"updatedAt"`
}

func (s *ModelService) listing() listing[Model] {
	return listing[Model]{client: s.client, path: "/platform/model/list", id: func(m *Model) string { return m.ID }}
}

// List reads a page of the models.
func (s *ModelService) List(ctx context.Context, in ListRequest, options ...Option) (*Page[Model], error) {
	return s.listing().page(ctx, in, options)
}

// All reads all models page by page; in.Take is the length of a page.
func (s *ModelService) All(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Model, error] {
	return s.listing().all(ctx, in, options)
}

// ListStream reads the models out of one answer: all of them, or in.Take.
func (s *ModelService) ListStream(ctx context.Context, in ListRequest, options ...Option) iter.Seq2[Model, error] {
	return s.listing().stream(ctx, in, options)
}
