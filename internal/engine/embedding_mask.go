package engine

import (
	"context"
	"strings"

	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/privacy"
)

// MaskingEmbedder is an embedder that is sent no personal data that can be told: a
// word for its type stands in its place, in what is looked for as in what is found, so
// that the two are near each other still. Its vectors are no neighbours of those of the
// embedder itself.
func MaskingEmbedder(e embed.Embedder) embed.Embedder { return maskingEmbedder{e} }

type maskingEmbedder struct{ embed.Embedder }

// Space implements embed.Embedder.
func (m maskingEmbedder) Space() string { return m.Embedder.Space() + " masked" }

// Embed implements embed.Embedder.
func (m maskingEmbedder) Embed(ctx context.Context, purpose embed.Purpose, texts []string) ([][]float32, error) {
	masked := make([]string, len(texts))
	for i, text := range texts {
		masked[i] = withTypes(text)
	}
	return m.Embedder.Embed(ctx, purpose, masked)
}

// withTypes puts the types of what is told of persons in its place.
func withTypes(text string) string {
	found := privacy.Detect(text)
	if len(found) == 0 {
		return text
	}
	var out strings.Builder
	last := 0
	for _, f := range found {
		out.WriteString(text[last:f.Start])
		out.WriteString("(" + f.Type + ")")
		last = f.End
	}
	out.WriteString(text[last:])
	return out.String()
}
