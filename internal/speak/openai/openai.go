// Package openai says texts by the speech API of OpenAI, which many other servers
// speak: POST {base}/audio/speech, which answers with the audio itself.
package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/speak"
	"github.com/parleyhq/parley/internal/upstream"
)

// DefaultBaseURL is OpenAI's own address.
const DefaultBaseURL = "https://api.openai.com/v1"

// maxAnswer bounds what is read of an answer: five minutes, which is how long the
// longest text takes, as bare samples are half of it.
const maxAnswer = 32 << 20

// Options say which service is asked, and how it is to speak.
type Options struct {
	BaseURL   string // "" = DefaultBaseURL
	Key       string // "" = none is sent
	Model     string
	Voice     string
	Format    string            // mp3, opus, aac, flac, wav or pcm
	Transport http.RoundTripper // nil = http.DefaultTransport's settings
}

// mediaTypes are the types of the formats that the API has. Its bare samples are
// always of that rate.
func mediaTypes() map[string]string {
	return map[string]string{
		"mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav",
		"pcm": "audio/pcm;rate=24000",
	}
}

// Speaker is a speak.Speaker.
type Speaker struct {
	model, voice, format string
	service              *upstream.Service
}

// New makes one. It does no I/O.
func New(o Options) *Speaker {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	return &Speaker{o.Model, o.Voice, o.Format, upstream.New(upstream.Options{
		Name: "speech service", Setting: "speech.url",
		BaseURL: o.BaseURL, Key: o.Key, MaxAnswer: maxAnswer, Discreet: true, Transport: o.Transport,
	})}
}

// Close lets idle connections go.
func (s *Speaker) Close() { s.service.Close() }

// asked is a request of the API.
type asked struct {
	Model  string `json:"model"`
	Voice  string `json:"voice"`
	Input  string `json:"input"`
	Format string `json:"response_format"`
}

// Speak implements speak.Speaker.
func (s *Speaker) Speak(ctx context.Context, text string) (speak.Audio, error) {
	if n := utf8.RuneCountInString(text); n > speak.MaxText {
		return speak.Audio{}, convo.Errorf(convo.TooLarge, "the text has %d characters; the speech service says at most %d at once", n, speak.MaxText)
	}
	body, err := json.Marshal(asked{s.model, s.voice, text, s.format})
	if err != nil {
		return speak.Audio{}, err
	}
	request, err := s.service.Request(ctx, "/audio/speech", "application/json", bytes.NewReader(body))
	if err != nil {
		return speak.Audio{}, err
	}
	data, answered, err := s.service.SendFor(request, "this text")
	if err != nil {
		return speak.Audio{}, err
	}
	// Some servers tell of a failure with a good status.
	if len(data) == 0 || strings.Contains(answered, "json") || strings.HasPrefix(answered, "text/") {
		return speak.Audio{}, s.service.Unreadable(nil)
	}
	audio := speak.Audio{MediaType: mediaTypes()[s.format], Extension: s.format, Data: data}
	if s.format == "opus" {
		audio.Extension = "ogg"
	}
	return audio, nil
}
