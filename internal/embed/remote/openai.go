package remote

import (
	"cmp"
	"context"

	"github.com/parleyhq/parley/internal/embed"
)

// OpenAI asks POST {base}/embeddings. The API makes no difference between purposes.
// It does no I/O.
func OpenAI(o Options) *Embedder {
	o.BaseURL = cmp.Or(o.BaseURL, "https://api.openai.com/v1")
	return connect(o, "", askOpenAI)
}

type openAIQuestion struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Format     string   `json:"encoding_format"`
	Dimensions int      `json:"dimensions,omitempty"`
}

type openAIAnswer struct {
	Data []struct {
		Index  int       `json:"index"`
		Vector []float32 `json:"embedding"`
	} `json:"data"`
}

func askOpenAI(ctx context.Context, e *Embedder, _ embed.Purpose, texts []string) ([][]float32, error) {
	var got openAIAnswer
	in := openAIQuestion{Model: e.options.Model, Input: texts, Format: "float", Dimensions: e.options.Dimensions}
	if err := e.service.Ask(ctx, "/embeddings", in, what, &got); err != nil {
		return nil, err
	}
	vectors, ok := got.inOrder(len(texts))
	if !ok {
		return nil, e.service.Unreadable(nil)
	}
	return vectors, nil
}

// inOrder gives the vectors by their indexes, which servers need not send in order.
func (a openAIAnswer) inOrder(n int) ([][]float32, bool) {
	vectors := make([][]float32, n)
	for _, d := range a.Data {
		if d.Index < 0 || d.Index >= n || vectors[d.Index] != nil {
			return nil, false
		}
		vectors[d.Index] = d.Vector
	}
	return vectors, len(a.Data) == n
}
