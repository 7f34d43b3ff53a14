// Package anthropic is the driver for Anthropic's messages API, and for servers
// that speak it.
//
// It keeps the promises of package model. What the API has no place for, it
// says in another way: a system message behind the first others becomes a
// marked text of the user, as do facts; messages of one role are joined,
// because the API wants user and assistant by turns; a dialogue that begins or
// ends with an answer gets a short user text there. Seed and penalties are not
// sent: the API has none, nor have newer models a temperature.
//
// # Thinking
//
// What a model thought before it called a tool, it wants back with the call,
// word for word and signed. It travels in model.Call.Signature. A model that
// thinks cannot be forced to call a tool: for such a request it is told not to
// think; and where it always does, the tool is the only one that is offered,
// and a last text asks for it.
//
// # Cost
//
// The API keeps the computed beginning of a prompt where a request marks it.
// There are two marks. One stands behind the system text, always at the same
// place. The other is the cache_control of the request itself, which stands
// before the messages and means "up to the last block": the provider moves it
// forward from turn to turn. So no message ever gets or loses a mark, and a
// prompt that continues another has the same bytes up to the end of the
// other's last text.
package anthropic

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// DefaultBaseURL is the vendor's own address.
const DefaultBaseURL = "https://api.anthropic.com"

// version is the API's version that this driver speaks.
const version = "2023-06-01"

// Options say how the provider is reached.
type Options struct {
	Name      string // in errors; "" = anthropic
	BaseURL   string // without /v1; "" = DefaultBaseURL
	Key       string
	Silence   time.Duration
	Transport http.RoundTripper // nil = one that suits many streams
}

// Driver is a model.Provider.
type Driver struct {
	client *remote.Client
	vendor bool // it is Anthropic itself, not a compatible server
}

// New makes a driver. It does no I/O.
func New(o Options) *Driver {
	key := strings.TrimSpace(o.Key)
	header := http.Header{"Anthropic-Version": {version}}
	if key != "" {
		header.Set("X-Api-Key", key)
	}
	base := baseURL(o.BaseURL)
	return &Driver{
		vendor: base == DefaultBaseURL,
		client: remote.New(remote.Options{
			Provider: cmp.Or(o.Name, "anthropic"), BaseURL: base, Key: key,
			Header: header, Silence: o.Silence, Transport: o.Transport,
		}),
	}
}

// baseURL mends what is often left out of an address or pasted with it.
func baseURL(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	for _, tail := range []string{"/messages", "/v1"} {
		s = strings.TrimRight(strings.TrimSuffix(s, tail), "/")
	}
	if s == "" {
		return DefaultBaseURL
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	return s
}

// Vendor implements model.Vendor.
func (d *Driver) Vendor() bool { return d.vendor }

// Close lets idle connections go.
func (d *Driver) Close() { d.client.Close() }

// Models implements model.Provider.
func (d *Driver) Models(ctx context.Context) ([]model.Info, error) {
	var infos []model.Info
	after := ""
	// The list comes in pages; a server that ignores the question where to go
	// on must not keep us here.
	for range 10 {
		var page struct {
			Data []struct {
				ID             string `json:"id"`
				MaxInputTokens int64  `json:"max_input_tokens"`
				MaxTokens      int64  `json:"max_tokens"`
			} `json:"data"`
			HasMore bool   `json:"has_more"`
			LastID  string `json:"last_id"`
		}
		query := url.Values{"limit": {"1000"}}
		if after != "" {
			query.Set("after_id", after)
		}
		if err := d.client.Get(ctx, "v1/models", query, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Data {
			infos = append(infos, model.Info{Name: m.ID, MaxInput: prompt(m.MaxInputTokens, m.ID), MaxOutput: m.MaxTokens})
		}
		if !page.HasMore || page.LastID == "" || page.LastID == after {
			break
		}
		after = page.LastID
	}
	return infos, nil
}

// prompt leaves room in a window for the answer that is asked for by default,
// because the API refuses a request whose prompt and answer might not fit.
func prompt(window int64, name string) int64 { return max(0, window-defaultMaxTokens(name)) }
