package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client calls the few operations of the API that a chat needs.
type client struct {
	http   *http.Client
	base   string
	secret string
}

// apiError is what the server answered instead of a result.
type apiError struct {
	Status  int    `json:"-"`
	Message string `json:"message"`
	Code    string `json:"code"`
}

func (e *apiError) Error() string { return e.Message }

// maxLine bounds a line of a stream: an answer of 4 MiB, each byte escaped.
const maxLine = 32 << 20

// line is a line of a stream. Seq is 0 on lines that are not in the log.
type line struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	Seq  int64           `json:"seq"`
	Turn string          `json:"turn"`
}

// send makes a request and gives its answer, which the caller closes, or an
// *apiError.
func (c *client) send(ctx context.Context, method, path string, header http.Header, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.base, "/")+path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	failed := &apiError{Status: resp.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what came counts
	if json.Unmarshal(text, failed) != nil || failed.Message == "" {
		failed.Message = fmt.Sprintf("the server answered with status %s", resp.Status)
	}
	return nil, failed
}

// unreachable says of a request that got no answer what its reader knows by
// another name than its method and path.
func unreachable(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("the server cannot be reached: %w", err)
}

// call makes a request whose answer is one object.
func (c *client) call(ctx context.Context, path string, in, out any) error {
	resp, err := c.send(ctx, http.MethodPost, path, nil, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return json.NewDecoder(resp.Body).Decode(out)
}

// createConversation makes one and gives its id.
func (c *client) createConversation(ctx context.Context, model, backstory string) (string, error) {
	in := map[string]string{}
	if model != "" {
		in["model"] = model
	}
	if backstory != "" {
		in["backstory"] = backstory
	}
	var out struct {
		ID string `json:"id"`
	}
	err := c.call(ctx, "/v1/conversation/create", in, &out)
	return out.ID, err
}

// stop ends what runs in a conversation.
func (c *client) stop(ctx context.Context, conversation string) error {
	return c.call(ctx, conversationPath(conversation, "stop"), struct{}{}, &struct{}{})
}

// complete asks for an answer, as a stream. The key lets the same request be
// made again without a second answer.
func (c *client) complete(ctx context.Context, conversation, text, key string) (*http.Response, error) {
	header := http.Header{"Accept": {"application/jsonl"}, "Idempotency-Key": {key}}
	return c.send(ctx, http.MethodPost, conversationPath(conversation, "complete"), header, map[string]string{"text": text})
}

// events reads the conversation's log from behind a number on, and then what
// happens.
func (c *client) events(ctx context.Context, conversation string, after int64) (*http.Response, error) {
	path := conversationPath(conversation, "events") + "?live=true&after=" + strconv.FormatInt(after, 10)
	return c.send(ctx, http.MethodGet, path, http.Header{"Accept": {"application/jsonl"}}, nil)
}

func conversationPath(id, operation string) string {
	return "/v1/conversation/" + url.PathEscape(id) + "/" + operation
}

// readLines hands each line of a stream to emit until emit says that it has
// enough. A stream that ends before is an error.
func readLines(r io.Reader, emit func(line) (done bool, err error)) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return fmt.Errorf("the server sent a line that cannot be read: %w", err)
		}
		if done, err := emit(l); done || err != nil {
			return err
		}
	}
	return errors.Join(io.ErrUnexpectedEOF, scanner.Err())
}

// retryable reports whether the same request may do better in a moment.
func retryable(err error) bool {
	if failed, ok := errors.AsType[*apiError](err); ok {
		return failed.Status == http.StatusTooManyRequests || failed.Status >= 502 && failed.Status <= 504
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// wait lets some time pass, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
