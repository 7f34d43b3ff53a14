package engine_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
)

// hookedStore lets a test act between two calls of the engine.
type hookedStore struct {
	*memory.Store
	failing  atomic.Bool  // every write fails
	between  func()       // once: after a transaction that is rolled back, before it runs again
	updated  func()       // once: after a transaction
	turn     func()       // once: before a turn is read
	messages func()       // once: before messages are read
	request  func()       // once: before the record of a request is read
	read     atomic.Int64 // bytes of all messages that were read
	largest  int          // bytes of a page of events
	kept     []byte       // the answer of the last request that was stored by itself
}

func once(f *func()) {
	if fn := *f; fn != nil {
		*f = nil
		fn()
	}
}

var errDisk = errors.New("the disk is full")

func (s *hookedStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	if s.failing.Load() {
		return nil, errDisk
	}
	if s.between != nil {
		_, _ = s.Store.Update(ctx, tenant, conversation, level, func(tx store.Tx) error {
			return errors.Join(fn(tx), errDisk)
		})
		once(&s.between)
	}
	events, err := s.Store.Update(ctx, tenant, conversation, level, fn)
	once(&s.updated)
	return events, err
}

func (s *hookedStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func (s *hookedStore) Turn(ctx context.Context, tenant, conversation, id string) (convo.Turn, error) {
	once(&s.turn)
	return s.Store.Turn(ctx, tenant, conversation, id)
}

func (s *hookedStore) Messages(ctx context.Context, tenant, conversation string, q store.MessageQuery) ([]convo.Message, error) {
	once(&s.messages)
	list, err := s.Store.Messages(ctx, tenant, conversation, q)
	for _, m := range list {
		s.read.Add(int64(len(m.Text)))
	}
	return list, err
}

func (s *hookedStore) Request(ctx context.Context, id convo.RequestID) (convo.Request, bool, error) {
	once(&s.request)
	return s.Store.Request(ctx, id)
}

func (s *hookedStore) Events(ctx context.Context, tenant, conversation string, after int64, limit int) ([]convo.Event, error) {
	events, err := s.Store.Events(ctx, tenant, conversation, after, limit)
	size := 0
	for _, e := range events {
		size += e.Size()
	}
	s.largest = max(s.largest, size)
	return events, err
}

func (s *hookedStore) PutRequest(ctx context.Context, r convo.Request) error {
	if s.failing.Load() {
		return errDisk
	}
	s.kept = r.Answer
	return s.Store.PutRequest(ctx, r)
}

// setupHooked is setup over a store with hooks.
func setupHooked(t *testing.T, scripts ...scripted.Script) (*bundle, *hookedStore) {
	t.Helper()
	s := &hookedStore{Store: memory.New()}
	b := &bundle{t: t, store: s.Store, hub: hub.New(), model: scripted.New(scripts...), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.fixed = &fixedModel{provider: b.model, window: 32_000}
	b.Engine = engine.New(engine.Options{Store: s, Hub: b.hub, Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits()})
	if err := b.Engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop(); b.store.Close() })
	return b, s
}

// Two writers of a conversation may publish in another order than that of
// their commits. If the newer events were published before anybody read, the
// older ones must not make a reader believe that nothing is missing.
func TestAReaderMissesNothingThatWasPublishedToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{})
	older := convo.Event{Seq: 2, Body: convo.MessageGiven{ID: "older", Place: convo.Place(1, 0), Fields: convo.MessageFields{Type: convo.User}}}
	b.left(id, "", older.Body, convo.MessageGiven{ID: "newer", Place: convo.Place(2, 0), Fields: convo.MessageFields{Type: convo.User}})
	key := hub.Key{Tenant: "t", Conversation: id}
	other := b.hub.Subscribe(key)
	defer other.Cancel()
	b.hub.Publish(key, []convo.Event{older})
	found := errors.New("found")
	err := b.Follow(t.Context(), b.actor, id, older.Seq, func(events []convo.Event) error {
		if given, ok := events[0].Body.(convo.MessageGiven); !ok || given.ID != "newer" {
			t.Errorf("got %+v", events[0])
		}
		return found
	})
	if !errors.Is(err, found) {
		t.Error(err)
	}
}

