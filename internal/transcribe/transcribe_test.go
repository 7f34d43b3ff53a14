package transcribe_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/transcribe"
)

func TestMediaTypesAreReadAsFormats(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string]transcribe.Format{
		"audio/pcm;rate=16000":         {MediaType: "audio/pcm", Extension: "wav", PCM: true, Rate: 16000, Channels: 1},
		"Audio/PCM; channels=2":        {MediaType: "audio/pcm", Extension: "wav", PCM: true, Rate: 24000, Channels: 2},
		"audio/webm;codecs=opus":       {MediaType: "audio/webm", Extension: "webm"},
		"audio/mpeg":                   {MediaType: "audio/mpeg", Extension: "mp3"},
		"audio/pcm;rate=7999":          {},
		"audio/pcm;rate=x":             {},
		"audio/pcm;channels=3":         {},
		"text/plain":                   {},
		"":                             {},
		"audio/pcm;rate=16000;rate=1;": {},
	} {
		got, err := transcribe.ParseFormat(mediaType)
		if want == (transcribe.Format{}) {
			if convo.ErrorKind(err) != convo.Invalid {
				t.Errorf("%q: %+v, %v", mediaType, got, err)
			}
		} else if got != want || err != nil {
			t.Errorf("%q: %+v, %v; want %+v", mediaType, got, err, want)
		}
	}
}

func FuzzParseFormat(f *testing.F) {
	f.Add("audio/pcm;rate=24000;channels=1")
	f.Add("audio/webm;codecs=\"opus\"")
	f.Fuzz(func(t *testing.T, mediaType string) {
		format, err := transcribe.ParseFormat(mediaType)
		if err == nil && (format.Extension == "" || format.PCM && (format.Rate <= 0 || format.Channels <= 0)) {
			t.Errorf("%q is %+v", mediaType, format)
		}
	})
}
