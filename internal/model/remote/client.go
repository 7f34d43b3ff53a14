// Package remote is what drivers of model providers over HTTP share: the call
// and its errors, streams of server-sent events and of JSON lines, and the
// shapes that tool calls take on their way.
//
// It promises, whatever a provider does:
//
//   - A call ends when its context does, with the context's error, and the
//     provider then sees its request cancelled.
//   - A provider that sends no byte for longer than Options.Silence, before or
//     during its answer, is given up with an error of kind model.Silent. Behind
//     a whole answer and for the words of an error the time is short, however
//     often something comes.
//   - No line and no event is longer than a bound, and neither is the text of an
//     error. No error holds the key.
//   - Redirections are not followed, because they would take the key along.
//   - A compressed answer, which nobody asked for, is an error and no garbage.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parleyhq/parley/internal/model"
)

// DefaultSilence is how long a provider may send nothing. Models that think
// before they speak are slow to begin, but most send signs of life.
const DefaultSilence = 2 * time.Minute

// How long a provider may send nothing, and how long it may take in all, for the
// rest of an answer of which what counts is known: that it failed, or how it
// ended.
const (
	restSilence = 5 * time.Second
	restTime    = 15 * time.Second
)

// maxAnswer bounds answers that are not streams: lists of models and errors.
const maxAnswer = 8 << 20

// Options say how a provider is reached.
type Options struct {
	Provider  string        // its name in errors
	BaseURL   string        // where its API is; the paths of calls are added
	Key       string        // kept out of errors; the driver sends it
	Header    http.Header   // sent with every call
	Silence   time.Duration // 0 = DefaultSilence
	Transport http.RoundTripper
}

// Client calls one provider. It may be used by many goroutines.
type Client struct {
	options Options
	http    *http.Client
}

// New makes a client. It does no I/O.
func New(o Options) *Client {
	o.BaseURL = strings.TrimRight(strings.TrimSpace(o.BaseURL), "/")
	if o.Silence <= 0 {
		o.Silence = DefaultSilence
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	return &Client{options: o, http: &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// newTransport differs from Go's own in what many long streams to one host
// need: connections stay for the next call, and nothing is compressed, because
// a compressor holds tokens back.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true,
		// Both lie there for as long as an answer takes. A request is written
		// once, and of an answer only what frames its pieces goes through them.
		WriteBufferSize: 1 << 10,
		ReadBufferSize:  1 << 10,
	}
}

// Close lets idle connections go. The client stays usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get decodes the JSON that the provider has at a path.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	return c.fetch(ctx, question{method: http.MethodGet, path: path, query: query}, into)
}

// Post decodes the JSON with which the provider answers a JSON body.
func (c *Client) Post(ctx context.Context, path string, body []byte, into any) error {
	return c.fetch(ctx, question{method: http.MethodPost, path: path, body: body, accept: "application/json"}, into)
}

// question is what a request is made of.
type question struct {
	method, path string
	query        url.Values
	body         []byte
	accept       string // with a body
}

func (c *Client) fetch(ctx context.Context, q question, into any) error {
	call := c.begin(ctx)
	defer call.end()
	res, err := call.do(q)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(call, maxAnswer))
	if err != nil {
		return call.failure(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return c.Errorf(model.Malformed, res.StatusCode, err, "provider %s sent something that is not JSON; check its base URL", c.options.Provider)
	}
	return nil
}

// Stream posts a JSON body and gives the server-sent events of the answer. The
// caller closes the stream.
func (c *Client) Stream(ctx context.Context, path string, query url.Values, body []byte) (*Stream, error) {
	return c.stream(ctx, question{method: http.MethodPost, path: path, query: query, body: body, accept: "text/event-stream"})
}

// Lines is Stream for answers of which each line is a JSON value.
func (c *Client) Lines(ctx context.Context, path string, body []byte) (*Stream, error) {
	return c.stream(ctx, question{method: http.MethodPost, path: path, body: body, accept: lines})
}

// lines is the type of a stream of JSON values, one a line.
const lines = "application/x-ndjson"

func (c *Client) stream(ctx context.Context, q question) (*Stream, error) {
	call := c.begin(ctx)
	res, err := call.do(q)
	if err != nil {
		call.end()
		return nil, err
	}
	if err := c.checkStream(call, res, q.accept); err != nil {
		call.end()
		return nil, err
	}
	return newStream(call, q.accept == lines), nil
}

// checkStream refuses an answer that says of itself that it is no stream. Some
// servers report errors that way, with status 200. One JSON value is a stream
// of lines, though, and what is wrong with it stands in it.
func (c *Client) checkStream(call *call, res *http.Response, wanted string) error {
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if kind != "text/html" && (kind != "application/json" || wanted == lines) {
		return nil
	}
	call.hurry()
	data, err := io.ReadAll(io.LimitReader(call, maxErrorBody))
	if err != nil {
		return call.failure(err)
	}
	if text := c.public(readReport(data).text); kind == "application/json" && text != "" {
		return c.Errorf(model.Failed, res.StatusCode, nil, "provider %s failed: %s", c.options.Provider, text)
	}
	return c.Errorf(model.Malformed, res.StatusCode, nil, "provider %s answered with %s instead of a stream; check its base URL", c.options.Provider, kind)
}

