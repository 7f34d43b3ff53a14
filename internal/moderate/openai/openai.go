// Package openai judges texts by the moderation API of OpenAI, which some other
// servers speak: POST {base}/moderations.
//
// Redirections are not followed, because they would take the key along.
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/moderate"
)

// DefaultBaseURL is OpenAI's own address.
const DefaultBaseURL = "https://api.openai.com/v1"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// Options say which service is asked.
type Options struct {
	BaseURL   string // "" = DefaultBaseURL
	Key       string // "" = none is sent
	Model     string
	Transport http.RoundTripper // nil = http.DefaultTransport's settings
}

// Moderator is a moderate.Moderator.
type Moderator struct {
	options Options
	http    *http.Client
}

// New makes one. It does no I/O.
func New(o Options) *Moderator {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Transport == nil {
		o.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute}
	}
	return &Moderator{options: o, http: &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets idle connections go.
func (m *Moderator) Close() { m.http.CloseIdleConnections() }

// Judge implements moderate.Moderator.
func (m *Moderator) Judge(ctx context.Context, text string) (moderate.Verdict, error) {
	body, err := json.Marshal(map[string]string{"model": m.options.Model, "input": text})
	if err != nil {
		return moderate.Verdict{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.options.BaseURL+"/moderations", bytes.NewReader(body))
	if err != nil {
		return moderate.Verdict{}, errUnreachable()
	}
	request.Header.Set("Content-Type", "application/json")
	if m.options.Key != "" {
		request.Header.Set("Authorization", "Bearer "+m.options.Key)
	}
	response, err := m.http.Do(request)
	if err != nil {
		return moderate.Verdict{}, failed(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return moderate.Verdict{}, failed(err)
	case response.StatusCode == http.StatusTooManyRequests:
		return moderate.Verdict{}, convo.Errorf(convo.Unavailable, "the moderation service has too much to do; try again")
	case response.StatusCode != http.StatusOK:
		return moderate.Verdict{}, convo.Errorf(convo.UpstreamFailed, "the moderation service answered with status %d; whoever runs this server has to look after it", response.StatusCode)
	}
	return read(answer)
}

// read reads an answer. One that is longer than can be is no JSON.
func read(answer []byte) (moderate.Verdict, error) {
	var said struct {
		Results []struct {
			Flagged    *bool           `json:"flagged"`
			Categories map[string]bool `json:"categories"`
		} `json:"results"`
	}
	if len(answer) > maxAnswer || json.Unmarshal(answer, &said) != nil || len(said.Results) == 0 {
		return moderate.Verdict{}, errUnreadable()
	}
	var v moderate.Verdict
	for _, r := range said.Results {
		if r.Flagged == nil {
			return moderate.Verdict{}, errUnreadable()
		}
		v.Flagged = v.Flagged || *r.Flagged
		for name, applies := range r.Categories {
			if *r.Flagged && applies && !slices.Contains(v.Categories, name) {
				v.Categories = append(v.Categories, name)
			}
		}
	}
	slices.Sort(v.Categories)
	return v, nil
}

func errUnreadable() error {
	return convo.Errorf(convo.UpstreamFailed, "the moderation service gave an answer that cannot be read")
}

func errUnreachable() error {
	return convo.Errorf(convo.UpstreamFailed, "the moderation service cannot be reached")
}

// failed is why there is no answer. What the client says of it names the address, and
// is not shown.
func failed(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return convo.WrapError(convo.UpstreamTimeout, err, "the moderation service did not answer in time")
	}
	return convo.WrapError(convo.UpstreamFailed, err, "the moderation service cannot be reached")
}
