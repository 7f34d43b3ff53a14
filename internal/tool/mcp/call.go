package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

// remote is a tool of a server. It outlives the connection over which it was
// listed.
type remote struct {
	link *link
	spec tool.Spec
	own  string // its name there
}

// Call implements tool.Tool. A server that has gone is started again. A call that
// was sent is never sent again, unless the server says that it knows no such
// session.
func (r *remote) Call(ctx context.Context, c tool.Call) (tool.Result, error) {
	for try := 0; ; try++ {
		reach, cancel := context.WithTimeout(ctx, r.link.set.options.Start)
		live, err := r.link.connected(reach)
		cancel()
		if err != nil {
			return tool.Result{}, err
		}
		result, err := r.call(ctx, live, c)
		if errors.Is(err, sdk.ErrSessionMissing) && try == 0 {
			r.link.forget(live)
			continue
		}
		if err != nil {
			return tool.Result{}, explain(err, live)
		}
		return outputOf(result, live.mask)
	}
}

// call makes the call. The SDK tells the server if ctx ends before the answer.
func (r *remote) call(ctx context.Context, live *live, c tool.Call) (*sdk.CallToolResult, error) {
	ctx, token, done := live.waiting.begin(ctx)
	defer done()
	params := &sdk.CallToolParams{Name: r.own}
	if len(c.Arguments) > 0 {
		params.Arguments = json.RawMessage(c.Arguments)
	}
	params.SetProgressToken(token)
	result, err := live.session.CallTool(ctx, params)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return result, err
}

// maxRefusal is how much of a server's own words the model is told.
const maxRefusal = 4 << 10

// explain says what the model may know of a failure. What the server itself says
// of a call is meant for it.
func explain(err error, l *live) error {
	if convo.ErrorKind(err) != convo.Internal || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if l.tooLarge.Load() {
		return errTooLarge
	}
	cause := errors.New(l.mask(err.Error()))
	if said, ok := errors.AsType[*jsonrpc.Error](err); ok {
		text := clip(strings.ToValidUTF8(said.Message, "\uFFFD"), maxRefusal)
		return convo.WrapError(convo.UpstreamFailed, cause, "the tool's server refused the call: %s", l.mask(text))
	}
	return convo.WrapError(convo.UpstreamFailed, cause, "the tool's server ended before it answered; whether the call was carried out is not known")
}

// waiting are the calls of a connection that wait for an answer.
type waiting struct {
	idle time.Duration

	mu    sync.Mutex
	last  int
	calls map[string]*time.Timer
}

func newWaiting(idle time.Duration) *waiting {
	return &waiting{idle: idle, calls: map[string]*time.Timer{}}
}

// errIdle ends a call of which nothing is heard.
func errIdle(idle time.Duration) error {
	return convo.Errorf(convo.UpstreamTimeout, "the tool said nothing for %s and was given up", idle)
}

// begin waits for a call: what it gives ends with ctx, or when there is no
// progress for too long. The token is the one that progress names.
func (w *waiting) begin(ctx context.Context) (_ context.Context, token string, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(w.idle, func() { cancel(errIdle(w.idle)) })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	token = strconv.Itoa(w.last)
	w.calls[token] = timer
	return ctx, token, func() {
		timer.Stop()
		cancel(nil)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.calls, token)
	}
}

// progress gives a call its time anew.
func (w *waiting) progress(token any) {
	name, ok := token.(string)
	w.mu.Lock()
	defer w.mu.Unlock()
	if timer := w.calls[name]; ok && timer != nil && timer.Stop() {
		timer.Reset(w.idle)
	}
}
