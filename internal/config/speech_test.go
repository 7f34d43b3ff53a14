package config_test

import (
	"strings"
	"testing"
)

func TestOneServiceSpeaks(t *testing.T) {
	t.Parallel()
	const local = "providers: [{name: local, kind: openai, baseURL: http://127.0.0.1:1/v1}, {name: other, kind: gemini, apiKey: k}]\n"
	for text, want := range map[string]string{
		"speech: {url: http://127.0.0.1:1/v1, voice: ann, format: wav}": "",
		"openai: {apiKey: k}\nspeech: {provider: openai, model: x}":     "",
		local + "speech: {provider: other}":                             "speech.provider",
		local + "speech: {provider: local, url: http://a/v1}":           "speech.provider",
		"speech: {apiKey: k}":                                           "speech.url",
		"speech: {url: http://127.0.0.1:1/v1, model: ''}":               "speech.model",
		"speech: {url: http://127.0.0.1:1/v1, voice: ''}":               "speech.voice",
		"speech: {url: http://127.0.0.1:1/v1, format: midi}":            "speech.format",
	} {
		loaded, err := loadFile(t, text)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want+" (") {
				t.Errorf("%q: %v, want a problem of %s", text, err, want)
			}
		} else if err != nil || !loaded.Config.Speech.Configured() {
			t.Errorf("%q: %v", text, err)
		}
	}
}
