package modeltest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// wantError checks the kind of a stream's error, and that its public text
// names no more than it should.
func wantError(t *testing.T, got answer, kind model.ErrorKind) *model.Error {
	t.Helper()
	failed, ok := errors.AsType[*model.Error](got.err)
	if !ok || failed.Kind != kind {
		t.Fatalf("got error %#v, want one of kind %d", got.err, kind)
	}
	if failed.Provider == "" || failed.Message == "" {
		t.Errorf("the error %+v does not name its provider, or says nothing", failed)
	}
	if strings.ContainsAny(failed.Message, "\n\r") || len(failed.Message) > 600 {
		t.Errorf("the error's text is not one short line: %q", failed.Message)
	}
	return failed
}

func testCancel(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{Text: []string{"a", "b", "c"}, After: 1, Hold: make(chan struct{})})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := read(t, cancelAfter(cancel, b.provider().Stream(ctx, hello())))
	if got.err != context.Canceled {
		t.Errorf("got error %v, want the context's", got.err)
	}
	wantCancelled(t, b)
}

// testCancelLate cancels when the whole answer has arrived already.
func testCancelLate(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{Text: []string{"a", "b", "c"}, Whole: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if got := read(t, cancelAfter(cancel, b.provider().Stream(ctx, hello()))); got.err != context.Canceled {
		t.Errorf("got error %v and text %q, want the context's error", got.err, got.text)
	}
}

func testDeadline(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{After: 0, Fault: fakeprovider.Silence}, fakeprovider.Behaviour{Fault: fakeprovider.Mute})
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if got := read(t, b.provider().Stream(ctx, hello())); got.err != context.DeadlineExceeded {
			t.Errorf("got error %v, want the context's", got.err)
		}
	}
}

func testCancelBefore(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{Fault: fakeprovider.Mute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := b.provider()
	ended := make(chan answer, 1)
	go func() { ended <- read(t, p.Stream(ctx, hello())) }()
	if _, err := b.fake.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := <-ended; got.err != context.Canceled {
		t.Errorf("got error %v, want the context's", got.err)
	}
	wantCancelled(t, b)
	if got := read(t, p.Stream(ctx, hello())); got.err != context.Canceled {
		t.Errorf("got error %v from a context that was cancelled before, want the context's", got.err)
	}
}

func testLeave(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{Text: []string{"a", "b", "c"}, After: 1, Hold: make(chan struct{})})
	for e, err := range b.provider().Stream(t.Context(), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == model.Text {
			break
		}
	}
	wantCancelled(t, b)
}

func wantCancelled(t *testing.T, b *bench) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := b.fake.Await(ctx, 1)
	if err != nil || !request.Cancelled(ctx) {
		t.Errorf("the provider did not see its request cancelled (%v)", err)
	}
	if n := len(b.fake.Requests()); n != 1 {
		t.Errorf("the provider got %d requests, want 1", n)
	}
}

func testLimited(t *testing.T, b *bench) {
	failed := wantError(t, b.ask(fakeprovider.Behaviour{Status: 429, RetryAfter: "7", Message: "slow down"}), model.Limited)
	if failed.RetryAfter != 7*time.Second || failed.Status != 429 || !failed.Temporary() {
		t.Errorf("got %+v, want to wait 7 s", failed)
	}
	date := time.Now().Add(time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	failed = wantError(t, b.ask(fakeprovider.Behaviour{Status: 429, RetryAfter: date}), model.Limited)
	if failed.RetryAfter < 50*time.Minute || failed.RetryAfter > time.Hour {
		t.Errorf("got a wait of %s, want about an hour", failed.RetryAfter)
	}
	failed = wantError(t, b.ask(fakeprovider.Behaviour{Status: 429}), model.Limited)
	if failed.RetryAfter != 0 {
		t.Errorf("got a wait of %s, want none said", failed.RetryAfter)
	}
}

func testFailedBefore(t *testing.T, b *bench) {
	failed := wantError(t, b.ask(fakeprovider.Behaviour{Status: 500, Message: "oops"}), model.Failed)
	if !failed.Temporary() || failed.Status != 500 || !strings.Contains(failed.Message, "oops") {
		t.Errorf("got %+v, want the provider's own words", failed)
	}
	if n := len(b.fake.Requests()); n != 1 {
		t.Errorf("the provider got %d requests, want 1: drivers do not retry", n)
	}
}

func testFailedAfter(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Text: []string{"a", "b", "c"}, After: 2, Fault: fakeprovider.Error, Message: "overloaded"})
	failed := wantError(t, got, model.Failed)
	if got.text != "ab" || !failed.Temporary() || !strings.Contains(failed.Message, "overloaded") {
		t.Errorf("got text %q and %+v", got.text, failed)
	}
}

