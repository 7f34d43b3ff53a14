package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
)

// damagedStore is one whose disk is not what it should be.
type damagedStore struct {
	*memory.Store

	mu       sync.Mutex
	broken   map[string]error // the logs that cannot be read, by conversation; nil panics
	write    error            // what updates fail with
	hang     chan struct{}    // what updates wait for
	reading  int              // logs that are being read at this moment
	together int              // the most of them
	meet     chan struct{}    // closed when enough are
}

func (s *damagedStore) Turn(ctx context.Context, tenant, conversation, id string) (convo.Turn, error) {
	s.mu.Lock()
	err, damaged := s.broken[conversation]
	s.reading++
	if s.meet != nil && s.reading == 4 && s.together < 4 {
		close(s.meet)
	}
	s.together = max(s.together, s.reading)
	meet := s.meet
	s.mu.Unlock()
	if meet != nil {
		<-meet
	}
	defer func() {
		s.mu.Lock()
		s.reading--
		s.mu.Unlock()
	}()
	if damaged && err == nil {
		panic("the log is nonsense")
	}
	if err != nil {
		return convo.Turn{}, err
	}
	return s.Store.Turn(ctx, tenant, conversation, id)
}

func (s *damagedStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	s.mu.Lock()
	err, hang := s.write, s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err != nil {
		return nil, err
	}
	return s.Store.Update(ctx, tenant, conversation, level, fn)
}

func (s *damagedStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func (s *damagedStore) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// setupDamaged gives a bundle whose engine has not started yet, and its log.
func setupDamaged(t *testing.T, scripts ...scripted.Script) (*bundle, *damagedStore, *strings.Builder) {
	t.Helper()
	s := &damagedStore{Store: memory.New(), broken: map[string]error{}}
	b := &bundle{t: t, store: s.Store, hub: hub.New(), model: scripted.New(scripts...), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.fixed = &fixedModel{provider: b.model, window: 32_000}
	log := &strings.Builder{}
	b.Engine = engine.New(engine.Options{
		Store: s, Hub: b.hub, Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits(),
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	return b, s, log
}

func (b *bundle) startEngine() {
	b.t.Helper()
	if err := b.Start(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { b.stop(); b.store.Close() })
}

func TestADamagedConversationKeepsNoOtherFromTheServer(t *testing.T) {
	t.Parallel()
	b, s, log := setupDamaged(t, answer("here"), answer("there"))
	var ids []string
	for i := range 40 {
		id := b.conversation(convo.Fields{})
		ids = append(ids, id)
		b.left(id, fmt.Sprint("turn ", i), append(asked(1, "hi"), convo.ModelAsked{Model: "test/m"})...)
	}
	unreadable, nonsense, healthy := ids[3], ids[30], ids[39]
	s.broken[unreadable], s.broken[nonsense] = errors.New("a row is gone"), nil
	b.startEngine()
	for _, id := range ids {
		turn, err := b.store.Head(t.Context(), "t", id)
		if damaged := id == unreadable || id == nonsense; err != nil || (turn.Active() != nil) != damaged {
			t.Errorf("%s has the active turn %v, %v", id, turn.Active(), err)
		}
	}
	if n := strings.Count(log.String(), "parley check"); n != 2 || strings.Count(log.String(), "a row is gone") != 1 {
		t.Errorf("%d conversations are logged:\n%s", n, log)
	}

	_, err := b.Complete(t.Context(), b.actor, unreadable, engine.TurnInput{}, nil)
	wantKind(t, err, convo.Conflict)
	if !strings.Contains(err.Error(), "damaged") {
		t.Errorf("the caller is told %v", err)
	}
	if n, err := b.Stop(t.Context(), b.actor, unreadable, "", nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("Stop gives %d, %v", n, err)
	}
	b.wantListed(unreadable, "user:hi") // what can be read is
	b.say(healthy, "and you?")

	s.set(func() { clear(s.broken) }) // somebody has repaired it
	b.say(unreadable, "again")
	b.wantListed(unreadable, "user:hi | user:again | bot:there")
}

func TestConversationsAreRecoveredTogether(t *testing.T) {
	t.Parallel()
	b, s, _ := setupDamaged(t)
	for i := range 50 {
		b.left(b.conversation(convo.Fields{}), fmt.Sprint("turn ", i), append(asked(1, "hi"), convo.ModelAsked{Model: "test/m"})...)
	}
	s.meet = make(chan struct{}) // none goes on before four have begun
	b.startEngine()
	if s.together < 4 || s.together > 16 {
		t.Errorf("%d at once", s.together)
	}
}

func TestAStartThatIsToldToStopStops(t *testing.T) {
	t.Parallel()
	b, _, log := setupDamaged(t)
	b.left(b.conversation(convo.Fields{}), "turn", append(asked(1, "hi"), convo.ModelAsked{Model: "test/m"})...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Start gives %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("it was logged: %s", log)
	}
	b.stop()
	b.store.Close()
}

func TestADrainEndsThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		reached := make(chan struct{}, 1)
		b, s, _ := setupDamaged(t, scripted.Script{scripted.Text("a"), scripted.Reached(reached), scripted.Wait(nil)})
		b.t = t
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := b.complete(b.conversation(convo.Fields{}), "hi", nil)
		<-reached
		s.set(func() { s.hang = hang })
		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Drain(now); err == nil || !strings.Contains(err.Error(), "1 turns") {
			t.Errorf("Drain gives %v", err)
		}
		wantKind(t, r.Each(t.Context(), func([]convo.Event) error { return nil }), convo.Unavailable)
		close(hang)
		synctest.Wait()
		b.store.Close()
	})
}

func TestAFullDiskIsLoggedOnceAndSaidToCallers(t *testing.T) {
	t.Parallel()
	b, s, log := setupDamaged(t, answer("here"))
	b.startEngine()
	id := b.conversation(convo.Fields{})
	full := &convo.Error{Kind: convo.Unavailable, Message: "the disk is full", Cause: store.ErrFull}
	s.set(func() { s.write = full })
	for range 3 {
		_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{}, nil)
		wantKind(t, err, convo.Unavailable)
	}
	s.set(func() { s.write = nil })
	b.say(id, "hi")
	b.wantListed(id, "user:hi | bot:here")
	if strings.Count(log.String(), "level=ERROR") != 1 || strings.Count(log.String(), "has room again") != 1 {
		t.Errorf("the log says:\n%s", log)
	}
}