// errSilent is the cause with which a call is cancelled whose provider is quiet.
var errSilent = errors.New("the provider sent nothing for too long")

// call is one request on its way. It reads the answer's body, and gives up
// when a single read takes too long; the time that its reader takes between
// two reads does not count.
type call struct {
	client *Client
	parent context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	body   io.ReadCloser

	// The timer is not touched by reads, which would cost each token; it finds
	// out by itself how long it was too early.
	watch   *time.Timer
	silence atomic.Int64 // how long a read may take, in nanoseconds
	began   time.Time
	waiting atomic.Int64 // since when somebody waits, in nanoseconds after began; 0 = nobody

	rest *time.Timer // ends a call that was hurried; nil = it was not
}

func (c *Client) begin(ctx context.Context) *call {
	call := &call{client: c, parent: ctx, began: time.Now()}
	call.ctx, call.cancel = context.WithCancelCause(ctx)
	// Reset starts it, not AfterFunc, so that the field is set when it fires.
	call.watch = time.AfterFunc(time.Hour, call.check)
	call.limit(c.options.Silence)
	return call
}

// limit says how long a read may take from now on.
func (k *call) limit(silence time.Duration) {
	k.silence.Store(int64(silence))
	k.watch.Reset(silence)
}

// wait notes that somebody begins to wait, and goOn that he has got something.
func (k *call) wait() { k.waiting.Store(int64(time.Since(k.began)) + 1) }
func (k *call) goOn() { k.waiting.Store(0) }

// check cancels the call if the provider was quiet for too long.
func (k *call) check() {
	silence := time.Duration(k.silence.Load())
	left := silence
	if since := k.waiting.Load(); since > 0 {
		left -= time.Since(k.began) - time.Duration(since)
	}
	switch {
	case k.ctx.Err() != nil:
	case left <= 0:
		k.cancel(errSilent)
	default:
		k.watch.Reset(left)
	}
}

// do sends the request and leaves a good answer's body to be read.
func (k *call) do(q question) (*http.Response, error) {
	target, err := url.Parse(k.client.options.BaseURL)
	if err != nil {
		return nil, k.client.Errorf(model.Rejected, 0, nil, "the base URL of provider %s cannot be read; correct it", k.client.options.Provider)
	}
	target = target.JoinPath(q.path)
	all := target.Query() // some servers want one with every call
	maps.Copy(all, q.query)
	target.RawQuery = all.Encode()
	req, err := http.NewRequestWithContext(k.ctx, q.method, target.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, k.client.Errorf(model.Rejected, 0, nil, "the base URL of provider %s cannot be used; correct it", k.client.options.Provider)
	}
	maps.Copy(req.Header, model.Header(k.parent))
	for name, values := range k.client.options.Header {
		req.Header[name] = values
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", q.accept)
	}
	k.wait()
	res, err := k.client.http.Do(req)
	k.goOn()
	if err != nil {
		return nil, k.failure(err)
	}
	k.body = res.Body
	if res.StatusCode != http.StatusOK {
		return nil, k.refusal(res)
	}
	// Nobody asked for it, and it would hold tokens back.
	if packed := res.Header.Get("Content-Encoding"); packed != "" && packed != "identity" {
		return nil, k.client.Errorf(model.Malformed, res.StatusCode, nil, "provider %s compresses its answers without being asked; turn that off there, or in the proxy before it", k.client.options.Provider)
	}
	return res, nil
}

// Read implements io.Reader.
func (k *call) Read(p []byte) (int, error) {
	k.wait()
	n, err := k.body.Read(p)
	k.goOn()
	return n, err
}

// hurry bounds what is still read of an answer of which what counts is known.
func (k *call) hurry() {
	if k.rest == nil {
		k.limit(min(k.client.options.Silence, restSilence))
		k.rest = time.AfterFunc(restTime, func() { k.cancel(errSilent) })
	}
}

func (k *call) end() {
	k.cancel(nil)
	k.watch.Stop()
	if k.rest != nil {
		k.rest.Stop()
	}
	if k.body != nil {
		_ = k.body.Close() // nobody waits for what was not read
	}
}

// failure says what a broken call means.
func (k *call) failure(err error) error {
	name := k.client.options.Provider
	if ended := k.parent.Err(); ended != nil {
		return ended
	}
	if errors.Is(context.Cause(k.ctx), errSilent) {
		return k.client.Errorf(model.Silent, 0, nil, "provider %s sent nothing for %s", name, time.Duration(k.silence.Load()))
	}
	// The URL that Go puts before the reason may hold a password.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if k.body == nil {
		return k.client.Errorf(model.Failed, 0, err, "provider %s cannot be reached at its base URL; check that it runs", name)
	}
	return k.client.Errorf(model.Failed, 0, err, "the connection to provider %s broke", name)
}
