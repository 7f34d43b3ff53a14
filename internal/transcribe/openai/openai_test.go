package openai_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/transcribe"
	"github.com/parleyhq/parley/internal/transcribe/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-very-secret"

// service is a transcription service that a test answers for.
func service(t *testing.T, answer http.HandlerFunc) *openai.Transcriber {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	made := openai.New(openai.Options{BaseURL: server.URL + "/v1/", Key: key, Model: "whisper-1"})
	t.Cleanup(made.Close)
	return made
}

func recording(t *testing.T, mediaType, data string) transcribe.Audio {
	t.Helper()
	format, err := transcribe.ParseFormat(mediaType)
	if err != nil {
		t.Fatal(err)
	}
	return transcribe.Audio{Format: format, Size: int64(len(data)), Data: strings.NewReader(data)}
}

func TestARecordingIsSentAsAFile(t *testing.T) {
	t.Parallel()
	type sent struct{ name, model, auth, path string }
	var got sent
	var file []byte
	tr := service(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength <= 0 {
			t.Errorf("the length is %d", r.ContentLength)
		}
		part, header, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		got = sent{header.Filename, r.FormValue("model"), r.Header.Get("Authorization"), r.URL.Path}
		file, _ = io.ReadAll(part)
		_, _ = io.WriteString(w, `{"text":" Hello there. \n"}`)
	})
	text, err := tr.Transcribe(t.Context(), recording(t, "audio/pcm;rate=16000;channels=2", "samples!"))
	if err != nil || text != "Hello there." {
		t.Fatalf("%q, %v", text, err)
	}
	if want := (sent{"audio.wav", "whisper-1", "Bearer " + key, "/v1/audio/transcriptions"}); got != want {
		t.Errorf("sent %+v, want %+v", got, want)
	}
	if len(file) != 44+8 || !bytes.HasPrefix(file, []byte("RIFF")) || string(file[44:]) != "samples!" ||
		binary.LittleEndian.Uint32(file[4:]) != 44 || binary.LittleEndian.Uint32(file[24:]) != 16000 ||
		binary.LittleEndian.Uint32(file[28:]) != 64000 || binary.LittleEndian.Uint32(file[40:]) != 8 {
		t.Errorf("the file is % x", file)
	}
	if _, err := tr.Transcribe(t.Context(), recording(t, "audio/webm;codecs=opus", "as it is")); err != nil || got.name != "audio.webm" || string(file) != "as it is" {
		t.Errorf("%s %q, %v", got.name, file, err)
	}
}

func TestWhatAServiceDoesWrongIsSaidWithoutItsKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   convo.Kind
	}{
		{"a key that it refuses", 401, "no such key " + key, convo.UpstreamFailed},
		{"audio that it does not take", 400, "bad " + key, convo.Invalid},
		{"too much to do", 429, "", convo.RateLimited},
		{"a failure", 503, "", convo.UpstreamFailed},
		{"a redirection", 302, "", convo.UpstreamFailed},
		{"no JSON", 200, "<html>", convo.UpstreamFailed},
		{"JSON without a text", 200, `{"error":"x"}`, convo.UpstreamFailed},
		{"an answer without end", 200, `{"text":"` + strings.Repeat("x", 2<<20) + `"}`, convo.UpstreamFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := service(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := tr.Transcribe(t.Context(), recording(t, "audio/wav", "x"))
			if convo.ErrorKind(err) != c.kind || strings.Contains(err.Error(), key) {
				t.Errorf("error = %v (%s), want %s", err, convo.ErrorKind(err), c.kind)
			}
			if c.status == 429 && convo.PublicError(err).RetryAfter != 7*time.Second {
				t.Errorf("try again after %s", convo.PublicError(err).RetryAfter)
			}
		})
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	tr := service(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if _, err := tr.Transcribe(ctx, recording(t, "audio/wav", "x")); convo.ErrorKind(err) != convo.UpstreamTimeout {
		t.Errorf("error = %v", err)
	}
}
