package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// UsageService tells what an account has used, in whole days (UTC): in the last 30
// days unless a request says otherwise.
type UsageService struct {
	Series *UsageSeriesService

	client *Client
}

// UsageSeriesService tells the same for each day.
type UsageSeriesService struct{ client *Client }

// UsageRequest says for which time to count; zero times are no bounds.
type UsageRequest struct {
	From time.Time // the first moment that counts
	To   time.Time // the first that does not
}

func (r *UsageRequest) query() url.Values {
	query := url.Values{}
	for name, t := range map[string]time.Time{"from": r.From, "to": r.To} {
		if !t.IsZero() {
			query.Set(name, strconv.FormatInt(t.UnixMilli(), 10))
		}
	}
	return query
}

// AccountUsage is what an account used, and has now.
type AccountUsage struct {
	Tokens        int64           `json:"tokens"` // in and out, of all calls of models
	Conversations int64           `json:"conversations"`
	Messages      int64           `json:"messages"` // of users and bots
	Database      AccountDatabase `json:"database"`
}

// AccountDatabase counts what an account has.
type AccountDatabase struct {
	Datasets  int64 `json:"datasets"`
	Records   int64 `json:"records"`
	Skillsets int64 `json:"skillsets"`
	Abilities int64 `json:"abilities"`
	Files     int64 `json:"files"`
	Users     int64 `json:"users"` // contacts
}

// Fetch sums up what the account used.
func (s *UsageService) Fetch(ctx context.Context, in UsageRequest, options ...Option) (*AccountUsage, error) {
	r, err := get("/usage/fetch", in.query())
	return call[AccountUsage](ctx, s.client, r, err, options)
}

// UsageSeries has a value for each day, the oldest first, also where it is 0.
type UsageSeries struct {
	Tokens        []UsageDay `json:"tokens"`
	Conversations []UsageDay `json:"conversations"`
	Messages      []UsageDay `json:"messages"`
}

// UsageDay is the value of a day.
type UsageDay struct {
	Date  Time  `json:"date"` // its first moment
	Total int64 `json:"total"`
}

// Fetch sums up each day.
func (s *UsageSeriesService) Fetch(ctx context.Context, in UsageRequest, options ...Option) (*UsageSeries, error) {
	r, err := get("/usage/series/fetch", in.query())
	return call[UsageSeries](ctx, s.client, r, err, options)
}

// UsageListRequest says what part of the usage to read.
type UsageListRequest struct {
	ListRequest
	UsageRequest
}

// UsageType says what a [UsageItem] counts.
type UsageType string

// The types of usage.
const (
	UsageTokens        UsageType = "tokens"
	UsageConversations UsageType = "conversations"
	UsageMessages      UsageType = "messages"
)

// UsageItem is what was used of one type, on one day, by one bot with one model.
type UsageItem struct {
	ID        string    `json:"id"`
	Type      UsageType `json:"type"`
	Count     int64     `json:"count"`
	BotID     string    `json:"botId"`     // "" = of none
	Model     string    `json:"model"`     // "" = of none
	CreatedAt Time      `json:"createdAt"` // the first moment of the day
	UpdatedAt Time      `json:"updatedAt"`
}

func (s *UsageService) listing(in *UsageRequest) listing[UsageItem] {
	return listing[UsageItem]{client: s.client, path: "/usage/list", query: in.query(), id: func(i *UsageItem) string { return i.ID }}
}

// List reads a page of the items, newest first.
func (s *UsageService) List(ctx context.Context, in UsageListRequest, options ...Option) (*Page[UsageItem], error) {
	return s.listing(&in.UsageRequest).page(ctx, in.ListRequest, options)
}

// All reads all items page by page; in.Take is the length of a page.
func (s *UsageService) All(ctx context.Context, in UsageListRequest, options ...Option) iter.Seq2[UsageItem, error] {
	return s.listing(&in.UsageRequest).all(ctx, in.ListRequest, options)
}

// ListStream reads the items out of one answer: all of them, or in.Take.
func (s *UsageService) ListStream(ctx context.Context, in UsageListRequest, options ...Option) iter.Seq2[UsageItem, error] {
	return s.listing(&in.UsageRequest).stream(ctx, in.ListRequest, options)
}
