package remote

import (
	"cmp"
	"context"

	"github.com/parleyhq/parley/internal/embed"
)

// Ollama asks POST {host}/api/embed. What is too long for the model is cut there. It
// does no I/O.
func Ollama(o Options) *Embedder {
	o.BaseURL = cmp.Or(o.BaseURL, "http://127.0.0.1:11434")
	return connect(o, "", askOllama)
}

type ollamaQuestion struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Truncate   bool     `json:"truncate"`
	Dimensions int      `json:"dimensions,omitempty"`
}

type ollamaAnswer struct {
	Vectors [][]float32 `json:"embeddings"`
}

func askOllama(ctx context.Context, e *Embedder, _ embed.Purpose, texts []string) ([][]float32, error) {
	var got ollamaAnswer
	in := ollamaQuestion{Model: e.options.Model, Input: texts, Truncate: true, Dimensions: e.options.Dimensions}
	err := e.service.Ask(ctx, "/api/embed", in, what, &got)
	return got.Vectors, err
}
