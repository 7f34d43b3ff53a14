package openai

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
)

// commonChunk is what OpenAI sends for a token.
const commonChunk = `{"id":"chatcmpl-BxYz0123456789abcdefghijk","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" Hello"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a1b2c3"}`

func BenchmarkDecodeChunk(b *testing.B) {
	data := []byte(commonChunk)
	var c chunk
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(data, &c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStreamToken is the cost of one token from the body to the event.
func BenchmarkStreamToken(b *testing.B) {
	const tokens = 1000
	stream := modeltest.Canned(strings.Repeat("data: "+commonChunk+"\n\n", tokens) + `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	d := New(Options{Transport: stream})
	request := &model.Request{Model: "gpt-4o", Messages: []model.Message{{Role: model.User, Text: "x"}}}
	b.ReportAllocs()
	for i := 0; i < b.N; i += tokens {
		for _, err := range d.Stream(b.Context(), request) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
