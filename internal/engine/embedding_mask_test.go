package engine_test

import (
	"context"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/embed"
	"github.com/parleyhq/parley/internal/engine"
)

// heardEmbedder keeps what it is sent.
type heardEmbedder struct{ texts []string }

func (*heardEmbedder) Space() string { return "heard" }
func (*heardEmbedder) Batch() int    { return 8 }

func (h *heardEmbedder) Embed(_ context.Context, _ embed.Purpose, texts []string) ([][]float32, error) {
	h.texts = append(h.texts, texts...)
	return make([][]float32, len(texts)), nil
}

func TestAMaskingEmbedderIsSentTypesInThePlaceOfValues(t *testing.T) {
	t.Parallel()
	heard := &heardEmbedder{}
	e := engine.MaskingEmbedder(heard)
	for _, purpose := range []embed.Purpose{embed.Passage, embed.Question} {
		vectors, err := e.Embed(t.Context(), purpose, []string{"ask " + mail + ", card " + card + ".", "no value", ""})
		if err != nil || len(vectors) != 3 {
			t.Fatal(vectors, err)
		}
	}
	want := []string{"ask (email), card (card).", "no value", ""}
	if !slices.Equal(heard.texts, append(want, want...)) {
		t.Errorf("sent %q", heard.texts)
	}
	if e.Space() == heard.Space() || e.Batch() != 8 {
		t.Errorf("space %q, batch %d", e.Space(), e.Batch())
	}
}
