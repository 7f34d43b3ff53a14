package engine_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool"
)

// momentStore lets a test act at a moment of a turn. What the test does meanwhile
// has a context that [aside] made, and meets no hooks.
type momentStore struct {
	*memory.Store
	before   atomic.Pointer[func()]              // once: before the turn's next transaction
	after    atomic.Pointer[func([]convo.Event)] // after each of them
	messages atomic.Pointer[func()]              // once: after messages were read, before events are
	read     atomic.Bool                         // messages were
	damaged  atomic.Pointer[string]              // the conversation that cannot be written
}

type asideKey struct{}

// aside marks what the test itself does. written is called, once, after its first
// transaction.
func aside(written func()) context.Context {
	return context.WithValue(context.Background(), asideKey{}, sync.OnceFunc(written))
}

func (s *momentStore) Update(ctx context.Context, tenant, conversation string, level store.Sync, fn func(store.Tx) error) ([]convo.Event, error) {
	if written, ok := ctx.Value(asideKey{}).(func()); ok {
		defer written()
		return s.Store.Update(ctx, tenant, conversation, level, fn)
	}
	if hook := s.before.Swap(nil); hook != nil {
		(*hook)()
	}
	if damaged := s.damaged.Load(); damaged != nil && *damaged == conversation {
		return nil, errDisk
	}
	events, err := s.Store.Update(ctx, tenant, conversation, level, fn)
	if hook := s.after.Load(); hook != nil {
		(*hook)(events)
	}
	return events, err
}

func (s *momentStore) UpdateAll(ctx context.Context, changes []*store.Change) {
	store.UpdateEach(ctx, s, changes)
}

func (s *momentStore) Messages(ctx context.Context, tenant, conversation string, q store.MessageQuery) ([]convo.Message, error) {
	s.read.Store(true)
	return s.Store.Messages(ctx, tenant, conversation, q)
}

func (s *momentStore) Events(ctx context.Context, tenant, conversation string, after int64, limit int) ([]convo.Event, error) {
	if s.read.Load() {
		if hook := s.messages.Swap(nil); hook != nil {
			(*hook)()
		}
	}
	return s.Store.Events(ctx, tenant, conversation, after, limit)
}

// atMoments is a bundle over such a store, whose engine has not started.
func atMoments(t *testing.T, tools []tool.Tool, scripts ...scripted.Script) (*asker, *momentStore) {
	t.Helper()
	s := &momentStore{Store: memory.New()}
	b := &bundle{t: t, store: s.Store, hub: hub.New(), model: scripted.New(scripts...), actor: convo.Actor{Tenant: "t", Token: "token"}}
	b.fixed = &fixedModel{provider: b.model, window: 32_000}
	b.Engine = engine.New(engine.Options{Store: s, Hub: b.hub, Models: b.fixed, Sealer: openSealer{}, Limits: engine.DefaultLimits(), Tools: toolSet(tools)})
	t.Cleanup(func() { b.stop(); mustBeSound(t, s.Store); s.Store.Close() })
	return &asker{bundle: b, id: b.conversation(convo.Fields{})}, s
}

// answered publishes on the channel, as somebody else.
func (a *asker) answered(message string) {
	if err := a.Publish(aside(func() {}), a.actor, weather, convo.JSON(message), nil); err != nil {
		a.t.Error(err)
	}
}

// state is that of the conversation's active turn, "" without one.
func (a *asker) state() convo.TurnState {
	a.t.Helper()
	head, err := a.store.Head(a.t.Context(), "t", a.id)
	if err != nil {
		a.t.Fatal(err)
	}
	if t := head.Active(); t != nil {
		return t.State
	}
	return ""
}

