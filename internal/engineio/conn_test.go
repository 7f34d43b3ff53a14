package engineio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parleyhq/parley/internal/engineio"
)

func TestMessagesGoBothWays(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, engineio.Options{})
	p := dial(t, address)
	c := receive(t, o.opened)
	p.send("4hello")
	p.send("6") // noop
	p.send("5") // upgrade: there is nothing to upgrade from
	p.send("4")
	if err := p.WriteMessage(websocket.BinaryMessage, []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hello", "", "binary \x01\x02"} {
		if got := receive(t, o.messages); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := strings.Repeat("é", 100_000)
	messages := []engineio.Message{
		text("one"), {Data: []byte("tw"), Tail: []byte("o")}, {Data: []byte{3}, Binary: true}, {}, {Data: []byte(long), Tail: []byte("end")},
	}
	if err := c.TrySend(messages...); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4one", "4two", "\x03", "4", "4" + long + "end"} {
		p.expect(want)
	}
}

func TestFragmentsAndControlFramesAreWebSocketsBusiness(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, engineio.Options{})
	p := dial(t, address)
	pong := make(chan string, 2)
	p.SetPongHandler(func(data string) error {
		pong <- data
		return nil
	})
	w, err := p.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"4he", "llo"} {
		// A part that fills the buffer of the writer is a fragment.
		if _, err := fmt.Fprint(w, part, strings.Repeat(" ", 5000)); err != nil {
			t.Fatal(err)
		}
		if err := p.WriteControl(websocket.PingMessage, []byte("are you there?"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, o.messages); strings.ReplaceAll(got, " ", "") != "hello" || len(got) != 10_005 {
		t.Errorf("got %d bytes", len(got))
	}
	if err := receive(t, o.opened).TrySend(text("after")); err != nil {
		t.Fatal(err)
	}
	p.expect("4after")
	for range 2 {
		if data := receive(t, pong); data != "are you there?" {
			t.Errorf("the pong says %q", data)
		}
	}
}

func TestPingsOfAPeerThatDoesNotReadFillNoMemory(t *testing.T) {
	t.Parallel()
	o := newOwner()
	p := servePipes(t, o, engineio.Options{MaxMessages: 10})()
	for range 100 {
		if err := p.WriteControl(websocket.PingMessage, nil, time.Now().Add(10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	p.send("4done")
	receive(t, o.messages)
	if frames, _ := receive(t, o.opened).Buffered(); frames > 11 {
		t.Errorf("%d frames are queued", frames)
	}
}

func TestPeersArePinged(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, engineio.Options{PingInterval: 100 * time.Millisecond, PingTimeout: 10 * time.Second})
	p := dial(t, address)
	for range 3 {
		p.expect("2")
		p.send("3")
	}
	if len(o.messages) > 0 || len(o.ends) > 0 {
		t.Error("the receiver was told of pings")
	}
}

func TestASilentPeerIsCutOff(t *testing.T) {
	t.Parallel()
	for name, timeout := range map[string]time.Duration{
		"before the next ping is due": 50 * time.Millisecond,
		"after it":                    350 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwner()
			_, address := serve(t, o, engineio.Options{PingInterval: 100 * time.Millisecond, PingTimeout: timeout})
			p := dial(t, address)
			p.expect("2")
			if got, err := p.next(); err == nil {
				t.Errorf("got %s instead of the end", got)
			}
			if cause := receive(t, o.ends); !errors.Is(cause, engineio.ErrSilent) {
				t.Errorf("the cause is %v", cause)
			}
		})
	}
}

func TestAQueueIsBounded(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]engineio.Options{
		"by messages": {MaxMessages: 10},
		"by bytes":    {MaxBytes: 10_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwner()
			p := servePipes(t, o, options)()
			c := idle(receive(t, o.opened))
			taken := 0
			var err error
			for ; err == nil; taken++ {
				err = c.TrySend(text(fmt.Sprintf("%d %s", taken, strings.Repeat("x", 900))))
			}
			taken--
			if !errors.Is(err, engineio.ErrFull) || taken < 5 || taken > 11 {
				t.Fatalf("after %d messages: %v", taken, err)
			}
			if frames, bytes := c.Buffered(); frames != taken || bytes < 900*taken || bytes > 1000*taken {
				t.Errorf("%d frames with %d bytes are queued, of %d", frames, bytes, taken)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := c.Send(ctx, text(strings.Repeat("x", 900))); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			room := c.Room()
			sent := make(chan error, 1)
			go func() { sent <- c.Send(t.Context(), text("last")) }()
			for i := range taken {
				if got := p.read(); !strings.HasPrefix(got, fmt.Sprintf("4%d xxx", i)) {
					t.Fatalf("message %d is %.20s", i, got)
				}
			}
			p.expect("4last")
			receive(t, room)
			if err := receive(t, sent); err != nil {
				t.Error(err)
			}
			receive(t, c.Room()) // at once
		})
	}
}

func TestMessagesAreTakenTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	o := newOwner()
	p := servePipes(t, o, engineio.Options{MaxMessages: 3})()
	c := idle(receive(t, o.opened))
	if err := c.TrySend(text("1"), text("2")); err != nil {
		t.Fatal(err)
	}
	if err := c.TrySend(text("3"), text("4")); !errors.Is(err, engineio.ErrFull) {
		t.Fatalf("the error is %v", err)
	}
	if err := c.TrySend(text("5")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"41", "42", "45"} {
		p.expect(want)
	}
}

func TestALongMessageIsTakenWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	o := newOwner()
	p := servePipes(t, o, engineio.Options{MaxBytes: 1000})()
	c := idle(receive(t, o.opened))
	long := strings.Repeat("x", 100_000)
	if err := c.Send(t.Context(), text(long)); err != nil {
		t.Fatal(err)
	}
	if err := c.TrySend(text("a")); !errors.Is(err, engineio.ErrFull) {
		t.Errorf("the error is %v", err)
	}
	p.expect("4" + long)
	if err := idle(c).TrySend(text("short")); err != nil {
		t.Fatal(err)
	}
	receive(t, c.Room())
	if err := c.TrySend(text(long)); err != nil { // a second one that is behind something
		t.Fatal(err)
	}
	p.expect("4short")
	p.expect("4" + long)
}

func TestAStalledPeerIsCutOff(t *testing.T) {
	t.Parallel()
	o := newOwner()
	dial := servePipes(t, o, engineio.Options{WriteTimeout: 200 * time.Millisecond})
	dial()
	c := receive(t, o.opened)
	other := dial()
	neighbour := receive(t, o.opened)
	if err := c.TrySend(text("nobody reads this")); err != nil {
		t.Fatal(err)
	}
	if err := neighbour.TrySend(text("fine")); err != nil {
		t.Fatal(err)
	}
	other.expect("4fine")
	if cause := receive(t, o.ends); !errors.Is(cause, engineio.ErrStalled) {
		t.Errorf("the cause is %v", cause)
	}
	receive(t, c.Context().Done())
	if cause := context.Cause(c.Context()); !errors.Is(cause, engineio.ErrStalled) {
		t.Errorf("the context's is %v", cause)
	}
	if err := c.TrySend(text("x")); !errors.Is(err, engineio.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
	receive(t, c.Room()) // nobody waits for it for ever
}

func TestEndsAreTold(t *testing.T) {
	t.Parallel()
	o := newOwner()
	_, address := serve(t, o, engineio.Options{})
	t.Run("of a peer that closes the WebSocket", func(t *testing.T) {
		p := dial(t, address)
		receive(t, o.opened)
		if err := p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4000, "bye"), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.next(); !websocket.IsCloseError(err, engineio.Normal) {
			t.Errorf("the answer is %v", err)
		}
		var closed *engineio.CloseError
		if cause := receive(t, o.ends); !errors.As(cause, &closed) || !closed.ByPeer || closed.Code != 4000 || closed.Text != "bye" {
			t.Errorf("the cause is %v", cause)
		}
	})
	t.Run("of a peer that says so", func(t *testing.T) {
		p := dial(t, address)
		receive(t, o.opened)
		p.send("1")
		if _, err := p.next(); !websocket.IsCloseError(err, engineio.Normal) {
			t.Errorf("the answer is %v", err)
		}
		receive(t, o.ends)
	})
	t.Run("of a peer that vanishes", func(t *testing.T) {
		p := dial(t, address)
		c := receive(t, o.opened)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		cause := receive(t, o.ends)
		if _, ok := errors.AsType[*engineio.CloseError](cause); ok {
			t.Errorf("the cause is %v", cause)
		}
		receive(t, c.Context().Done())
	})
	t.Run("of a peer that breaks the rules of WebSocket", func(t *testing.T) {
		p := dial(t, address)
		receive(t, o.opened)
		if _, err := p.NetConn().Write([]byte{0x81, 0x01, 'x'}); err != nil { // not masked
			t.Fatal(err)
		}
		if _, err := p.next(); !websocket.IsCloseError(err, engineio.ProtocolError) {
			t.Errorf("the answer is %v", err)
		}
		receive(t, o.ends)
	})
	t.Run("by this side, after what waits", func(t *testing.T) {
		p := dial(t, address)
		c := receive(t, o.opened)
		if err := c.TrySend(text("one"), text("two")); err != nil {
			t.Fatal(err)
		}
		c.Close(engineio.PolicyViolation, "because")
		c.Close(engineio.GoingAway, "a later reason counts for nothing")
		p.send("4ignored")
		p.expect("4one")
		p.expect("4two")
		if _, err := p.next(); !websocket.IsCloseError(err, engineio.PolicyViolation) || !strings.Contains(err.Error(), "because") {
			t.Errorf("the end is %v", err)
		}
		if cause := receive(t, o.ends); !strings.Contains(cause.Error(), "because") {
			t.Errorf("the cause is %v", cause)
		}
	})
	if len(o.ends) > 0 || len(o.messages) > 0 {
		t.Error("there is more")
	}
}

func TestAServerCloses(t *testing.T) {
	t.Parallel()
	o := newOwner()
	server, address := serve(t, o, engineio.Options{})
	p := dial(t, address)
	if err := receive(t, o.opened).TrySend(text("last")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		t.Error(err)
	}
	p.expect("4last")
	if _, err := p.next(); !websocket.IsCloseError(err, engineio.GoingAway) {
		t.Errorf("the end is %v", err)
	}
	if len(o.ends) != 1 {
		t.Errorf("%d receivers were told", len(o.ends))
	}
	if _, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+address+query, nil); err == nil || response.StatusCode != 503 {
		t.Errorf("after the end: %v, %v", response, err)
	}
}

func TestAServerThatClosesCutsStalledPeers(t *testing.T) {
	t.Parallel()
	o := newOwner()
	server := engineio.NewServer(o.accept, engineio.Options{})
	dial := servePipesOf(t, server)
	dial()
	if err := receive(t, o.opened).TrySend(text("nobody reads this")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if len(o.ends) != 1 {
		t.Errorf("%d receivers were told", len(o.ends))
	}
}
