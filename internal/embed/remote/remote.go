// Package remote embeds texts by services that are asked over HTTP: OpenAI's API,
// which many other servers speak, Google's Gemini API, and Ollama's.
package remote

import (
	"context"
	"net/http"
	"strconv"

	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/upstream"
)

const (
	batch     = 64
	maxAnswer = 64 << 20 // batch vectors of the longest kind, as numbers of some 20 digits
)

// Options say which service is asked.
type Options struct {
	Name       string // of the provider, in the name of the space
	BaseURL    string // "" = the vendor's own address; as package model's driver takes it
	Key        string // "" = none is sent
	Model      string
	Dimensions int               // that the service is asked for; 0 = the model's own
	Transport  http.RoundTripper // nil = one with the settings of http.DefaultTransport
}

// Embedder is an embed.Embedder.
type Embedder struct {
	options Options
	service *upstream.Service
	ask     func(ctx context.Context, e *Embedder, purpose embed.Purpose, texts []string) ([][]float32, error)
}

// connect makes an Embedder of a dialect.
func connect(o Options, header string, ask func(context.Context, *Embedder, embed.Purpose, []string) ([][]float32, error)) *Embedder {
	return &Embedder{options: o, ask: ask, service: upstream.New(upstream.Options{
		Name: "embedding service", Setting: "embedding.url",
		BaseURL: o.BaseURL, Key: o.Key, KeyHeader: header, MaxAnswer: maxAnswer, Discreet: true, Transport: o.Transport,
	})}
}

// Close lets idle connections go.
func (e *Embedder) Close() { e.service.Close() }

// Space implements embed.Embedder.
func (e *Embedder) Space() string {
	space := e.options.Name + "/" + e.options.Model
	if e.options.Dimensions > 0 {
		space += "/" + strconv.Itoa(e.options.Dimensions)
	}
	return space
}

// Batch implements embed.Embedder.
func (*Embedder) Batch() int { return batch }

// Embed implements embed.Embedder.
func (e *Embedder) Embed(ctx context.Context, purpose embed.Purpose, texts []string) ([][]float32, error) {
	vectors, err := e.ask(ctx, e, purpose, texts)
	if err != nil {
		return nil, err
	}
	if err := embed.Check(len(texts), vectors); err != nil {
		return nil, err
	}
	return vectors, nil
}

// what is sent, as errors call it.
const what = "these texts"
