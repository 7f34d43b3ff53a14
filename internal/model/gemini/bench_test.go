package gemini_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/gemini"
	"github.com/parleyhq/parley/internal/model/modeltest"
)

// BenchmarkStreamToken is the cost of one chunk from the body to the event.
// Gemini sends some dozen tokens in each.
func BenchmarkStreamToken(b *testing.B) {
	const chunks = 1000
	one := chunk(`{"text": " Hello"}`, "")
	one = one[:len(one)-1] + `,"usageMetadata": {"promptTokenCount": 8,"candidatesTokenCount": 11,"totalTokenCount": 19,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 8}]},"responseId": "0123456789abcdefghij"}`
	p := gemini.New(gemini.Options{Transport: modeltest.Canned(strings.Repeat("data: "+one+"\n\n", chunks) + "data: " + stop + "\n\n")})
	request := &model.Request{Model: "gemini-3-flash", Messages: []model.Message{{Role: model.User, Text: "x"}}}
	b.ReportAllocs()
	for i := 0; i < b.N; i += chunks {
		for _, err := range p.Stream(b.Context(), request) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
