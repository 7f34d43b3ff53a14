package config_test

import (
	"strings"
	"testing"
)

func TestOneServiceEmbeds(t *testing.T) {
	t.Parallel()
	const local = "providers: [{name: local, kind: ollama}, {name: other, kind: anthropic, apiKey: k}]\n"
	for text, want := range map[string]string{
		"embedding: {url: http://127.0.0.1:1/v1, model: m}":              "",
		"gemini: {apiKey: k}\nembedding: {provider: gemini, model: m}":   "",
		local + "embedding: {provider: local, model: m, dimensions: 8}":  "",
		local + "embedding: {provider: other, model: m}":                 "embedding.provider",
		"embedding: {provider: openai, model: m}":                        "embedding.provider",
		"embedding: {model: m}":                                          "embedding.provider",
		"embedding: {apiKey: k, model: m}":                               "embedding.url",
		"embedding: {url: http://127.0.0.1:1/v1}":                        "embedding.model",
		local + "embedding: {provider: local, model: m, dimensions: -1}": "embedding.dimensions",
	} {
		loaded, err := loadFile(t, text)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want+" (") {
				t.Errorf("%q: %v, want a problem of %s", text, err, want)
			}
		} else if err != nil || !loaded.Config.Embedding.Configured() {
			t.Errorf("%q: %v", text, err)
		}
	}
}