func TestAStopReachesATurnThatIsAboutToWait(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]convo.EventKind{"before it does": convo.KindToolStarted, "when it has just done so": convo.KindTurnWaiting} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, s := atMoments(t, nil, calling("weather", `{}`))
			a.mustStart()
			a.tell(message(convo.User, "go"))
			stopped := make(chan int, 1)
			hook := func(events []convo.Event) {
				if n := len(events); n == 0 || events[n-1].Body.Kind() != last {
					return
				}
				looked := make(chan struct{})
				go func() {
					n, err := a.Stop(aside(func() { close(looked) }), a.actor, a.id, "", nil)
					if err != nil {
						t.Error(err)
					}
					stopped <- n
				}()
				<-looked // the stop is on record, and the turn knows
			}
			s.after.Store(&hook)
			turn := a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}})
			if n := <-stopped; n != 1 {
				t.Errorf("it stopped %d turns", n)
			}
			if state := a.state(); state != "" {
				t.Fatalf("the turn that was stopped is %s", state)
			}
			if got := acts(turn.end()); !strings.Contains(got, "#1 cancelled") || !strings.HasSuffix(got, "stopped") {
				t.Errorf("the turn went %s", got)
			}
		})
	}
}

func (a *asker) mustStart() {
	a.t.Helper()
	if err := a.Start(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// What the engine remembers of a turn is what its log says, also of a call that was
// answered when its turn had been stopped.
func TestAnAnswerThatComesWithAStopIsRemembered(t *testing.T) {
	t.Parallel()
	stuck := toolFunc{"stuck", func(ctx context.Context, _ tool.Call) (tool.Result, error) {
		<-ctx.Done()
		return tool.Result{}, ctx.Err()
	}}
	a, s := atMoments(t, []tool.Tool{stuck}, calling("stuck", `{}`, "weather", `{}`), answer("ok"))
	a.mustStart()
	text := "go"
	r, err := a.Complete(t.Context(), a.actor, a.id, engine.TurnInput{Text: &text, Given: functions(on("weather", weather))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{}, 1)
	hook := func(events []convo.Event) {
		if n := len(events); n > 0 && events[n-1].Body.Kind() == convo.KindToolStarted {
			started <- struct{}{}
		}
	}
	s.after.Store(&hook)
	<-started
	answer := func() { a.answered(`"wet"`) }
	s.before.Store(&answer) // before the turn's end is written
	if _, err := a.Stop(aside(func() {}), a.actor, a.id, "", nil); err != nil {
		t.Fatal(err)
	}
	if got := acts(a.read(r)); !strings.Contains(got, `#2 done "wet"`) || !strings.HasSuffix(got, "stopped") {
		t.Fatalf("the turn went %s", got)
	}
	a.say(a.id, "and now?")
	if got := short(a.prompt(1)); !strings.Contains(got, `result:"wet"`) {
		t.Errorf("the next prompt is %s", got)
	}
}

func TestAMessageThatComesWithTheRestartIsTold(t *testing.T) {
	t.Parallel()
	a, s := atMoments(t, nil, answer("ok"))
	call := wants("1", 1, convo.RunsChannel)
	call.Channel = weather
	a.left(a.id, "turn", append(asked(1, "go"), convo.ModelAsked{Model: "test/m", Prompt: 8}, call, starts(call))...)
	answer := func() { a.answered(`"wet"`) }
	s.messages.Store(&answer)
	a.mustStart()
	got := acts(a.turnEvents(a.id, "turn"))
	if !strings.HasSuffix(got, `#1 done "wet" | usage 8 | ask | bot ok | usage 10 | done`) {
		t.Errorf("the turn went %s", got)
	}
	if got := short(a.prompt(0)); !strings.Contains(got, `result:"wet"`) || strings.Count(got, "result:") != 1 {
		t.Errorf("the prompt is %s", got)
	}
}

// A stop reads what the turn left open. If it has gone on and waits again by then,
// that is no longer so.
func TestAStopEndsATurnThatWaitsAgainAsItIsThen(t *testing.T) {
	t.Parallel()
	a, s := atMoments(t, nil, calling("weather", `{}`), calling("other", `{}`))
	a.mustStart()
	waiting := make(chan struct{}, 2)
	hook := func(events []convo.Event) {
		if n := len(events); n > 0 && events[n-1].Body.Kind() == convo.KindTurnWaiting {
			waiting <- struct{}{}
		}
	}
	s.after.Store(&hook)
	a.tell(message(convo.User, "go"))
	turn := a.begin(functions(on("weather", weather), on("other", weather+"-2")))
	<-waiting
	goOn := func() {
		a.answered(`"wet"`)
		<-waiting
	}
	s.before.Store(&goOn)
	if _, err := a.Stop(aside(func() {}), a.actor, a.id, "", nil); err != nil {
		t.Fatal(err)
	}
	want := `ask | #1 weather{} channel | #1 runs | waits | #1 done "wet" | resumed | usage 10 | ask | #2 other{} channel | #2 runs | waits | ` +
		`#2 cancelled {"error":"cancelled"} | usage 10 | stopped`
	events := turn.end()
	if got := acts(events); got != want {
		t.Errorf("the turn went\n%s\nwant\n%s", got, want)
	}
	if usage := end(t, events).Usage.Total(); usage != 20 {
		t.Errorf("the turn cost %d", usage)
	}
}

func TestARequestOfTheCallerIsNotLostWithTheProcess(t *testing.T) {
	t.Parallel()
	a, _ := atMoments(t, nil, answer("ok"))
	a.tell(call("request", "mine", "f", `{"x":1}`, ""))
	opening := asked(1, "")
	a.left(a.id, "turn", opening[0], convo.TurnQueued{}, convo.TurnStarted{Slot: 2})
	a.give(a.id, "turn", functions(data("f", `7`)))
	a.mustStart()
	got := acts(a.turnEvents(a.id, "turn"))
	if want := `#1 f{"x":1} server | #1 done 7 | ask | bot ok | usage 10 | done`; got != want {
		t.Errorf("the turn went\n%s\nwant\n%s", got, want)
	}
}

// A message that is being stored for a call when its time is up is its result.
func TestAMessageIsTakenByTheCallThatItIsStoredFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, s := atMoments(t, nil, calling("weather", `{}`), answer("ok"))
		a.mustStart()
		a.id = "" // a turn without a conversation
		a.tell(message(convo.User, "go"))
		turn := a.begin(functions(on("weather", weather)))
		turn.until(1)
		slow := func() { time.Sleep(11 * time.Minute) } // of the bubble's clock
		s.before.Store(&slow)
		a.publish(`"wet"`)
		if got := steps(turn.end()); !strings.Contains(got, `#1 done "wet"`) {
			t.Errorf("the turn went %s", got)
		}
		a.stop()
	})
}

