package config_test

import (
	"strings"
	"testing"
)

func TestOneServiceWritesDownSpeech(t *testing.T) {
	t.Parallel()
	const local = "providers: [{name: local, kind: openai, baseURL: http://127.0.0.1:1/v1}, {name: other, kind: gemini, apiKey: k}]\n"
	for text, want := range map[string]string{
		"transcription: {url: http://127.0.0.1:1/v1}":                      "",
		"openai: {apiKey: k}\ntranscription: {provider: openai, model: x}": "",
		local + "transcription: {provider: local}":                         "",
		local + "transcription: {provider: other}":                         "transcription.provider",
		"transcription: {provider: openai}":                                "transcription.provider",
		local + "transcription: {provider: local, url: http://a/v1}":       "transcription.provider",
		local + "transcription: {provider: local, apiKey: k}":              "transcription.apiKey",
		"transcription: {apiKey: k}":                                       "transcription.url",
		"transcription: {url: not a url}":                                  "transcription.url",
		"transcription: {url: http://127.0.0.1:1/v1, model: ''}":           "transcription.model",
	} {
		loaded, err := loadFile(t, text)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want+" (") {
				t.Errorf("%q: %v, want a problem of %s", text, err, want)
			}
		} else if err != nil || !loaded.Config.Transcription.Configured() {
			t.Errorf("%q: %v", text, err)
		}
	}
}
