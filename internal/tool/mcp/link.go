package mcp

import (
	"context"
	"errors"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
)

// The pauses before a server is tried again, and for how long it must have been
// there to count as one that works.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
	steadyTime = time.Minute
)

// relistTime is how long a server may take to list its tools again.
const relistTime = 10 * time.Second

// link is a server and what connects us to it.
type link struct {
	set    *Set
	server Server

	mu       sync.Mutex // guards what follows; never held over I/O
	live     *live      // nil = not connected
	trying   chan struct{}
	failures int       // in a row
	retry    time.Time // not before
	told     bool      // the operator knows that it cannot be had
	slow     bool      // and that it takes long
	changed  bool      // its list of tools, since it was last read
	listing  bool
	closed   bool
}

// live is a connection that works.
type live struct {
	session *sdk.ClientSession
	waiting *waiting
	since   time.Time
	tools   []*remote

	forgotten bool // it was given up for a new one
	*wire
}

func newLink(s *Set, server Server) *link { return &link{set: s, server: server} }

// errAway says that a server cannot be had now.
var errAway = convo.Errorf(convo.Unavailable, "the tool's server cannot be reached; try again later or go on without it")

// offered gives the server's tools, none if it cannot be had while ctx lasts.
func (l *link) offered(ctx context.Context) []*remote {
	live, err := l.connected(ctx)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			l.tell(&l.slow, "an MCP server takes long to start; turns go on without its tools until it is there")
		}
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return live.tools
}

// connected gives the connection, and makes it if there is none. It waits while
// ctx lasts; the connection is made all the same.
func (l *link) connected(ctx context.Context) (*live, error) {
	l.mu.Lock()
	if l.live == nil && l.trying == nil && !l.closed && !time.Now().Before(l.retry) {
		l.trying = make(chan struct{})
		l.set.running.Go(l.connect)
	}
	live, trying := l.live, l.trying
	l.mu.Unlock()
	if live != nil {
		return live, nil
	}
	if trying == nil {
		return nil, errAway // it failed a moment ago
	}
	select {
	case <-trying:
	case <-ctx.Done():
		return nil, errAway
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		return nil, errAway
	}
	return l.live, nil
}

// connect makes the connection, reads the list of tools, and watches over both
// until the connection ends.
func (l *link) connect() {
	ctx, cancel := context.WithTimeout(l.set.ctx, l.set.options.Start)
	defer cancel()
	made, err := l.open(ctx)
	if err != nil {
		l.tell(&l.told, "an MCP server cannot be had; turns go on without its tools", "error", err)
	}
	again := false
	l.mu.Lock()
	close(l.trying)
	l.trying = nil
	switch {
	case err != nil:
		l.failed()
	case l.closed:
		l.set.running.Go(func() { l.drop(made) })
	default:
		again = l.told || l.slow
		l.told, l.slow = false, false
		l.live = made
		l.relist()
		l.set.running.Go(func() { l.watch(made) })
	}
	l.mu.Unlock()
	if again {
		l.set.options.Log.Info("an MCP server is there again", "server", l.server.Name, "tools", len(made.tools))
	}
}

// failed sets the pause before the next try. The caller holds the mutex.
func (l *link) failed() {
	l.retry = time.Now().Add(min(firstPause<<min(l.failures, 16), lastPause))
	l.failures++
}

// tell tells the operator, unless he knows. Nothing is said of an end that was
// wanted.
func (l *link) tell(knows *bool, message string, more ...any) {
	l.mu.Lock()
	known := *knows || l.closed
	*knows = true
	l.mu.Unlock()
	if !known {
		l.set.options.Log.Warn(message, append([]any{"server", l.server.Name}, more...)...)
	}
}

// watch waits for the end of a connection, and cleans up after it.
func (l *link) watch(old *live) {
	err := old.session.Wait()
	l.mu.Lock()
	forgotten := old.forgotten || errors.Is(err, sdk.ErrSessionMissing)
	if l.live == old {
		l.live = nil
	}
	if !forgotten {
		if time.Since(old.since) >= steadyTime {
			l.failures = 0
		}
		l.failed()
	}
	l.mu.Unlock()
	l.drop(old)
	if forgotten {
		return
	}
	if err == nil {
		err = errors.New("it ended")
	}
	l.tell(&l.told, "an MCP server has gone; it is reached again when a turn wants it", "error", old.failure(err))
}

// drop ends a connection and what belongs to it.
func (l *link) drop(old *live) {
	// The SDK's own end waits for answers that may never come.
	defer time.AfterFunc(leaveTime, old.end).Stop()
	_ = old.session.Close() // it has failed, or is not wanted any more
	old.end()
}

// forget gives a connection up that the server knows no more, for a new one.
func (l *link) forget(old *live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old.forgotten = true
	if l.live == old {
		l.live = nil
		l.set.running.Go(func() { l.drop(old) })
	}
}

// close ends the connection for good.
func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	old := l.live
	l.live = nil
	l.mu.Unlock()
	if old != nil {
		l.drop(old)
	}
}

// open connects and lists.
func (l *link) open(ctx context.Context) (*live, error) {
	wire, err := l.newWire()
	if err != nil {
		return nil, err
	}
	calls := newWaiting(l.set.options.Idle)
	client := sdk.NewClient(&sdk.Implementation{Name: "parley", Title: "Parley", Version: "1"}, &sdk.ClientOptions{
		Capabilities: &sdk.ClientCapabilities{}, // it may ask us for nothing
		ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.changed = true
			l.relist()
		},
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
			calls.progress(r.Params.ProgressToken)
		},
	})
	// The SDK ends its wait for an answer with ctx, but not always what it waits in.
	stop := context.AfterFunc(ctx, wire.end)
	// The newest version with a handshake that every server knows.
	session, err := client.Connect(ctx, wire.transport, &sdk.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		stop()
		wire.end()
		return nil, wire.failure(err)
	}
	made := &live{session: session, waiting: calls, since: time.Now(), wire: wire}
	made.tools, err = l.list(ctx, session, wire.mask)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		l.drop(made)
		return nil, wire.failure(err)
	}
	return made, nil
}

// relist reads the list of tools again if it has changed, and not twice at once.
// The caller holds the mutex.
func (l *link) relist() {
	if l.live == nil || !l.changed || l.listing || l.closed {
		return
	}
	l.changed, l.listing = false, true
	current := l.live
	l.set.running.Go(func() {
		ctx, cancel := context.WithTimeout(l.set.ctx, relistTime)
		defer cancel()
		tools, err := l.list(ctx, current.session, current.mask)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.listing = false; err == nil {
			current.tools = tools // else the old ones are as good as any
		}
		l.relist()
	})
}
