package ollama_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/ollama"
)

// BenchmarkStreamToken is the cost of one token from the body to the event.
func BenchmarkStreamToken(b *testing.B) {
	const tokens = 1000
	p := ollama.New(ollama.Options{Transport: modeltest.Canned(strings.Repeat(hello+"\n", tokens) + done + "\n")})
	request := &model.Request{Model: "llama3.2", Messages: []model.Message{{Role: model.User, Text: "x"}}}
	b.ReportAllocs()
	for i := 0; i < b.N; i += tokens {
		for _, err := range p.Stream(b.Context(), request) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
