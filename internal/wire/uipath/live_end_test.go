package uipath_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

func TestARevokedSecretEndsItsSockets(t *testing.T) {
	t.Parallel()
	script, second := halves()
	defer close(second)
	b := live(t, script)
	id := b.conversation()
	secret, token, err := b.auth.Create(t.Context(), tenantOne, "other", "", 0)
	must(t, err)
	ann := b.connect("ann", nil, options{token: secret})
	ben := b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	must(t, b.auth.Revoke(t.Context(), tenantOne, token.ID))
	for ann.raw() != "" { // what was on its way
	}
	if _, answer := b.dial("ann", nil, options{token: secret, pid: ann.pid, offset: ann.offset}); !strings.HasPrefix(answer, `44{`) {
		t.Errorf("the answer is %s", answer)
	}
	ben.until(`first half`)
	ben.quiet()
}

func TestADrainClosesQuietConnectionsAndLetsAnswersEnd(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	busy, quiet := b.conversation(), b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(busy)
	ben.start(quiet)
	ann.ask(busy, "X", "Hi")
	ann.until(`first half`)
	ctx, stop := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() {
		b.front.Drain(ctx)
		close(drained)
	}()
	if rest := ben.raw(); rest != "" {
		t.Errorf("told %s", rest)
	}
	address := "ws" + strings.TrimPrefix(b.url, "http") + "/autopilotforeveryone_/websocket_/socket.io?EIO=4&transport=websocket"
	if _, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a connection was answered: %v %v", response, err)
	}
	close(second)
	ann.until(`"endExchange"`)
	if rest := ann.raw(); rest != "" {
		t.Errorf("told %s", rest)
	}
	stop()
	<-drained
}

func TestAnEndIsAnnouncedWhereThatIsConfigured(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := setupWith(t, func(o *uipath.Options) { o.AnnounceEnd = 30 * time.Second }, script)
	log := newTranscript(t)
	id, ann := b.midway(log)
	ctx, stop := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() {
		b.front.Drain(ctx)
		close(drained)
	}()
	ann.until(`"sessionEnding":{"timeToLiveMS":30000}`)
	ann.start(id) // it is served, and not told again
	ann.until(`first half`)
	close(second)
	ann.until(`"endExchange"`)
	if last := ann.raw(); last != "41" {
		t.Errorf("told %s", last)
	}
	log.golden("announced")
	stop()
	<-drained
	if row, err := b.store.Socket(t.Context(), ann.pid); err != nil || strings.Contains(string(row.State), id) {
		t.Errorf("the session is kept as %s: %v", row.State, err)
	}
}

func TestAnEndIsAnnouncedAlsoWhereNothingRuns(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *uipath.Options) { o.AnnounceEnd = 30 * time.Second })
	ann := b.connect("ann", nil, options{})
	ann.start(b.conversation())
	ctx, stop := context.WithCancel(t.Context())
	stop() // nothing has to be waited for
	b.front.Drain(ctx)
	ann.until(`"sessionEnding"`)
	if last := ann.raw(); last != "41" {
		t.Errorf("told %s", last)
	}
}

func TestASlowReaderCatchesUpFromTheLog(t *testing.T) {
	t.Parallel()
	piece := strings.Repeat("0123456789", 2000)
	go1 := make(chan struct{})
	script := scripted.Script{scripted.Text("begin "), scripted.Wait(go1)}
	for range 150 { // 3 MB: more than a socket's queue and the kernel's buffers hold
		script = append(script, scripted.Text(piece))
	}
	b := live(t, append(script, scripted.Finish(model.StopEnd)))
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ben.until("begin ")
	close(go1)
	ann.until(`"endExchange"`) // while Ben reads nothing
	ben.until(`"endExchange"`)
	if got, want := len(textOf(ben)), len("begin ")+150*len(piece)+len("Hi"); got != want {
		t.Errorf("Ben has %d bytes of text, want %d", got, want)
	}
	if got, want := len(textOf(ann)), len("begin ")+150*len(piece); got != want {
		t.Errorf("Ann has %d bytes of text, want %d", got, want)
	}
	ben.quiet()
}

// textOf is all text that a peer was told.
func textOf(p *peer) string {
	var all strings.Builder
	for _, body := range p.told {
		if _, rest, ok := strings.Cut(body, `"chunk":{"data":"`); ok {
			text, _, _ := strings.Cut(rest, `"`)
			all.WriteString(text)
		}
	}
	return all.String()
}

func TestAnOffsetStaysShortHoweverManyConversationsMove(t *testing.T) {
	t.Parallel()
	var scripts []scripted.Script
	const many = 40
	for range 2 * many {
		scripts = append(scripts, scripted.Script{scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	}
	b := live(t, scripts...)
	ann := b.connect("ann", nil, options{})
	var ids []string
	for range many {
		ids = append(ids, b.conversation())
		ann.start(ids[len(ids)-1])
	}
	for _, id := range ids {
		ann.ask(id, "X", "Hi")
		ann.until(`"endExchange"`)
		if len(ann.offset) > 600 {
			t.Fatalf("an offset has %d bytes: %s", len(ann.offset), ann.offset)
		}
	}
	must(t, ann.conn.Close())
	ben := b.connect("ben", nil, options{})
	ben.start(ids[3])
	ben.ask(ids[3], "Y", "And?")
	ben.until(`"endExchange"`)
	back := b.connect("ann", nil, options{pid: ann.pid, offset: ann.offset})
	if back.pid != ann.pid {
		t.Fatal("the session was not recovered")
	}
	if first := back.next(); !strings.Contains(first, `"Y","startExchange"`) {
		t.Errorf("told %s", first)
	}
	back.until(`"endExchange"`)
	back.quiet()
}

func TestSessionsThatNobodyCameBackToAreForgotten(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	must(t, ben.conn.Close())
	ann.quiet()
	old, err := b.store.Socket(t.Context(), ben.pid)
	must(t, err)
	old.ID, old.Seen = "old", time.Now().Add(-5*time.Minute)
	must(t, b.store.PutSocket(t.Context(), old))
	if back := b.connect("ben", nil, options{pid: "old"}); back.pid == "old" {
		t.Error("a session was recovered after five minutes")
	}
	b.front.Sweep()
	for pid, kept := range map[string]bool{ann.pid: true, ben.pid: true, "old": false} {
		if _, err := b.store.Socket(t.Context(), pid); (err == nil) != kept {
			t.Errorf("the session %s is kept: %v", pid, err)
		}
	}
}

func TestARecoveryGoesOnInsideAnEvent(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	// What is open when an exchange is stopped is closed at once: its part, its message and itself.
	in := `{"conversationId":"` + id + `","exchange":{"exchangeId":"X","message":{"messageId":"M",`
	ann.say(`%s"startMessage":{"role":"user"},"contentPart":{"contentPartId":"P","startContentPart":{"mimeType":"text/plain"},"chunk":{"data":"H"}}}}}`, in)
	ben.until(`"chunk"`)
	at := ben.offset
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, id)
	ben.until(`"endExchange"`)
	whole := ben.told[len(ben.told)-1]
	for _, offset := range []string{at, at + ".1"} { // one that names a frame that there is not is as good
		must(t, ben.conn.Close())
		ben = b.connect("ben", nil, options{pid: ben.pid, offset: offset})
		ben.until(`"endContentPart":{"interrupted":{}}`)
		if last := ben.until(`"endExchange"`); last != whole {
			t.Errorf("told %s", last)
		}
		ben.quiet()
	}
}