// Readers come and go at any number while many write.
func TestReadersMissNothing(t *testing.T) {
	t.Parallel()
	const writers, each, readers = 4, 50, 8
	b := setup(t)
	id := b.conversation(convo.Fields{})
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "x"), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	cut := errors.New("cut off")
	for reader := range readers {
		all.Go(func() {
			last := int64(0)
			for last < 1+writers*each {
				stay := reader + 1 // events until the connection breaks
				err := b.Follow(t.Context(), b.actor, id, last, func(events []convo.Event) error {
					for _, e := range events {
						if e.Seq != last+1 {
							t.Errorf("after %d came %d", last, e.Seq)
						}
						last = e.Seq
					}
					if stay -= len(events); stay <= 0 || last == 1+writers*each {
						return cut
					}
					return nil
				})
				if !errors.Is(err, cut) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A driver that commits many transactions at once carries them out anew when
// one of them spoils the commit.
func TestATurnWhoseAdmissionRunsAgainDoesNotOvertake(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t)
	id := b.conversation(convo.Fields{})
	s.between = func() { b.left(id, "first", append(asked(1, "1"), convo.TurnWaiting{})...) }
	second := b.complete(id, "2", nil)
	b.stop()
	turn, err := b.store.Turn(t.Context(), "t", id, second.Turn)
	if err != nil || turn.State != convo.StateQueued || len(b.model.Calls()) != 0 {
		t.Errorf("the turn behind the first is %s, %v; the model was asked %d times", turn.State, err, len(b.model.Calls()))
	}
	b.wantListed(id, "user:1")
}

func TestAStopOfATurnThatStartsMeanwhileStopsIt(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b, s := setupHooked(t, scripted.Script{scripted.Wait(release)}, scripted.Script{scripted.Text("half"), scripted.Wait(nil)})
	id := b.conversation(convo.Fields{})
	first, second := b.complete(id, "1", nil), b.complete(id, "2", nil)
	b.awaitKind(first, convo.KindModelAsked) // nothing else is written now
	s.between = func() {                     // it was queued when it was looked at
		close(release)
		b.awaitKind(second, convo.KindDelta)
	}
	if n, err := b.Stop(t.Context(), b.actor, id, second.Turn, nil); n != 1 || err != nil {
		t.Fatalf("Stop = %d, %v", n, err)
	}
	select {
	case <-b.model.Calls()[1].Over():
	default:
		t.Error("the model still answers")
	}
	events := b.turnEvents(id, second.Turn)
	if e := end(t, events); e.Reason != convo.EndStopped || spoken(events) != "half" {
		t.Errorf("end = %+v after %q", e, spoken(events))
	}
}

// awaitKind reads a turn up to an event of a kind.
func (b *bundle) awaitKind(r *engine.Reading, kind convo.EventKind) {
	b.t.Helper()
	found := errors.New("found")
	err := r.Each(b.t.Context(), func(events []convo.Event) error {
		if slices.ContainsFunc(events, func(e convo.Event) bool { return e.Body.Kind() == kind }) {
			return found
		}
		return nil
	})
	if !errors.Is(err, found) {
		b.t.Errorf("the turn ended with %v before the event of kind %d", err, kind)
	}
}

// The record of a stop and the end of a queued turn are one transaction: after a
// kill, what was stopped does not run.
func TestAStoppedTurnHasEndedWhenItsStopIsOnRecord(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b, s := setupHooked(t, scripted.Script{scripted.Wait(release)})
	id := b.conversation(convo.Fields{})
	first, second := b.complete(id, "1", nil), b.complete(id, "2", nil)
	b.awaitKind(first, convo.KindModelAsked)
	s.updated = func() {
		turn, err := b.store.Turn(t.Context(), "t", id, second.Turn)
		if err != nil || turn.State != convo.StateEnded || turn.Reason != convo.EndStopped {
			t.Errorf("the turn is %+v, %v", turn, err)
		}
	}
	if n, err := b.Stop(t.Context(), b.actor, id, second.Turn, ask("k", "{}")); n != 1 || err != nil || s.updated != nil {
		t.Errorf("Stop = %d, %v", n, err)
	}
	close(release)
	b.turnEvents(id, first.Turn)
	if len(b.model.Calls()) != 1 {
		t.Error("the stopped turn asked the model")
	}
}

func TestAStopThatWasRecordedIsCarriedOutAlthoughItsCallerLeft(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t)
	id := b.conversation(convo.Fields{})
	b.left(id, "turn", append(asked(1, "1"), convo.TurnWaiting{})...)
	ctx, leave := context.WithCancel(t.Context())
	s.updated = leave
	if n, err := b.Stop(ctx, b.actor, id, "", nil); n != 1 || err != nil {
		t.Errorf("Stop = %d, %v", n, err)
	}
	if turn, err := b.store.Turn(t.Context(), "t", id, "turn"); err != nil || turn.Reason != convo.EndStopped {
		t.Errorf("the turn is %+v, %v", turn, err)
	}
}

func TestATurnWhoseEndCouldNotBeWrittenDoesNotBlockTheNext(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b, s := setupHooked(t, scripted.Script{scripted.Text("half"), scripted.Wait(release)}, answer("here"))
	id := b.conversation(convo.Fields{})
	first := b.complete(id, "1", nil)
	broken := false
	err := first.Each(t.Context(), func(events []convo.Event) error {
		if !broken && strings.Contains(kinds(events), "delta") {
			broken = true
			s.failing.Store(true)
			close(release)
		}
		return nil
	})
	wantKind(t, err, convo.Internal)
	s.failing.Store(false)
	b.say(id, "2")
	b.wantListed(id, "user:1 | bot:half… | user:2 | bot:here")
	if e := end(t, b.turnEvents(id, first.Turn)); e.Reason != convo.EndInterrupted {
		t.Errorf("end = %+v", e)
	}
}

func TestARepeatClosesATurnThatNobodyCarriesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b, s := setupHooked(t, scripted.Script{scripted.Text("half"), scripted.Wait(release)}, answer("here"))
	id := b.conversation(convo.Fields{})
	first := ask("", "1")
	one := b.complete(id, "1", first)
	second := b.complete(id, "2", nil)
	broken := false
	err := one.Each(t.Context(), func(events []convo.Event) error {
		if !broken && strings.Contains(kinds(events), "delta") {
			broken = true
			s.failing.Store(true)
			close(release)
		}
		return nil
	})
	wantKind(t, err, convo.Internal)
	first.Broken()
	s.failing.Store(false)
	again := b.complete(id, "1", ask("", "1"))
	if e := end(t, b.read(again)); !again.Replayed || e.Reason != convo.EndInterrupted {
		t.Errorf("end = %+v", e)
	}
	wantKind(t, second.Each(t.Context(), func([]convo.Event) error { return nil }), convo.Internal) // it was sent away
	if e := end(t, b.turnEvents(id, second.Turn)); e.Reason != convo.EndDone {
		t.Errorf("the one behind it: end = %+v", e)
	}
	b.wantListed(id, "user:1 | bot:half… | user:2 | bot:here")
}

func TestAMessageThatComesAfterATurnStartedIsForTheNextOne(t *testing.T) {
	t.Parallel()
	for _, latest := range []int{0, 10} {
		release := make(chan struct{})
		b, s := setupHooked(t, scripted.Script{scripted.Wait(release), scripted.Text("first")})
		b.fixed.latest = latest
		id := b.conversation(convo.Fields{})
		first, second := b.complete(id, "1", nil), b.complete(id, "2", nil)
		s.messages = func() { // the second turn, which was queued, reads its history
			if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "meanwhile"), nil); err != nil {
				t.Error(err)
			}
		}
		close(release)
		b.read(first)
		b.read(second)
		b.say(id, "3")
		if got := short(b.prompt(1)); got != "user:1 | now | assistant:first | user:2 | now" {
			t.Errorf("the second prompt: %s", got)
		}
		if got := short(b.prompt(2)); got != "user:1 | now | assistant:first | user:2 | now | assistant:You said: 2 | user:meanwhile | user:3 | now" {
			t.Errorf("the third prompt: %s", got)
		}
	}
}

