package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// BaseURL is the address of the API for a client's HTTP. Its host means
// nothing: every connection goes to the socket.
const BaseURL = "http://parley.local"

// ErrNoServer says that no server runs on the data folder.
var ErrNoServer = errors.New("no server is running on this data folder")

// Client talks to the server that runs on a data folder.
type Client struct {
	http *http.Client
}

var _ Tokens = (*Client)(nil)

// Dial finds the server of a data folder, or returns [ErrNoServer]. A folder of
// another user is neither.
func Dial(ctx context.Context, folder string) (*Client, error) {
	path := filepath.Join(folder, socketName)
	var dialer net.Dialer
	probe, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("only the user that the server runs as may use %s: %w", path, err)
		}
		return nil, fmt.Errorf("%w (%w)", ErrNoServer, err)
	}
	_ = probe.Close() // it has answered; that was all
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		},
	}
	return &Client{http: &http.Client{Transport: transport}}, nil
}

// HTTP is a client whose requests, to [BaseURL], go to the server's API.
func (c *Client) HTTP() *http.Client { return c.http }

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Create implements Tokens.
func (c *Client) Create(ctx context.Context, tenant, name, app string, lasts time.Duration) (string, convo.Token, error) {
	var out createAnswer
	err := c.call(ctx, http.MethodPost, "/console/token/create", createRequest{Tenant: tenant, Name: name, App: app, Lasts: lasts}, &out)
	return out.Secret, fromWire(out.Token), err
}

// List implements Tokens.
func (c *Client) List(ctx context.Context, tenant string) ([]convo.Token, error) {
	var out listAnswer
	err := c.call(ctx, http.MethodGet, "/console/token/list?tenant="+url.QueryEscape(tenant), nil, &out)
	list := make([]convo.Token, 0, len(out.Tokens))
	for _, t := range out.Tokens {
		list = append(list, fromWire(t))
	}
	return list, err
}

// Revoke implements Tokens.
func (c *Client) Revoke(ctx context.Context, tenant, id string) error {
	return c.call(ctx, http.MethodPost, "/console/token/revoke", revokeRequest{tenant, id}, nil)
}

// Chat gets a secret that works for a day.
func (c *Client) Chat(ctx context.Context, tenant string) (string, error) {
	var out chatAnswer
	err := c.call(ctx, http.MethodPost, "/console/chat", createRequest{Tenant: tenant}, &out)
	return out.Secret, err
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	resp, err := c.send(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// send makes a request and gives its answer, which the caller closes, or what
// the server says went wrong. header, unless it is nil, adds to the request's.
func (c *Client) send(
	ctx context.Context, method, path string, body io.Reader, header func(http.Header),
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, BaseURL+path, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		header(req.Header)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer on its socket: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNotFound {
		return nil, errors.New("the server does not know what it is asked on its socket: it is older than this command, so restart it")
	}
	var failed failure
	if err := json.NewDecoder(resp.Body).Decode(&failed); err != nil || failed.Message == "" {
		return nil, fmt.Errorf("the server answered with status %d on its socket", resp.StatusCode)
	}
	return nil, failed.err()
}
