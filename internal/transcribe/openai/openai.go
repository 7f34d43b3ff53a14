// Package openai writes down what was said by the transcription API of OpenAI, which
// many other servers speak: POST {base}/audio/transcriptions with a form of parts.
//
// The recording is sent as it is read, never held in memory. Redirections are not
// followed, because they would take the key along.
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
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/transcribe"
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
	options Options
	http    *http.Client
}

// New makes one. It does no I/O.
func New(o Options) *Transcriber {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	client := &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if o.Transport == nil {
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute}
		client.Transport = transport
	}
	return &Transcriber{options: o, http: client}
}

// Close lets idle connections go.
func (t *Transcriber) Close() { t.http.CloseIdleConnections() }

// Transcribe implements transcribe.Transcriber.
func (t *Transcriber) Transcribe(ctx context.Context, audio transcribe.Audio) (string, error) {
	request, err := t.request(ctx, audio)
	if err != nil {
		return "", err
	}
	response, err := t.http.Do(request)
	if err != nil {
		return "", t.failed(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return "", t.failed(ctx, err)
	case response.StatusCode != http.StatusOK:
		return "", t.refused(response, body)
	case len(body) > maxAnswer:
		return "", convo.Errorf(convo.UpstreamFailed, "the transcription service answered with more than %d bytes", maxAnswer)
	}
	var answer struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Text == nil {
		return "", convo.WrapError(convo.UpstreamFailed, err, "the transcription service gave an answer that cannot be read")
	}
	return strings.TrimSpace(strings.ToValidUTF8(*answer.Text, "\ufffd")), nil
}

// request makes the form. Its length is known, since not every server takes bodies
// without one.
func (t *Transcriber) request(ctx context.Context, audio transcribe.Audio) (*http.Request, error) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	err := errors.Join(w.WriteField("model", t.options.Model), w.WriteField("response_format", "json"))
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.options.BaseURL+"/audio/transcriptions", body)
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, t.hide(err), "the address of the transcription service cannot be used; look at transcription.url")
	}
	request.ContentLength = length
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Accept", "application/json")
	if t.options.Key != "" {
		request.Header.Set("Authorization", "Bearer "+t.options.Key)
	}
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

// failed is the error of a service that could not be asked.
func (t *Transcriber) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "the transcription service took too long")
	}
	return convo.WrapError(convo.UpstreamFailed, t.hide(err), "the transcription service cannot be reached")
}

// refused is the error of a service that said no. What it says stays in the log.
func (t *Transcriber) refused(response *http.Response, body []byte) error {
	const most = 500
	said := t.hide(errors.New(strings.ToValidUTF8(string(body[:min(len(body), most)]), "\ufffd")))
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return convo.WrapError(convo.UpstreamFailed, said, "the transcription service refuses the server's key")
	case status == http.StatusTooManyRequests:
		e := convo.WrapError(convo.RateLimited, said, "the transcription service has too much to do; try again")
		if n, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && n > 0 {
			e.RetryAfter = time.Duration(n) * time.Second
		}
		return e
	case status >= 400 && status < 500:
		return convo.WrapError(convo.Invalid, said, "the transcription service does not take this audio (HTTP %d)", status)
	default:
		return convo.WrapError(convo.UpstreamFailed, said, "the transcription service failed (HTTP %d)", status)
	}
}

// hide keeps the key out of an error.
func (t *Transcriber) hide(err error) error {
	if t.options.Key == "" || !strings.Contains(err.Error(), t.options.Key) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), t.options.Key, "***"))
}
