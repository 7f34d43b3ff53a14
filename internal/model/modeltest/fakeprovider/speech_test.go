package fakeprovider_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/internal/transcribe"
	"github.com/parleyhq/parley/internal/transcribe/openai"
)

func TestSpeechIsWrittenDownAsTold(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	for model, want := range map[string]string{"whisper-1": "You spoke 46 bytes of wav.", "fake:empty": "", "fake:503": "upstream_failed"} {
		service := openai.New(openai.Options{BaseURL: fake.URL + "/v1", Model: model})
		defer service.Close()
		format, err := transcribe.ParseFormat("audio/pcm")
		if err != nil {
			t.Fatal(err)
		}
		text, err := service.Transcribe(t.Context(), transcribe.Audio{Format: format, Size: 2, Data: strings.NewReader("ab")})
		if err != nil {
			text = string(convo.ErrorKind(err))
		}
		if text != want {
			t.Errorf("%s: %q, %v; want %q", model, text, err, want)
		}
	}
}
