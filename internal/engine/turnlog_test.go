package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
)

// commit is what one update of the store wrote.
type commit struct {
	level  store.Sync
	events []convo.Event
}

// slowStore notes its commits, and makes the first one with text wait.
type slowStore struct {
	*memory.Store
	gate    chan struct{}
	held    bool
	commits []commit
}

func (s *slowStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	events, err := s.Store.Update(ctx, tenant, conversation, level, fn)
	s.commits = append(s.commits, commit{level, events})
	for _, e := range events {
		if _, text := e.Body.(convo.Delta); text && !s.held {
			s.held = true
			<-s.gate
		}
	}
	return events, err
}

func (s *slowStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

// A kill between the two would leave a turn that runs and has no open model
// call, and the next start would ask the model a second time.
func TestTheEndOfAnAnswerIsOneCommitWithTheEndOfItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &slowStore{Store: memory.New(), gate: make(chan struct{})}
		// What comes while the first commit is slow is enough for one of its own.
		b := &bundle{t: t, store: slow.Store, actor: convo.Actor{Tenant: "t", Token: "token"}, model: scripted.New(scripted.Script{
			scripted.Reasoning("Hm."), scripted.Text("first", strings.Repeat("x", 8<<10)), scripted.Finish(model.StopEnd),
		})}
		b.fixed = &fixedModel{provider: b.model, window: 32_000}
		b.Engine = engine.New(engine.Options{Store: slow, Hub: hub.New(), Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits()})
		if err := b.Engine.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		reading := b.complete(b.conversation(convo.Fields{}), "Hi", nil)
		synctest.Wait() // for the answer's end: only the store is left to wait for
		close(slow.gate)
		b.read(reading)
		b.stop()

		for _, c := range slow.commits {
			answered, ended := false, false
			for _, e := range c.events {
				switch body := e.Body.(type) {
				case convo.MessageEnded:
					answered = answered || body.Type == convo.Bot
					if c.level != store.Durable {
						t.Errorf("the end of a %s message was not synced", body.Type)
					}
				case convo.ModelAnswered:
					answered = true
				case convo.TurnEnded:
					ended = true
				}
			}
			if answered != ended {
				t.Errorf("a commit has the end of the answer: %v, of the turn: %v", answered, ended)
			}
		}
	})
}

// timedStore notes when each first delta of a message is committed.
type timedStore struct {
	*memory.Store
	began time.Time
	first map[string]time.Duration // by text
	alone int                      // commits that begin a message and say nothing of it
}

func (s *timedStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	events, err := s.Store.Update(ctx, tenant, conversation, level, fn)
	for i, e := range events {
		if _, ok := e.Body.(convo.MessageStarted); !ok {
			continue
		}
		if i+1 == len(events) {
			s.alone++
			continue
		}
		d, _ := events[i+1].Body.(convo.Delta)
		s.first[d.Text] = time.Since(s.began)
	}
	return events, err
}

func (s *timedStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func TestTheFirstPieceOfAMessageIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		timed := &timedStore{Store: memory.New(), began: time.Now(), first: map[string]time.Duration{}}
		b := &bundle{t: t, store: timed.Store, actor: convo.Actor{Tenant: "t", Token: "token"}, model: scripted.New(scripted.Script{
			scripted.Delay(300 * time.Millisecond), scripted.Reasoning("Hm."), scripted.Delay(time.Millisecond),
			scripted.Text("first"), scripted.Delay(time.Millisecond), scripted.Text(" second"), scripted.Delay(time.Second),
		})}
		b.fixed = &fixedModel{provider: b.model, window: 32_000}
		b.Engine = engine.New(engine.Options{Store: timed, Hub: hub.New(), Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits()})
		if err := b.Engine.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.say(b.conversation(convo.Fields{}), "Hi")
		b.stop()
		if timed.first["Hm."] != 300*time.Millisecond || timed.first["first"] != 301*time.Millisecond || timed.alone != 0 {
			t.Errorf("the first pieces were written after %v; %d messages began without one", timed.first, timed.alone)
		}
	})
}

// countingStore counts what is handed in together.
type countingStore struct {
	*memory.Store
	calls, changes int
}

func (s *countingStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	s.calls++
	s.changes += len(changes)
	s.Store.UpdateAll(ctx, changes)
}

func TestWhatManyTurnsSayIsCommittedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const turns, pieces = 20, 10
		scripts := make([]scripted.Script, turns)
		for i := range scripts {
			for range pieces {
				// No two of them say anything at the same moment.
				scripts[i] = append(scripts[i], scripted.Delay(20*time.Millisecond+time.Duration(i)*50*time.Microsecond), scripted.Text("x"))
			}
		}
		counting := &countingStore{Store: memory.New()}
		b := &bundle{t: t, store: counting.Store, actor: convo.Actor{Tenant: "t", Token: "token"}, model: scripted.New(scripts...)}
		b.fixed = &fixedModel{provider: b.model, window: 32_000}
		b.Engine = engine.New(engine.Options{Store: counting, Hub: hub.New(), Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits()})
		if err := b.Engine.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var readings []*engine.Reading
		for range turns {
			readings = append(readings, b.complete(b.conversation(convo.Fields{}), "Hi", nil))
		}
		for _, r := range readings {
			if text := spoken(b.read(r)); text != strings.Repeat("x", pieces) {
				t.Errorf("a turn said %q", text)
			}
		}
		b.stop()
		// The first piece of each goes at once, each with what the others have.
		if most := turns + 4*pieces; counting.calls > most || counting.changes < 2*counting.calls {
			t.Errorf("%d updates were handed in by %d calls, want at most %d", counting.changes, counting.calls, most)
		}
	})
}
