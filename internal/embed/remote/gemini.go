package remote

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/parleyhq/parley/internal/embed"
)

// Gemini asks POST {base}/v1beta/models/{model}:batchEmbedContents. Passages and
// questions get vectors of their own kinds, which are near each other where one
// answers the other. It does no I/O.
func Gemini(o Options) *Embedder {
	o.BaseURL = strings.TrimSuffix(strings.TrimRight(o.BaseURL, "/"), "/v1beta")
	o.BaseURL = cmp.Or(o.BaseURL, "https://generativelanguage.googleapis.com") + "/v1beta"
	return connect(o, "x-goog-api-key", askGemini)
}

type geminiQuestion struct {
	Model      string        `json:"model"`
	Content    geminiContent `json:"content"`
	Task       string        `json:"taskType"`
	Dimensions int           `json:"outputDimensionality,omitempty"`
}

type geminiContent struct {
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text string `json:"text"`
}

type geminiAnswer struct {
	Embeddings []struct {
		Values []float32 `json:"values"`
	} `json:"embeddings"`
}

func askGemini(ctx context.Context, e *Embedder, purpose embed.Purpose, texts []string) ([][]float32, error) {
	task := "RETRIEVAL_DOCUMENT"
	if purpose == embed.Question {
		task = "RETRIEVAL_QUERY"
	}
	var in struct {
		Requests []geminiQuestion `json:"requests"`
	}
	for _, text := range texts {
		in.Requests = append(in.Requests, geminiQuestion{
			"models/" + e.options.Model, geminiContent{[]geminiPart{{text}}}, task, e.options.Dimensions,
		})
	}
	var got geminiAnswer
	path := "/models/" + url.PathEscape(e.options.Model) + ":batchEmbedContents"
	if err := e.service.Ask(ctx, path, in, what, &got); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(got.Embeddings))
	for i, v := range got.Embeddings {
		vectors[i] = v.Values
	}
	return vectors, nil
}
