package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// line is one line of a turn's stream or of a log.
type line struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
	Seq  int64           `json:"seq"`
	Turn string          `json:"turn"`
}

// message is a stored message, and the data of a line of that type.
type message struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Text string `json:"text"`
	Meta struct {
		Incomplete bool `json:"incomplete"`
	} `json:"meta"`
}

// result is the end of a turn.
type result struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	End  struct {
		Reason string `json:"reason"`
	} `json:"end"`
	Error struct {
		Code string `json:"code"`
	} `json:"error"`
}

// interrupted reports whether it is the end of a turn that a kill hit.
func (r result) interrupted() bool { return r.Error.Code == "SERVICE_UNAVAILABLE" }

// client speaks the server's public API. Each request has a connection of its
// own: one that is kept would be repeated by net/http itself.
type client struct {
	base string
	http *http.Client
}

func newClient(address string) *client {
	return &client{base: "http://" + address, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
}

// refused is an answer that is no success: a killed server gives none.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return fmt.Sprintf("status %d: %s", r.status, r.text) }

func (c *client) do(ctx context.Context, method, path, key, accept string, body any) (*http.Response, error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+apiSecret)
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return nil, errors.Join(&refused{resp.StatusCode, string(text)}, err)
}

// object asks for a JSON answer.
func (c *client) object(ctx context.Context, method, path, key string, body, into any) error {
	resp, err := c.do(ctx, method, path, key, "", body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// lines asks for a stream and hands its lines on until it ends. Half a line,
// where the connection broke, is none.
func (c *client) lines(ctx context.Context, method, path, key string, body any, each func(line)) error {
	resp, err := c.do(ctx, method, path, key, "application/jsonl", body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	reader := bufio.NewReader(resp.Body)
	for {
		text, err := reader.ReadString('\n')
		if errors.Is(err, io.EOF) && strings.TrimSpace(text) == "" {
			return nil
		}
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return fmt.Errorf("%w in the line %q", err, text)
		}
		each(l)
	}
}

func (c *client) log(ctx context.Context, conversation string) (log []line, err error) {
	err = c.lines(ctx, http.MethodGet, "/v1/conversation/"+conversation+"/events", "", nil, func(l line) { log = append(log, l) })
	return log, err
}

func (c *client) messages(ctx context.Context, conversation string) (all []message, err error) {
	err = c.lines(ctx, http.MethodGet, "/v1/conversation/"+conversation+"/message/list", "", nil, func(l line) {
		var m message
		if json.Unmarshal(l.Data, &m) == nil {
			all = append(all, m)
		}
	})
	return all, err
}

// newConversation makes one with a name of its own. A request that is equal to
// one shortly before a kill would count as a repeat of that one.
func (c *client) newConversation(ctx context.Context, name string) (string, error) {
	var created struct{ ID string }
	err := c.object(ctx, http.MethodPost, "/v1/conversation/create", "", map[string]string{"name": name}, &created)
	return created.ID, err
}
