package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// The operations that clients ask for.
const (
	complete = "complete"
	send     = "send"
	create   = "message/create"
)

// ask is one request of a client. Its text is that of no other, so a request
// that was done twice shows. Only the goroutine that makes it uses it.
type ask struct {
	operation string
	text      string
	key       string // Idempotency-Key, or ""
	stream    bool

	answered bool   // to its last byte
	id       string // the message that was acknowledged
	result   result // of a complete
}

// witness is what the clients of one conversation know.
type witness struct {
	conversation string

	mu       sync.Mutex
	lines    map[int64]line // seen, by number
	asks     []*ask
	problems []string
}

func newWitness(conversation string) *witness {
	return &witness{conversation: conversation, lines: map[int64]line{}}
}

// saw notes a line. The same number must always stand for the same line.
func (w *witness) saw(l line) {
	if l.Seq == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, ok := w.lines[l.Seq]; ok && !same(before, l) {
		w.problems = append(w.problems, fmt.Sprintf("number %d was seen as %s and as %s", l.Seq, show(before), show(l)))
		return
	}
	w.lines[l.Seq] = l
}

func (w *witness) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func (w *witness) add(a *ask) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks = append(w.asks, a)
}

// perform makes a request, for the first time or again, and notes what it sees
// of the answer. An error means that there was no whole answer.
func (w *witness) perform(ctx context.Context, c *client, a *ask) error {
	path := "/v1/conversation/" + w.conversation + "/" + a.operation
	body := map[string]string{"text": a.text}
	if a.operation == create {
		body["type"] = "context"
	}
	var err error
	switch {
	case a.operation == complete && a.stream:
		ended := false
		err = c.lines(ctx, http.MethodPost, path, a.key, body, func(l line) {
			w.saw(l)
			if l.Type == "result" {
				ended = true
				_ = json.Unmarshal(l.Data, &a.result) // an empty one is found out
			}
		})
		if err == nil && !ended {
			err = errors.New("the stream ended without a result")
		}
		a.id = a.result.ID
	case a.operation == complete:
		err = c.object(ctx, http.MethodPost, path, a.key, body, &a.result)
		a.id = a.result.ID
	default:
		var stored struct{ ID string }
		err = c.object(ctx, http.MethodPost, path, a.key, body, &stored)
		a.id = stored.ID
	}
	a.answered = err == nil
	if r, ok := errors.AsType[*refused](err); ok {
		w.problem("%s of %q was refused: %v", a.operation, a.text, r)
	}
	return err
}

func same(a, b line) bool { return a.Type == b.Type && bytes.Equal(a.Data, b.Data) }

func show(l line) string {
	data := string(l.Data)
	if len(data) > 200 {
		data = data[:200] + "…"
	}
	return l.Type + " " + data
}