func TestADeletedConversationLeavesNoWaitBehind(t *testing.T) {
	t.Parallel()
	a, s := atMoments(t, nil, calling("weather", `{}`))
	a.mustStart()
	waiting := make(chan struct{}, 1)
	hook := func(events []convo.Event) {
		if n := len(events); n > 0 && events[n-1].Body.Kind() == convo.KindTurnWaiting {
			waiting <- struct{}{}
		}
	}
	s.after.Store(&hook)
	a.tell(message(convo.User, "go"))
	turn := a.begin(functions(on("weather", weather)))
	<-waiting
	if n := a.Waits(); n != 1 {
		t.Errorf("%d calls wait", n)
	}
	if err := a.DeleteConversation(t.Context(), a.actor, a.id, nil); err != nil {
		t.Fatal(err)
	}
	if n := a.Waits(); n != 0 {
		t.Errorf("%d calls wait in a conversation that is gone", n)
	}
	turn.end()
}

func TestADamagedDispatchKeepsNoOtherFromBeingSwept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, s := atMoments(t, nil, answer("one"), answer("two"))
		a.mustStart()
		ctx, stop := context.WithCancel(t.Context())
		swept := make(chan struct{})
		go func() { a.Sweep(ctx); close(swept) }()
		a.id = ""
		a.tell(message(convo.User, "go"))
		channels := []string{a.sendOff(engine.Given{})}
		a.readTurn(channels[0])
		damaged, err := s.Dispatch(t.Context(), "t", channels[0])
		if err != nil {
			t.Fatal(err)
		}
		s.damaged.Store(&damaged.Conversation)
		time.Sleep(time.Minute) // of the bubble's clock: the damaged one is the older
		channels = append(channels, a.sendOff(engine.Given{}))
		a.readTurn(channels[1])
		time.Sleep(25 * time.Hour)
		if _, err := s.Dispatch(t.Context(), "t", channels[1]); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("a day later the other one is there: %v", err)
		}
		stop()
		<-swept
		a.stop()
	})
}
