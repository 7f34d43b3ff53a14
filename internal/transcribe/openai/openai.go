// Package openai writes down what was said by the transcription API of OpenAI, which
// many other servers speak: POST {base}/audio/transcriptions with a form of parts.
//
// The recording is sent as it is read, never held in memory.
package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/transcribe"
	"github.com/parleyhq/parley/internal/upstream"
)

// DefaultBaseURL is OpenAI's own address.
const DefaultBaseURL = "https://api.openai.com/v1"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// Options say which service is asked.
type Options struct {
	BaseURL   string // "" = DefaultBaseURL
	Key       string // "" = none is sent
	Model     string
	Transport http.RoundTripper // nil = http.DefaultTransport's settings
}

// Transcriber is a transcribe.Transcriber.
type Transcriber struct {
	model   string
	service *upstream.Service
}

// New makes one. It does no I/O.
func New(o Options) *Transcriber {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	return &Transcriber{o.Model, upstream.New(upstream.Options{
		Name: "transcription service", Setting: "transcription.url",
		BaseURL: o.BaseURL, Key: o.Key, MaxAnswer: maxAnswer, Transport: o.Transport,
	})}
}

// Close lets idle connections go.
func (t *Transcriber) Close() { t.service.Close() }

// Transcribe implements transcribe.Transcriber.
func (t *Transcriber) Transcribe(ctx context.Context, audio transcribe.Audio) (string, error) {
	request, err := t.request(ctx, audio)
	if err != nil {
		return "", err
	}
	body, err := t.service.Send(request, "this audio")
	if err != nil {
		return "", err
	}
	var answer struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Text == nil {
		return "", t.service.Unreadable(err)
	}
	return strings.TrimSpace(strings.ToValidUTF8(*answer.Text, "\ufffd")), nil
}

// request makes the form. Its length is known, since not every server takes bodies
// without one.
func (t *Transcriber) request(ctx context.Context, audio transcribe.Audio) (*http.Request, error) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	err := errors.Join(w.WriteField("model", t.model), w.WriteField("response_format", "json"))
	if err != nil {
		return nil, err
	}
	if _, err := w.CreateFormFile("file", "audio."+audio.Format.Extension); err != nil {
		return nil, err
	}
	if audio.Format.PCM {
		if audio.Size > math.MaxUint32-wavHeader {
			return nil, convo.Errorf(convo.TooLarge, "the audio is too long")
		}
		form.Write(wav(audio.Format, uint32(audio.Size)))
	}
	end := fmt.Sprintf("\r\n--%s--\r\n", w.Boundary())
	length := int64(form.Len()) + audio.Size + int64(len(end))
	body := io.MultiReader(&form, io.LimitReader(audio.Data, audio.Size), strings.NewReader(end))
	request, err := t.service.Request(ctx, "/audio/transcriptions", w.FormDataContentType(), body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = length
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// wavHeader is how long the header is that makes a file of bare samples.
const wavHeader = 44

// wav is that header.
func wav(f transcribe.Format, size uint32) []byte {
	const bytesPerSample = 2
	frame := f.Channels * bytesPerSample
	b := make([]byte, 0, wavHeader)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, size+wavHeader-8)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16) // the length of what describes the samples
	b = binary.LittleEndian.AppendUint16(b, 1)  // integers
	b = binary.LittleEndian.AppendUint16(b, uint16(f.Channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.Rate*frame))
	b = binary.LittleEndian.AppendUint16(b, uint16(frame))
	b = binary.LittleEndian.AppendUint16(b, 8*bytesPerSample)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, size)
}
