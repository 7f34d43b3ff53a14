package uipath_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// passing knows tokens whose time is over, and takes them until it is told to end
// them.
type passing struct {
	uipath.Authenticator

	mu      sync.Mutex
	over    bool
	changed chan struct{}
}

func (p *passing) Authenticate(ctx context.Context, token string) (convo.Actor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return convo.Actor{}, convo.Errorf(convo.Unauthenticated, "the token has expired")
	}
	actor, err := p.Authenticator.Authenticate(ctx, token)
	actor.Expires = time.Now().Add(-time.Second)
	return actor, err
}

func (p *passing) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// look lets the front check its tokens, which are over from now on or not.
func (p *passing) look(over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.over, p.changed = over, make(chan struct{})
}

func TestAnExpiredTokenCutsNoAnswer(t *testing.T) {
	t.Parallel()
	script, second := halves()
	tokens := &passing{changed: make(chan struct{})}
	b := setupWith(t, func(o *uipath.Options) {
		tokens.Authenticator = o.Auth
		o.Auth = tokens
	}, script)
	busy, calm := b.conversation(), b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(busy)
	ben.start(calm)
	ann.ask(busy, "X", "Hi")
	ann.until(`first half`)
	ben.quiet()
	tokens.look(true)
	if rest := ben.raw(); rest != "" { // closed, since nothing runs there
		t.Errorf("told %s", rest)
	}
	close(second)
	ann.until(`second half`)
	ann.until(`"endExchange"`)
	tokens.look(true)
	if rest := ann.raw(); rest != "" {
		t.Errorf("told %s", rest)
	}
	if _, answer := b.dial("ann", nil, options{pid: ann.pid, offset: ann.offset}); !strings.HasPrefix(answer, "44{") {
		t.Errorf("an expired token was answered %s", answer)
	}
	tokens.look(false)
	back := b.connect("ann", nil, options{pid: ann.pid, offset: ann.offset}) // with a fresh one
	if back.pid != ann.pid {
		t.Error("the session was not recovered")
	}
	back.quiet()
}
