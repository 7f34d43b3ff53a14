package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// listener is a client of a session, by raw frames: as little as reads them all
// and checks that every answer is whole.
type listener struct {
	socket *websocket.Conn

	mu       sync.Mutex
	answers  map[string]*checker // of the conversations that are to be answered
	left     int                 // answers that have not ended
	heard    chan struct{}       // closed when all have, or something went wrong
	err      error               // what went wrong
	events   int64
	sessions int // that were started
	late     []time.Duration
}

const (
	eventHead42  = `42["ConversationEvent",`
	idHead       = `{"conversationId":"`
	chunkHead    = `"chunk":{"data":"`
	endHead      = `"endExchange":{`
	startedHead  = `"sessionStarted":`
	sessionQuery = "/socket.io/?EIO=4&transport=websocket&x-uipath-internal-accountid=default&x-uipath-internal-tenantid=default"
)

// listen opens a socket and starts the sessions of conversations on it.
func listen(ctx context.Context, to address, conversations []string) (*listener, error) {
	dialer := websocket.Dialer{ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10, WriteBufferPool: &sync.Pool{}}
	socket, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(to.URL, "http")+sessionQuery, nil)
	if err != nil {
		return nil, err
	}
	l := &listener{socket: socket}
	if err := l.begin(to, conversations); err != nil {
		_ = socket.Close()
		return nil, err
	}
	return l, nil
}

func (l *listener) begin(to address, conversations []string) error {
	if err := l.send(fmt.Sprintf(`40{"token":%q}`, to.Secret)); err != nil {
		return err
	}
	for _, want := range []string{"0{", "40{"} {
		if _, text, err := l.socket.ReadMessage(); err != nil || !bytes.HasPrefix(text, []byte(want)) {
			return fmt.Errorf("the session is not connected: %.200s: %w", text, err)
		}
	}
	for _, id := range conversations {
		if err := l.send(eventHead42 + idHead + id + `","startSession":{}}]`); err != nil {
			return err
		}
	}
	for l.sessions < len(conversations) {
		if err := l.readOne(); err != nil {
			return err
		}
	}
	return nil
}

func (l *listener) send(text string) error {
	return l.socket.WriteMessage(websocket.TextMessage, []byte(text))
}

// read reads until the socket is closed, and tells what was wrong.
func (l *listener) read() {
	for {
		if err := l.readOne(); err != nil {
			l.mu.Lock()
			l.end(err)
			l.mu.Unlock()
			return
		}
	}
}

// end needs the lock. Before anything is expected it is an end without a meaning.
func (l *listener) end(err error) {
	if l.heard != nil && l.err == nil && (err == nil || l.left > 0) {
		l.err = err
		close(l.heard)
	}
}

func (l *listener) readOne() error {
	_, r, err := l.socket.NextReader()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if string(text) == "2" {
		return l.send("3")
	}
	if !bytes.HasPrefix(text, []byte(eventHead42)) {
		return fmt.Errorf("got %.200s", text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events++
	return l.take(text)
}

// take needs the lock.
func (l *listener) take(text []byte) error {
	if bytes.Contains(text, []byte(startedHead)) {
		l.sessions++
		return nil
	}
	_, id, _ := bytes.Cut(text, []byte(idHead))
	id, _, _ = bytes.Cut(id, []byte{'"'})
	check := l.answers[string(id)]
	if check == nil {
		return fmt.Errorf("nothing was expected: %.300s", text)
	}
	if _, data, ok := bytes.Cut(text, []byte(chunkHead)); ok && !bytes.HasPrefix(data, []byte(specWord)) {
		data, _, _ = bytes.Cut(data, []byte{'"'})
		if err := check.take(data); err != nil {
			return err
		}
	}
	if !bytes.Contains(text, []byte(endHead)) {
		return nil
	}
	if err := check.end(); err != nil {
		return err
	}
	l.late = append(l.late, check.late...)
	*check = *newChecker(check.answerSpec)
	if l.left--; l.left == 0 {
		l.end(nil)
	}
	return nil
}
