// Package upstream asks services that answer a request with one whole answer: those
// that transcribe, speak, embed, moderate.
//
// It promises that a call ends when its context does, that redirections are not
// followed, because they would take the key along, that no more of an answer is read
// than its bound, and that an error is a *convo.Error whose text may be shown and
// names the service, and which holds no key. What a service says when it refuses
// stays in the error's cause, for the log, if it may stand there.
package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Options say which service is asked.
type Options struct {
	Name    string // as errors call it: "transcription service"
	Setting string // the setting that has its address
	BaseURL string // without a slash at its end, or with one
	Key     string // "" = none is sent
	// KeyHeader takes the key as it is; "" = Authorization, as a bearer token.
	KeyHeader string
	// Discreet keeps what the service says when it refuses out of errors: it may repeat
	// what was sent.
	Discreet  bool
	MaxAnswer int64             // bytes
	Transport http.RoundTripper // nil = one with the settings of http.DefaultTransport
}

// Service is a service that can be asked, by many goroutines.
type Service struct {
	options Options
	http    *http.Client
}

// New makes one. It does no I/O.
func New(o Options) *Service {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Transport == nil {
		o.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute,
		}
	}
	return &Service{options: o, http: &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets idle connections go.
func (s *Service) Close() { s.http.CloseIdleConnections() }

// Request makes a POST with the service's key to a path behind its address.
func (s *Service) Request(ctx context.Context, path, mediaType string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.BaseURL+path, body)
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, s.hide(err),
			"the address of the %s cannot be used; look at %s", s.options.Name, s.options.Setting)
	}
	request.Header.Set("Content-Type", mediaType)
	switch {
	case s.options.Key == "":
	case s.options.KeyHeader != "":
		request.Header.Set(s.options.KeyHeader, s.options.Key)
	default:
		request.Header.Set("Authorization", "Bearer "+s.options.Key)
	}
	return request, nil
}

// Send asks, and gives the whole body of a good answer. what is what was sent, as an
// error calls it: "this audio".
func (s *Service) Send(request *http.Request, what string) ([]byte, error) {
	body, _, err := s.SendFor(request, what)
	return body, err
}

// SendFor is Send for who has to know the media type of the answer, which is as its
// header has it: it may be anything, or "".
func (s *Service) SendFor(request *http.Request, what string) (body []byte, mediaType string, err error) {
	response, err := s.http.Do(request)
	if err != nil {
		return nil, "", s.failed(request.Context(), err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, s.options.MaxAnswer+1))
	switch {
	case err != nil:
		return nil, "", s.failed(request.Context(), err)
	case response.StatusCode != http.StatusOK:
		return nil, "", s.refused(response, body, what)
	case int64(len(body)) > s.options.MaxAnswer:
		return nil, "", convo.Errorf(convo.UpstreamFailed, "the %s answered with more than %d bytes", s.options.Name, s.options.MaxAnswer)
	}
	return body, response.Header.Get("Content-Type"), nil
}

// Ask sends a value as JSON and reads the answer into another one.
func (s *Service) Ask(ctx context.Context, path string, in any, what string, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := s.Request(ctx, path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	answer, err := s.Send(request, what)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return s.Unreadable(err)
	}
	return nil
}

// Unreadable is the error of an answer that makes no sense. cause may be nil.
func (s *Service) Unreadable(cause error) error {
	return convo.WrapError(convo.UpstreamFailed, cause, "the %s gave an answer that cannot be read", s.options.Name)
}

// failed is the error of a service that could not be asked.
func (s *Service) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "the %s took too long", s.options.Name)
	}
	return convo.WrapError(convo.UpstreamFailed, s.hide(err), "the %s cannot be reached", s.options.Name)
}

// refused is the error of a service that said no.
func (s *Service) refused(response *http.Response, body []byte, what string) error {
	const most = 500
	var said error
	if !s.options.Discreet {
		said = s.hide(errors.New(strings.ToValidUTF8(string(body[:min(len(body), most)]), "\ufffd")))
	}
	name := s.options.Name
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return convo.WrapError(convo.UpstreamFailed, said, "the %s refuses the server's key", name)
	case status == http.StatusTooManyRequests:
		e := convo.WrapError(convo.RateLimited, said, "the %s has too much to do; try again", name)
		if n, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && n > 0 {
			e.RetryAfter = time.Duration(n) * time.Second
		}
		return e
	case status >= 400 && status < 500:
		return convo.WrapError(convo.Invalid, said, "the %s does not take %s (HTTP %d)", name, what, status)
	default:
		return convo.WrapError(convo.UpstreamFailed, said, "the %s failed (HTTP %d)", name, status)
	}
}

// hide keeps the key out of an error.
func (s *Service) hide(err error) error {
	if s.options.Key == "" || !strings.Contains(err.Error(), s.options.Key) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), s.options.Key, "***"))
}
