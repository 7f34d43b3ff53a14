package openai_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/speak"
	"github.com/parleyhq/parley/internal/speak/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-very-secret"

// service is a service that speaks, which a test answers for.
func service(t *testing.T, format string, answer http.HandlerFunc) *openai.Speaker {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	made := openai.New(openai.Options{BaseURL: server.URL + "/v1/", Key: key, Model: "m", Voice: "ann", Format: format})
	t.Cleanup(made.Close)
	return made
}

func TestATextIsSpoken(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]speak.Audio{
		"mp3": {MediaType: "audio/mpeg", Extension: "mp3"}, "opus": {MediaType: "audio/ogg", Extension: "ogg"},
		"pcm": {MediaType: "audio/pcm;rate=24000", Extension: "pcm"},
	} {
		var sent map[string]string
		var asked string
		s := service(t, format, func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization")
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(w, "{\x00sound")
		})
		audio, err := s.Speak(t.Context(), strings.Repeat("é", speak.MaxText))
		if err != nil || audio.MediaType != want.MediaType || audio.Extension != want.Extension || string(audio.Data) != "{\x00sound" {
			t.Errorf("%s: %+v, %v", format, audio, err)
		}
		if asked != "POST /v1/audio/speech Bearer "+key || sent["model"] != "m" || sent["voice"] != "ann" ||
			sent["response_format"] != format || len(sent["input"]) != 2*speak.MaxText || len(sent) != 4 {
			t.Errorf("%s: it was asked %s with %d members", format, asked, len(sent))
		}
	}
}

func TestALongTextIsNotSent(t *testing.T) {
	t.Parallel()
	s := service(t, "mp3", func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	_, err := s.Speak(t.Context(), strings.Repeat("é", speak.MaxText+1))
	if convo.ErrorKind(err) != convo.TooLarge || !strings.Contains(err.Error(), "4097 characters") {
		t.Errorf("error = %v", err)
	}
}

func TestWhatAServiceDoesWrongIsSaidWithoutItsKeyAndTheText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, mediaType string
		status          int
		body            string
		kind            convo.Kind
	}{
		{"a key that it refuses", "", 401, "no such key " + key, convo.UpstreamFailed},
		{"a text that it does not take", "", 400, "bad: a private word", convo.Invalid},
		{"too much to do", "", 429, "", convo.RateLimited},
		{"a failure", "", 503, "a private word", convo.UpstreamFailed},
		{"a redirection", "", 302, "", convo.UpstreamFailed},
		{"a failure with a good status", "application/json", 200, `{"error":"x"}`, convo.UpstreamFailed},
		{"a page", "text/html; charset=utf-8", 200, "<html>", convo.UpstreamFailed},
		{"nothing", "audio/mpeg", 200, "", convo.UpstreamFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := service(t, "mp3", func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", c.mediaType)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := s.Speak(t.Context(), "a private word")
			if convo.ErrorKind(err) != c.kind || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "private word") {
				t.Errorf("error = %v (%s), want %s", err, convo.ErrorKind(err), c.kind)
			}
			if c.status == 429 && convo.PublicError(err).RetryAfter != 7*time.Second {
				t.Errorf("try again after %s", convo.PublicError(err).RetryAfter)
			}
		})
	}
}

func TestAnAnswerWithoutEndIsCut(t *testing.T) {
	t.Parallel()
	s := openai.New(openai.Options{Format: "wav", Transport: endless{}})
	if _, err := s.Speak(t.Context(), "hello"); convo.ErrorKind(err) != convo.UpstreamFailed || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error = %v", err)
	}
}

// endless is a service that never stops.
type endless struct{}

func (endless) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(zeros{}), Request: r}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := service(t, "mp3", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if _, err := s.Speak(ctx, "hello"); convo.ErrorKind(err) != convo.UpstreamTimeout {
		t.Errorf("error = %v", err)
	}
}
