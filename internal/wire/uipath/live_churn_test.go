package uipath_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// numbered are scripts of numbered words, each of which waits in its middle, and all
// the words.
func numbered(turns int) (scripts []scripted.Script, waits []chan struct{}, text string) {
	for i := range turns {
		var halves [2][]string
		for w := range 80 {
			word := fmt.Sprintf("%d.%d ", i, w)
			halves[w/40] = append(halves[w/40], word)
			text += word
		}
		wait := make(chan struct{})
		waits = append(waits, wait)
		scripts = append(scripts, scripted.Script{
			scripted.Text(halves[0]...), scripted.Wait(wait), scripted.Text(halves[1]...), scripted.Finish(model.StopEnd),
		})
	}
	return scripts, waits, text
}

// comeBack takes the peer's session over with another connection, after its own was
// lost or while it is open.
func (p *peer) comeBack(b *bundle) *peer {
	if rand.IntN(2) == 0 {
		must(p.t, p.conn.Close())
	}
	back, answer := b.dial(p.name, nil, options{pid: p.pid, offset: p.offset})
	if !strings.Contains(answer, p.pid) {
		p.t.Errorf("%s: answered %s", p.name, answer)
	}
	back.pid, back.offset, back.order = p.pid, p.offset, p.order
	return back
}

// follow reads up to the end of so many exchanges, and comes back again and again. It
// gives the assistant's text.
func (p *peer) follow(b *bundle, ends int) string {
	var text strings.Builder
	for left := 1 + rand.IntN(30); ends > 0; left-- {
		if left == 0 {
			p, left = p.comeBack(b), 1+rand.IntN(30)
		}
		var e struct {
			Exchange struct {
				EndExchange any
				Message     struct {
					ContentPart struct{ Chunk struct{ Data string } }
				}
			}
		}
		must(p.t, json.Unmarshal([]byte(p.next()), &e))
		if data := e.Exchange.Message.ContentPart.Chunk.Data; data != "Hi" {
			text.WriteString(data)
		}
		if e.Exchange.EndExchange != nil {
			ends--
		}
	}
	return text.String()
}

// visit comes and goes, with or without a word, until over is closed.
func (b *bundle) visit(conversation string, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		p := b.connect("zoe", nil, options{})
		p.start(conversation)
		if rand.IntN(2) == 0 {
			p.say(`{"conversationId":%q,"endSession":{}}`, conversation)
		}
		must(b.t, p.conn.Close())
	}
}

func TestWhoeverComesBackMissesNothing(t *testing.T) {
	t.Parallel()
	const turns, readers = 15, 3
	scripts, waits, want := numbered(turns)
	b := live(t, scripts...)
	id := b.conversation()
	over := make(chan struct{})
	var reading, visiting sync.WaitGroup
	for n := range readers {
		p := b.connect(fmt.Sprint("ben", n), nil, options{})
		p.start(id)
		reading.Go(func() {
			if got := p.follow(b, turns); got != want {
				t.Errorf("%s was told %s", p.name, got)
			}
		})
	}
	visiting.Go(func() { b.visit(id, over) })
	actor := b.actor(b.secret)
	for _, wait := range waits {
		answer, err := b.engine.Complete(t.Context(), actor, id, engine.TurnInput{Text: new("Hi"), Front: "test"}, nil)
		must(t, err)
		close(wait)
		must(t, answer.Each(t.Context(), func([]convo.Event) error { return nil }))
	}
	reading.Wait()
	close(over)
	visiting.Wait()
}
