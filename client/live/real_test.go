package live_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/client/live"
)

// line is a connection to the server that can be cut.
type line struct {
	address string
	target  string
	accept  sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]net.Conn
}

// newLine starts a line to the shared server.
func newLine(t *testing.T) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: listener.Addr().String(), target: strings.TrimPrefix(baseURL, "http://"), open: map[net.Conn]net.Conn{}}
	l.accept.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			l.accept.Go(func() { l.pass(near) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
		l.accept.Wait()
	})
	return l
}

// pass carries bytes both ways until one side ends or the line is cut.
func (l *line) pass(near net.Conn) {
	far, err := net.Dial("tcp", l.target)
	if err != nil {
		_ = near.Close()
		return
	}
	l.mu.Lock()
	l.open[near] = far
	l.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(near, far) // it ends when the line does
		_ = near.Close()
	})
	_, _ = io.Copy(far, near)
	_ = far.Close()
	back.Wait()
	l.mu.Lock()
	delete(l.open, near)
	l.mu.Unlock()
}

// cut resets what is open.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for near, far := range l.open {
		for _, side := range []net.Conn{near, far} {
			_ = side.(*net.TCPConn).SetLinger(0)
			_ = side.Close()
		}
	}
}

// dialLine makes a client behind a line.
func dialLine(t *testing.T, l *line) *live.Client {
	t.Helper()
	c, err := live.New(live.WithBaseURL("http://"+l.address), live.WithSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// words is what the model answers to the order of so many.
func words(n int) (order, text string) {
	for i := range n {
		text += fmt.Sprintf("word%d ", i+1)
	}
	return fmt.Sprintf("fake:slow n=%d rate=100", n), text
}

func TestAnAnswerComesWholeOverACutLine(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	conversation := converse(dialLine(t, l), plainAgent)
	session := conversation.StartSession(live.SessionOptions{})
	order, want := words(80)
	var got strings.Builder
	var losses, chunks int
	session.OnExchangeStart(func(x *live.ExchangeStream) {
		x.OnMessageStart(func(m *live.MessageStream) {
			if !m.IsAssistant() {
				return
			}
			m.OnContentPartStart(func(p *live.ContentPartStream) {
				p.OnChunk(func(c live.Chunk) {
					got.WriteString(c.Data)
					if chunks++; chunks%15 == 0 {
						l.cut()
					}
				})
			})
		})
		x.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})
	session.OnEvent(func(e live.Event) {
		if _, ok := e.(live.Disconnected); ok {
			losses++
		}
	})
	x, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.SendMessageWithContentPart(live.Content{Data: order}); err != nil {
		t.Fatal(err)
	}
	if err := session.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("the answer is\n%q\nand not\n%q", got.String(), want)
	}
	if losses == 0 {
		t.Error("the line was never lost")
	}
}

func TestWhatIsSaidArrivesWholeOverACutLine(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	conversation := converse(dialLine(t, l), plainAgent)
	session := conversation.StartSession(live.SessionOptions{})
	var want, got strings.Builder
	said := 0
	var part *live.ContentPartStream
	var message *live.MessageStream
	// Each piece is said when the one before was told, and the line is cut now
	// and then while they are on their way.
	session.OnExchangeStart(func(x *live.ExchangeStream) {
		x.OnMessageStart(func(m *live.MessageStream) {
			if m.IsAssistant() {
				m.OnContentPartCompleted(func(p live.CompletedContentPart) { got.WriteString(p.Data) })
			}
		})
		x.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})
	say := func() {
		for range 5 {
			piece := fmt.Sprintf("piece %d, ", said)
			said++
			want.WriteString(piece)
			if err := part.SendChunk(live.Chunk{Data: piece}); err != nil {
				t.Error(err)
			}
		}
	}
	session.OnSessionStarted(func(live.SessionStarted) {
		x, err := session.StartExchange(live.ExchangeStart{})
		if err != nil {
			t.Error(err)
			return
		}
		message, _ = x.StartMessage(live.MessageStart{})
		part, _ = message.StartContentPart(live.ContentPartStart{})
		say()
		l.cut()
	})
	session.OnEvent(func(e live.Event) {
		if _, ok := e.(live.Reconnected); !ok {
			return
		}
		say()
		if said < 40 {
			l.cut()
			return
		}
		if err := part.SendContentPartEnd(live.ContentPartEnd{}); err != nil {
			t.Error(err)
		}
		if err := message.SendMessageEnd(live.MessageEnd{}); err != nil {
			t.Error(err)
		}
	})
	if err := session.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.String() != "You said: "+strings.TrimSpace(want.String()) {
		t.Errorf("the answer is\n%q\nto\n%q", got.String(), want.String())
	}
}

func TestALaterSessionGoesOnBehindANumber(t *testing.T) {
	t.Parallel()
	conversation := converse(dial(), plainAgent)
	order, want := words(60)
	var first, second strings.Builder
	session := conversation.StartSession(live.SessionOptions{})
	x, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.SendMessageWithContentPart(live.Content{Data: order}); err != nil {
		t.Fatal(err)
	}
	for e, err := range session.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := e.(live.ContentPartChunk); ok && c.Part.Message().IsAssistant() {
			if first.Len() > 100 {
				break // as a program that ends here, before it has looked at this one
			}
			first.WriteString(c.Chunk.Data)
		}
	}
	seq := session.Seq()
	if seq == 0 {
		t.Fatal("nothing was numbered")
	}
	again := conversation.StartSession(live.SessionOptions{After: seq})
	for e, err := range again.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := e.(type) {
		case live.ContentPartChunk:
			second.WriteString(e.Chunk.Data)
		case live.ExchangeEnded:
			conversation.EndSession()
		}
	}
	if whole := first.String() + second.String(); whole != want {
		t.Errorf("together they are\n%q\nand not\n%q", whole, want)
	}
}
