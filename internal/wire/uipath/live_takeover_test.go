package uipath_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// heldSessions holds up the first who reads a session, and writers while it is armed.
type heldSessions struct {
	store.Sockets
	begun   atomic.Bool
	armed   atomic.Bool
	reading chan struct{} // closed when somebody does
	held    chan struct{} // and lets go when this is closed
}

func (h *heldSessions) PutSocket(ctx context.Context, one store.SocketSession) error {
	if h.armed.Load() {
		<-h.held
	}
	return h.Sockets.PutSocket(ctx, one)
}

func (h *heldSessions) Socket(ctx context.Context, id string) (store.SocketSession, error) {
	if h.begun.CompareAndSwap(false, true) {
		close(h.reading)
		<-h.held
	}
	return h.Sockets.Socket(ctx, id)
}

func TestNothingIsSaidOfASessionWhoseEndWasRead(t *testing.T) {
	t.Parallel()
	sessions := &heldSessions{reading: make(chan struct{}), held: make(chan struct{})}
	b := setupWith(t, func(o *uipath.Options) {
		sessions.Sockets = o.Sessions
		o.Sessions = sessions
	})
	id, other := b.conversation(), b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	sessions.armed.Store(true)
	ann.say(`{"conversationId":%q,"startSession":{}}`, other) // what follows is read, and waits for it
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":7}}`, id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","message":{"messageId":"M","endMessage":{}}}}`, id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"S","startAsyncInputStream":{"mimeType":"audio/wav"}}}`, id)
	ann.say(`{"conversationId":%q,"endSession":{}}`, id)
	ann.write(`421["ConversationEvent",{}]`)
	if read := ann.raw(); !strings.HasPrefix(read, "431[") {
		t.Errorf("told %s", read)
	}
	sessions.armed.Store(false)
	close(sessions.held)
	if told := ann.next(); !strings.Contains(told, other) {
		t.Errorf("told %s", told)
	}
	ann.quiet()
}

func TestNothingIsSaidOfAnExchangeWhoseStopWasRead(t *testing.T) {
	t.Parallel()
	script, second := halves()
	sessions := &heldSessions{reading: make(chan struct{}), held: make(chan struct{})}
	b := setupWith(t, func(o *uipath.Options) {
		sessions.Sockets = o.Sessions
		o.Sessions = sessions
	}, script)
	id, other := b.conversation(), b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	sessions.armed.Store(true)
	ann.say(`{"conversationId":%q,"startSession":{}}`, other) // what follows is read, and waits for it
	ann.reply(id, `"messageId":"M" "toolCallId":"never"`, `"confirmToolCall":{"approved":true}`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, id)
	ann.write(`421["ConversationEvent",{}]`)
	if read := ann.raw(); !strings.HasPrefix(read, "431[") {
		t.Errorf("told %s", read)
	}
	close(second)
	ben.until(`"endExchange"`)
	sessions.armed.Store(false)
	close(sessions.held)
	if told := ann.next(); !strings.Contains(told, other) {
		t.Errorf("told %s", told)
	}
	ann.quiet()
}

func TestOfTwoConnectionsThatTakeOverASessionOneComesLater(t *testing.T) {
	t.Parallel()
	sessions := &heldSessions{reading: make(chan struct{}), held: make(chan struct{})}
	b := setupWith(t, func(o *uipath.Options) {
		sessions.Sockets = o.Sessions
		o.Sessions = sessions
	}, scripted.Script{scripted.Text("one"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	first := make(chan *peer)
	go func() {
		p, answer := b.dial("ann", nil, options{pid: ann.pid, offset: ann.offset})
		if !strings.Contains(answer, ann.pid) {
			t.Errorf("the first was answered %q", answer)
		}
		first <- p
	}()
	<-sessions.reading
	if _, answer := b.dial("ann", nil, options{pid: ann.pid, offset: ann.offset}); answer != "" {
		t.Errorf("the second was answered %s", answer)
	}
	close(sessions.held)
	back := <-first
	back.ask(id, "X", "Hi")
	back.until(`"endExchange"`)
	third := b.connect("ann", nil, options{pid: ann.pid, offset: back.offset})
	if third.pid != ann.pid {
		t.Error("the session was lost")
	}
	if rest := back.raw(); rest != "" {
		t.Errorf("the connection before was told %s", rest)
	}
	third.quiet()
}

func TestAnEndedSessionOfADeletedConversationIsRefusedAloud(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	b.want(http.StatusOK, request{method: "DELETE", path: "/conversation/" + id})
	ann.until(`"endSession":{}`)
	ann.say(`{"conversationId":%q,"metaEvent":{}}`, id) // nothing is said of it
	ann.quiet()
	ann.say(`{"conversationId":%q,"startSession":{}}`, id)
	if told := ann.next(); !strings.Contains(told, id) || !strings.Contains(told, `"SESSION_START_PROCESSING_FAILED"`) {
		t.Errorf("told %s", told)
	}
	ann.quiet()
}

func TestARecoveryTellsNothingOfAnExchangeThatItsClientStopped(t *testing.T) {
	t.Parallel()
	stop, on := make(chan struct{}), make(chan struct{})
	defer close(stop)
	script := scripted.Script{scripted.Text("begin "), scripted.Wait(on)}
	said := make([]chan struct{}, 40) // more than a recovery reads at once
	for i := range said {
		said[i] = make(chan struct{})
		script = append(script, scripted.Text(fmt.Sprintf("piece %d. ", i)), scripted.Wait(said[i]))
	}
	b := live(t, append(script, scripted.Wait(stop), scripted.Finish(model.StopEnd)))
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until("begin ")
	at := ann.offset // the rest is lost on its way
	close(on)
	for i := range said {
		ann.until(fmt.Sprintf("piece %d. ", i))
		close(said[i])
	}
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, id)
	ben.until(`"endExchange"`)
	must(t, ann.conn.Close())
	back := b.connect("ann", nil, options{pid: ann.pid, offset: at})
	if back.pid != ann.pid {
		t.Fatal("the session was not recovered")
	}
	back.quiet()
}

func TestEventsThatSayNothingAreAcknowledged(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	var want []string
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		ann.write(`42` + n + `["ConversationEvent",{"conversationId":"` + id + `","labelUpdated":{}}]`)
		want = append(want, `43`+n+`[{"ok":true}]`)
	}
	for _, one := range want {
		if got := ann.raw(); got != one {
			t.Errorf("acknowledged as %s, want %s", got, one)
		}
	}
}

func TestWhatApplicationsSayOfTheirSessionsIsTheirs(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	for _, start := range []string{
		`{"capabilities":{"resume":"later"},"metaData":{"after":"school"}}`,
		`{"capabilities":["text/plain"],"metaData":"kiosk"}`,
		`{"capabilities":{"resume":true},"metaData":{"after":1.5}}`,
		`{"capabilities":{"resume":true},"metaData":null}`,
	} {
		ann.say(`{"conversationId":%q,"startSession":%s}`, id, start)
		if told := ann.next(); !strings.Contains(told, `"sessionStarted"`) {
			t.Errorf("%s: told %s", start, told)
		}
	}
	ann.quiet()
}
