package live

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds an answer: a page of exchanges with the largest messages.
const maxAnswer = 512 << 20

// How long to wait between tries. A server that wants more time than maxWait
// gets none: its error goes to the caller, who can do better than sleep.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 30 * time.Second
	maxWait   = time.Minute
)

// request is one request, which may be made several times.
type request struct {
	method string
	path   string // behind …/api/v1, escaped
	root   string // in place of v1; "" = that
	query  url.Values
	in     any
}

// pathOf joins segments, the variable ones escaped. Proxies and servers may take
// "." and ".." out of a path, and what was meant for a part would happen to the
// whole: these are no ids.
func pathOf(segments ...string) (string, error) {
	var path strings.Builder
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("%q cannot be an id", segment)
		}
		path.WriteString("/" + url.PathEscape(segment))
	}
	return path.String(), nil
}

// call makes a request whose answer is one JSON value.
func call[T any](ctx context.Context, c *Client, r request) (*T, error) {
	out := new(T)
	text, err := c.settings.ask(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("the answer is not what it should be: %w", err)
	}
	return out, nil
}

// ask makes a request, again where it may do better, and gives its answer.
func (s *settings) ask(ctx context.Context, r request) ([]byte, error) {
	var body []byte
	if r.in != nil {
		var err error
		if body, err = json.Marshal(r.in); err != nil {
			return nil, fmt.Errorf("the request cannot be encoded: %w", err)
		}
	}
	key := rand.Text()
	for try := 0; ; try++ {
		text, err := s.once(ctx, r, body, key)
		if err == nil || try >= s.retries || !retryable(ctx, r.method, err) {
			return text, err
		}
		if err := pause(ctx, try, err); err != nil {
			return nil, err
		}
	}
}

// once makes a request once.
func (s *settings) once(ctx context.Context, r request, body []byte, key string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, s.address(r), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if err := s.authorize(ctx, req); err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if r.in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodPost {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.do(ctx, req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return readAnswer(ctx, resp.Body)
}

// readAnswer reads an answer as a whole.
func readAnswer(ctx context.Context, body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("the connection was lost within the answer: %w", errors.Join(io.ErrUnexpectedEOF, err))
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return text, nil
}

// authorize adds what says who asks.
func (s *settings) authorize(ctx context.Context, req *http.Request) error {
	token, err := s.token(ctx)
	if err != nil {
		return &tokenError{err}
	}
	req.Header.Set("User-Agent", "parley-go")
	for name, values := range s.header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// tokenError is a token that its source could not give. It is not asked again.
type tokenError struct{ cause error }

func (e *tokenError) Error() string { return "there is no token to ask with: " + e.cause.Error() }
func (e *tokenError) Unwrap() error { return e.cause }

// do makes a request and gives an answer with a status of success, whose body
// the caller closes.
func (s *settings) do(ctx context.Context, req *http.Request) (*http.Response, error) {
	resp, err := s.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return nil, fmt.Errorf("the server cannot be reached: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, errorOf(resp)
	}
	return resp, nil
}

// address is where a request goes.
func (s *settings) address(r request) string {
	root := r.root
	if root == "" {
		root = "v1"
	}
	address := s.base.String() + "/" + url.PathEscape(s.org) + "/" + url.PathEscape(s.tenant) + "/autopilotforeveryone_/api/" + root + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	return address
}

// retryable reports whether the same request may do better in a moment, and can
// do no harm: what makes or deletes something is only made again where it
// certainly had no effect.
func retryable(ctx context.Context, method string, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if _, ok := errors.AsType[*tokenError](err); ok {
		return false
	}
	again := method != http.MethodPost && method != http.MethodDelete
	if refused, ok := errors.AsType[*Error](err); ok {
		switch refused.Status {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return true
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			return again
		}
		return false
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return true
	}
	_, passing := errors.AsType[net.Error](err)
	return again && (passing || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF))
}

// pause lets time pass before the next try after err: longer each time, by a
// part that is left to chance so that many clients do not come back at once, and
// as long as the server asked for. It returns err if there is no sense in
// waiting, and the cause if ctx ends.
func pause(ctx context.Context, try int, err error) error {
	wait := min(firstWait<<min(try, 10), lastWait)
	wait = wait/2 + mrand.N(wait)
	if refused, ok := errors.AsType[*Error](err); ok {
		if refused.RetryAfter > maxWait {
			return err
		}
		wait = max(wait, refused.RetryAfter)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		return err // it says more than the deadline would
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
