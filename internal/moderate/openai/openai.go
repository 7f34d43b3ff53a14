// Package openai judges texts by the moderation API of OpenAI, which some other
// servers speak: POST {base}/moderations.
package openai

import (
	"context"
	"net/http"
	"slices"

	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/upstream"
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
	model   string
	service *upstream.Service
}

// New makes one. It does no I/O.
func New(o Options) *Moderator {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	return &Moderator{o.Model, upstream.New(upstream.Options{
		Name: "moderation service", Setting: "moderation.url",
		BaseURL: o.BaseURL, Key: o.Key, MaxAnswer: maxAnswer, Discreet: true, Transport: o.Transport,
	})}
}

// Close lets idle connections go.
func (m *Moderator) Close() { m.service.Close() }

// Judge implements moderate.Moderator.
func (m *Moderator) Judge(ctx context.Context, text string) (moderate.Verdict, error) {
	var said answer
	err := m.service.Ask(ctx, "/moderations", map[string]string{"model": m.model, "input": text}, "this text", &said)
	if err != nil {
		return moderate.Verdict{}, err
	}
	v, ok := said.verdict()
	if !ok {
		err = m.service.Unreadable(nil)
	}
	return v, err
}

type answer struct {
	Results []struct {
		Flagged    *bool           `json:"flagged"`
		Categories map[string]bool `json:"categories"`
	} `json:"results"`
}

// verdict is what an answer comes to; ok is false for one that says nothing.
func (a answer) verdict() (v moderate.Verdict, ok bool) {
	for _, r := range a.Results {
		if r.Flagged == nil {
			return moderate.Verdict{}, false
		}
		v.Flagged = v.Flagged || *r.Flagged
		for name, applies := range r.Categories {
			if *r.Flagged && applies && !slices.Contains(v.Categories, name) {
				v.Categories = append(v.Categories, name)
			}
		}
	}
	slices.Sort(v.Categories)
	return v, len(a.Results) > 0
}
