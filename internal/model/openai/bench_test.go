package openai

import "testing"

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
