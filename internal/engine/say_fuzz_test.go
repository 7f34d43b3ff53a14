package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// saidBy makes something that a client says of two bytes: what, and of what.
func saidBy(what, of byte) engine.Said {
	x, m, p := fmt.Sprint("X", of&3), fmt.Sprint("m", of>>2&1), fmt.Sprint("p", of>>3&3)
	switch what % 14 {
	case 0, 1:
		return engine.SaidExchange{Exchange: x}
	case 2:
		return engine.SaidMessage{Exchange: x, Message: m, Role: "user"}
	case 3:
		return engine.SaidMessage{Exchange: x, Message: m, Role: []string{"system", "assistant", "", "user"}[of>>6]}
	case 4:
		return engine.SaidPart{Exchange: x, Message: m, Part: p, MediaType: []string{"", "text/plain", "no type", "image/png"}[of>>6]}
	case 5:
		return engine.SaidPart{Exchange: x, Message: m, Part: p, File: &convo.FileRef{URI: []string{"", "urn:x", convo.FileURI + "none", "https://x"}[of>>6]}}
	case 6, 7:
		return engine.SaidText{Exchange: x, Message: m, Part: p, Text: []string{"", "hello 🗼", "fake", "é"}[of>>6]}
	case 8:
		c := &engine.SaidCitation{ID: "k", Starts: of&64 != 0, Ends: of&128 != 0, Sources: []convo.Source{{Title: "T", Number: 1}}}
		return engine.SaidText{Exchange: x, Message: m, Part: p, Text: "cited 🗼", Cites: c}
	case 9:
		return engine.SaidPartEnd{Exchange: x, Message: m, Part: p, Incomplete: of&64 != 0}
	case 10, 11:
		return engine.SaidMessageEnd{Exchange: x, Message: m}
	case 12:
		return engine.SaidStop{Exchange: x}
	}
	return engine.SaidAside{Exchange: []string{"", x}[of>>7], Front: "f", Body: convo.JSON(`{"x":1}`)}
}

// Whatever a client says in whatever order, each thing is taken, dropped or refused,
// the log keeps its rules (which setup checks in the end), and no exchange is left
// that nobody can stop.
func FuzzSay(f *testing.F) {
	f.Add([]byte{0, 0, 2, 0, 4, 0, 6, 64, 9, 0, 10, 0})
	f.Add([]byte{2, 0, 6, 64, 10, 0, 255, 0, 0, 0, 4, 0, 9, 0, 12, 0})
	f.Add([]byte{3, 0, 6, 64, 2, 4, 8, 212, 4, 12, 6, 68, 10, 4, 255, 1, 12, 0})
	random := rand.New(rand.NewPCG(6, 6))
	for range 40 {
		said := make([]byte, 60)
		for i := range said {
			said[i] = byte(random.Uint32())
		}
		f.Add(said)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := setup(t)
		id := b.conversation(convo.Fields{})
		var batch []engine.Said
		flush := func(session string) {
			for i, err := range b.tryAs(session, id, batch...) {
				if _, refused := errors.AsType[*engine.Refused](err); err != nil && !refused {
					t.Errorf("%+v: %v", batch[i], err)
				}
			}
			batch = nil
		}
		for i := 0; i+1 < len(data) && i < 200; i += 2 {
			if data[i] > 250 {
				flush(fmt.Sprint("s", data[i+1]&1))
				continue
			}
			batch = append(batch, saidBy(data[i], data[i+1]))
		}
		flush("s1")
		b.utter(id, engine.SaidStop{Exchange: "X0"}, engine.SaidStop{Exchange: "X1"}, engine.SaidStop{Exchange: "X2"}, engine.SaidStop{Exchange: "X3"})
		head, err := b.store.Head(t.Context(), "t", id)
		if err != nil || len(head.Open) != 0 {
			t.Errorf("open are %+v, %v", head.Open, err)
		}
	})
}