func TestAMessageThatComesBeforeATurnStartsIsInItsPrompt(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t)
	id := b.conversation(convo.Fields{})
	s.messages = func() { // the history is looked at before the turn is admitted
		if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "meanwhile"), nil); err != nil {
			t.Error(err)
		}
	}
	b.say(id, "1")
	if got := short(b.prompt(0)); got != "user:meanwhile | user:1 | now" {
		t.Errorf("the prompt: %s", got)
	}
	b.wantListed(id, "user:meanwhile | user:1 | bot:You said: 1")
}

func TestAProviderThatPanicsEndsItsTurnOnly(t *testing.T) {
	t.Parallel()
	b, _ := setupHooked(t)
	b.fixed.provider = panicking{b.model}
	id := b.conversation(convo.Fields{})
	for name, events := range map[string][]convo.Event{
		"stateful":  b.say(id, "1"),
		"stateless": b.statelessly(t, nil),
		"keyed":     b.statelessly(t, ask("key", "{}")),
	} {
		if e := end(t, events); e.Reason != convo.EndFailed || e.Failure.Message != "internal error" || spoken(events) != "half" {
			t.Errorf("%s: end = %+v after %q", name, e, spoken(events))
		}
	}
	b.wantListed(id, "user:1 | bot:half…")
}

func TestAKeptAnswerTakesNoRoomForItsPieces(t *testing.T) {
	t.Parallel()
	pieces := strings.SplitAfter(strings.Repeat("word ", 1000), " ")
	b, s := setupHooked(t, answer(pieces...))
	first := b.statelessly(t, ask("key", "{}"))
	again := b.statelessly(t, ask("key", "{}"))
	if spoken(again) != spoken(first) || len(b.model.Calls()) != 1 {
		t.Errorf("a repeat got %d of %d bytes in %d calls", len(spoken(again)), len(spoken(first)), len(b.model.Calls()))
	}
	if len(s.kept) > 12_000 { // the text once as a delta and once as a message
		t.Errorf("%d bytes are kept", len(s.kept))
	}
}

func TestReadersOfLongMessagesHoldFew(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t)
	id := b.conversation(convo.Fields{})
	for range 60 {
		if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, strings.Repeat("x", 250<<10)), nil); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	err := b.Follow(t.Context(), b.actor, id, 0, func(events []convo.Event) error {
		if seen += len(events); seen == 61 {
			return context.Canceled
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || s.largest > 2<<20 {
		t.Errorf("%v; %d bytes were read at once", err, s.largest)
	}
}

// statelessly runs a stateless turn to its end.
func (b *bundle) statelessly(t *testing.T, ask *engine.Ask) []convo.Event {
	t.Helper()
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, ask)
	if err != nil {
		t.Fatal(err)
	}
	return b.read(r)
}

// panicking is a provider with a bug.
type panicking struct{ *scripted.Provider }

func (panicking) Stream(context.Context, *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		if yield(model.Event{Type: model.Text, Text: "half"}, nil) {
			panic("a bug")
		}
	}
}
