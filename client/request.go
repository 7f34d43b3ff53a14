package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds an answer that is read as a whole: a page of the largest
// messages.
const maxAnswer = 512 << 20

// prefix stands before all paths of the API.
const prefix = "/api/v1"

// keyHeader is what names a request, so that its repeat is recognised.
const keyHeader = "Idempotency-Key"

// The media types that are asked for.
const (
	typeJSON  = "application/json"
	typeLines = "application/jsonl"
	typeCSV   = "text/csv"
)

// request is one request, which may be made several times.
type request struct {
	method       string
	path         string // from prefix on, escaped
	query        url.Values
	accept       string
	contentType  string
	body         []byte
	key          string // by which a repeat is recognised; "" = not at all
	conversation string // that the path names, if any
}

// get asks for something.
func get(path string, query url.Values) (*request, error) {
	return &request{method: http.MethodGet, path: prefix + path, query: query, accept: typeJSON}, nil
}

// post changes something, under a key of its own.
func post(path string, in any) (*request, error) {
	r := &request{method: http.MethodPost, path: prefix + path, accept: typeJSON, contentType: typeJSON, key: rand.Text()}
	var err error
	r.body, err = encode(in)
	return r, err
}

// encode makes JSON as JavaScript would, without escaping for HTML.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("the request cannot be encoded: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// conversationPath is the path of an operation on a conversation, and below it
// on one of its parts.
func conversationPath(id string, parts ...string) (string, error) {
	path := "/conversation"
	for i, part := range append([]string{id}, parts...) {
		what := "message"
		if i == 0 {
			what = "conversation"
		}
		switch part {
		case "":
			return "", fmt.Errorf("the id of the %s is empty", what)
		case ".", "..":
			// Proxies and servers may take such a segment out of the path, and what
			// was meant for a message would happen to its conversation.
			return "", fmt.Errorf("%q cannot be the id of a %s", part, what)
		}
		path += "/" + url.PathEscape(part)
	}
	return path, nil
}

// address is where a request goes. The hosted service has no /api before its
// paths, as the npm package knows.
func (s *settings) address(r *request) string {
	path := r.path
	if s.base.Hostname() == "api.chatbotkit.com" {
		path = strings.TrimPrefix(path, "/api")
	}
	address := strings.TrimRight(s.base.String(), "/") + path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	return address
}

// once makes a request once. It gives an answer with status 200, whose body the
// caller closes, or an error.
func (s *settings) once(ctx context.Context, r *request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, s.address(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if s.retries == 0 {
		req.GetBody = nil // else net/http makes a request with a key again by itself
	}
	h := req.Header
	h.Set("User-Agent", "parley-go")
	h.Set("Accept", r.accept)
	if r.accept == typeLines {
		h.Set("Accept-Encoding", "identity") // who compresses holds lines back
	}
	if s.secret != "" {
		h.Set("Authorization", "Bearer "+s.secret)
	}
	if r.contentType != "" {
		h.Set("Content-Type", r.contentType)
	}
	for name, values := range s.header {
		h[name] = values
	}
	if key := s.keyOf(r); key != "" {
		h.Set(keyHeader, key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, errorOf(resp, time.Now())
	}
	return resp, nil
}

func (s *settings) keyOf(r *request) string {
	if r.method == http.MethodPost && s.key != "" {
		return s.key
	}
	return r.key
}

// unreachable says why there was no answer, without the address that its
// reader knows by another name.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("the server cannot be reached: %w", err)
}

// errTimeout ends a call that took longer than [WithTimeout] allows.
var errTimeout = fmt.Errorf("the call took longer than its timeout: %w", context.DeadlineExceeded)

// call makes a request whose answer is one object, and decodes it into out.
func (c *Client) call(ctx context.Context, r *request, err error, out any, options []Option) error {
	if err != nil {
		return err
	}
	s, err := c.with(options)
	if err != nil {
		return err
	}
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.timeout, errTimeout)
		defer cancel()
	}
	return s.retry(ctx, r, func() error {
		resp, err := s.once(ctx, r)
		if err != nil {
			return err
		}
		return decode(ctx, resp, out)
	})
}

// decode reads an answer that is one object.
func decode(ctx context.Context, resp *http.Response, out any) error {
	defer func() { _ = resp.Body.Close() }()
	text, err := readAnswer(ctx, resp.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &malformedError{err}
	}
	return nil
}

// readAnswer reads an answer as a whole.
func readAnswer(ctx context.Context, body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, broken(err)
	case len(text) > maxAnswer:
		return nil, &malformedError{fmt.Errorf("an answer is longer than %d bytes", maxAnswer)}
	}
	return text, nil
}
