package identity

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/memory"
)

func TestTooManyWhoSignInAtOnceAreToldToComeBack(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for range hashAtOnce {
		h.running <- struct{}{}
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := h.matches(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves while he waits: %v", err)
	}
	for range hashAtOnce + hashWaiting {
		h.waiting <- struct{}{}
	}
	_, err := h.matches(t.Context(), "", "x")
	if convo.ErrorKind(err) != convo.Unavailable || convo.PublicError(err).RetryAfter == 0 {
		t.Errorf("one too many: %v", err)
	}
}

func TestCodesAreBounded(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newCodes(func() time.Time { return at })
	first, err := c.put(grant{client: "first"})
	if err != nil {
		t.Fatal(err)
	}
	for range maxCodes - 1 {
		if _, err := c.put(grant{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.put(grant{}); convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("one too many: %v", err)
	}
	if g, ok, again := c.take(first); !ok || again || g.client != "first" {
		t.Errorf("the first one: %+v, %v, %v", g, ok, again)
	}
	at = at.Add(codeLife)
	if _, err := c.put(grant{}); err != nil || len(c.by) != 1 {
		t.Errorf("a minute later: %v, with %d", err, len(c.by))
	}
}

type plainBox struct{}

func (plainBox) Seal(plain, _ []byte) []byte           { return plain }
func (plainBox) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func TestKeysAndSignInsAreLookedAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		data := memory.New()
		p, err := New(t.Context(), Options{Store: data, Sealer: plainBox{}, Tenants: []string{"a/b"}, Issuer: func() string { return "i" }})
		if err != nil {
			t.Fatal(err)
		}
		if err := data.PutSignIn(t.Context(), convo.SignIn{ID: "s", Tenant: "a/b", User: "u", Expires: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		first := p.keys.Load().keys[0].id
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); p.Sweep(ctx) }()
		time.Sleep(keyLife - time.Hour)
		if ring := p.keys.Load(); len(ring.keys) != 1 || ring.keys[0].id != first {
			t.Errorf("before its time the key is another one: %d", len(ring.keys))
		}
		if _, err := data.SignIn(t.Context(), "s"); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("a sign-in that expired is kept: %v", err)
		}
		time.Sleep(2 * time.Hour)
		if ring := p.keys.Load(); len(ring.keys) != 2 || ring.keys[1].id != first {
			t.Errorf("there are %d keys", len(ring.keys))
		}
		time.Sleep(27 * time.Hour)
		if ring := p.keys.Load(); len(ring.keys) != 1 || ring.find(first) != nil {
			t.Errorf("there are %d keys", len(ring.keys))
		}
		stop()
		<-ended
	})
}