func testRejected(t *testing.T, b *bench) {
	failed := wantError(t, b.ask(fakeprovider.Behaviour{Status: 400, Message: "no such\nmodel " + strings.Repeat("é", 1000)}), model.Rejected)
	if failed.Temporary() || !strings.Contains(failed.Message, "no such model") {
		t.Errorf("got %+v, want the provider's own words", failed)
	}
	wantError(t, b.ask(fakeprovider.Behaviour{Status: 404}), model.Rejected)
	wantError(t, b.ask(fakeprovider.Behaviour{Status: 302}), model.Rejected)
}

func testCut(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Text: []string{"a", "b"}, After: 1, Fault: fakeprovider.Cut})
	wantError(t, got, model.Incomplete)
	if got.text != "a" {
		t.Errorf("got text %q, want what came before", got.text)
	}
	got = b.ask(fakeprovider.Behaviour{Calls: twoCalls(), After: 3, Fault: fakeprovider.Cut})
	wantError(t, got, model.Incomplete)
	if got.calls != nil {
		t.Errorf("got calls %+v of an answer that was cut", got.calls)
	}
}

func testBreak(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Text: []string{"a", "b"}, After: 1, Fault: fakeprovider.Break})
	if failed := wantError(t, got, model.Failed); !failed.Temporary() {
		t.Errorf("got %+v, want an error that may pass", failed)
	}
}

func testGarbage(t *testing.T, b *bench) {
	wantError(t, b.ask(fakeprovider.Behaviour{After: 1, Fault: fakeprovider.Garbage}), model.Malformed)
}

func testHuge(t *testing.T, b *bench) {
	wantError(t, b.ask(fakeprovider.Behaviour{After: 1, Fault: fakeprovider.Huge}), model.Malformed)
}

func testSilence(t *testing.T, b *bench) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p := b.with(Setup{URL: b.fake.URL, Key: Key, Silence: time.Second})
	b.fake.Push(fakeprovider.Behaviour{Text: []string{"a", "b"}, After: 1, Fault: fakeprovider.Silence})
	if failed := wantError(t, read(t, p.Stream(ctx, hello())), model.Silent); !failed.Temporary() {
		t.Errorf("got %+v, want an error that may pass", failed)
	}
	wantCancelled(t, b)
	b.fake.Push(fakeprovider.Behaviour{Fault: fakeprovider.Mute})
	wantError(t, read(t, p.Stream(ctx, hello())), model.Silent)
}

func testUnreachable(t *testing.T, b *bench) {
	p := b.with(Setup{URL: "http://127.0.0.1:1", Key: Key, Silence: patience})
	failed := wantError(t, read(t, p.Stream(t.Context(), hello())), model.Failed)
	if strings.Contains(failed.Message, "127.0.0.1") {
		t.Errorf("the public text %q names an address", failed.Message)
	}
	if _, err := p.Models(t.Context()); err == nil {
		t.Error("models of nobody were listed")
	}
}

func testKey(t *testing.T, b *bench) {
	b.fake.SetKey("another")
	p := b.provider()
	failed := wantError(t, read(t, p.Stream(t.Context(), hello())), model.Unauthorized)
	if failed.Temporary() || failed.Status != 401 {
		t.Errorf("got %+v, want a refusal that stays", failed)
	}
	if _, err := p.Models(t.Context()); err == nil || strings.Contains(err.Error(), Key) {
		t.Errorf("got error %v, want one without the key", err)
	}
	b.fake.SetKey("")
	b.ask(fakeprovider.Behaviour{Status: 400, Message: "you sent " + Key}) // read looks for the key
	b.ask(fakeprovider.Behaviour{Status: 400, Message: strings.Repeat("x", 290) + Key})
	got := b.ask(fakeprovider.Behaviour{Fault: fakeprovider.Error, Message: "you sent " + Key})
	if strings.Contains(got.err.Error(), Key[:10]) {
		t.Errorf("a part of the key is in %q", got.err)
	}
}
