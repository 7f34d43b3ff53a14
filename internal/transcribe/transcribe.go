// Package transcribe is the port to services that write down what was said.
//
// A driver promises that a call ends when its context does, that an error of it is a
// *convo.Error whose text may be shown and holds no key, and that silence gives an
// empty text.
package transcribe

import (
	"context"
	"io"
	"mime"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Transcriber is what a driver implements. It may be used by many goroutines.
type Transcriber interface {
	// Transcribe gives what is said in a recording. It reads the recording once,
	// to its end or not.
	Transcribe(ctx context.Context, audio Audio) (text string, err error)
}

// Audio is a recording.
type Audio struct {
	Format Format
	Size   int64 // bytes of Data
	Data   io.Reader
}

// Format says how a recording is to be read.
type Format struct {
	MediaType string // without parameters
	Extension string // of files of the kind, without a dot
	// PCM says that it is bare samples: signed, of 16 bits, the lower byte first.
	PCM      bool
	Rate     int // with PCM: samples a second
	Channels int // with PCM
}

// The bounds of bare samples, and what is meant where nothing is said.
const (
	minRate, maxRate = 8_000, 192_000
	usualRate        = 24_000
	maxChannels      = 2
)

// ParseFormat reads a media type, as audio/pcm;rate=24000. What no service takes is
// refused with an error that names what they do.
func ParseFormat(mediaType string) (Format, error) {
	kind, params, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return Format{}, unknownFormat(mediaType)
	}
	f := Format{MediaType: kind, Extension: extension(kind)}
	if f.Extension == "" {
		return f, unknownFormat(mediaType)
	}
	if kind != "audio/pcm" {
		return f, nil
	}
	f.PCM = true
	if f.Rate, err = number(params["rate"], usualRate, minRate, maxRate); err != nil {
		return f, convo.Errorf(convo.Invalid, "the rate of the audio must be from %d to %d samples a second", minRate, maxRate)
	}
	if f.Channels, err = number(params["channels"], 1, 1, maxChannels); err != nil {
		return f, convo.Errorf(convo.Invalid, "the audio may have up to %d channels", maxChannels)
	}
	return f, nil
}

func unknownFormat(mediaType string) error {
	const most = 64
	if len(mediaType) > most {
		mediaType = strings.ToValidUTF8(mediaType[:most], "")
	}
	return convo.Errorf(convo.Invalid, "%q is no audio that can be written down; send audio/pcm;rate=24000 (16 bits), or wav, mp3, mp4, ogg, webm or flac", mediaType)
}

// extension is what files of a media type are called, by which services tell formats;
// "" for one that they do not take.
func extension(kind string) string {
	switch kind {
	case "audio/pcm", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
		return "wav"
	case "audio/mpeg", "audio/mp3":
		return "mp3"
	case "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac":
		return "m4a"
	case "audio/ogg", "audio/opus":
		return "ogg"
	case "audio/webm", "video/webm":
		return "webm"
	case "audio/flac", "audio/x-flac":
		return "flac"
	}
	return ""
}

func number(s string, usual, least, most int) (int, error) {
	if s == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(s)
	if err == nil && (n < least || n > most) {
		err = strconv.ErrRange
	}
	return n, err
}
