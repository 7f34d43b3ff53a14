package engine_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// streams is a provider that plays one function for each call, in their order.
type streams struct {
	*scripted.Provider
	next chan func(ctx context.Context, yield func(model.Event, error) bool)
}

func (s streams) Stream(ctx context.Context, _ *model.Request) iter.Seq2[model.Event, error] {
	play := <-s.next
	return func(yield func(model.Event, error) bool) { play(ctx, yield) }
}

// play gives the bundle a provider of streams.
func (b *bundle) play(all ...func(ctx context.Context, yield func(model.Event, error) bool)) {
	s := streams{Provider: b.model, next: make(chan func(context.Context, func(model.Event, error) bool), len(all))}
	for _, one := range all {
		s.next <- one
	}
	b.fixed.provider = s
}

func text(s string) model.Event { return model.Event{Type: model.Text, Text: s} }

var hello = engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}

// keyed asks for a stateless turn with an Idempotency-Key.
func (b *bundle) keyed(t *testing.T, key string) *engine.Reading {
	t.Helper()
	r, err := b.CompleteStateless(t.Context(), b.actor, hello, ask(key, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestATurnThatEverybodyLeftDoesNotTakeItsRepeatAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		end, gate, left := make(chan struct{}), make(chan struct{}), errors.New("left")
		b.play(func(ctx context.Context, yield func(model.Event, error) bool) {
			yield(text("a"), nil)
			<-end // it does not notice for long that it was cancelled
			yield(model.Event{}, ctx.Err())
		}, func(_ context.Context, yield func(model.Event, error) bool) {
			<-gate
			_ = yield(text("b"), nil) && yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
		})
		err := b.keyed(t, "k").Each(t.Context(), func(events []convo.Event) error {
			if spoken(events) != "" {
				return left
			}
			return nil
		})
		if !errors.Is(err, left) {
			t.Fatal(err)
		}
		again := b.keyed(t, "k")
		close(end)
		synctest.Wait() // the first one is over
		third := b.keyed(t, "k")
		if again.Replayed || !third.Replayed {
			t.Errorf("the second is a repeat: %v, the third: %v", again.Replayed, third.Replayed)
		}
		close(gate)
		if one, two := spoken(b.read(again)), spoken(b.read(third)); one != "b" || two != "b" {
			t.Errorf("they saw %q and %q", one, two)
		}
	})
}

func TestAnAnswerThatCannotBeKeptIsGivenAllTheSame(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t, answer("a"), answer("b"))
	s.failing.Store(true)
	if got := spoken(b.statelessly(t, ask("k", "{}"))); got != "a" {
		t.Errorf("the answer is %q", got)
	}
	s.failing.Store(false)
	if got := spoken(b.statelessly(t, ask("k", "{}"))); got != "b" {
		t.Errorf("the repeat's answer is %q", got)
	}
}

func TestOneThatLooksForItsRecordHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t, answer("a"), answer("b"))
	s.request = func() {
		if got := spoken(b.statelessly(t, ask("other", "{}"))); got != "a" {
			t.Errorf("the other answer is %q", got)
		}
	}
	if got := spoken(b.statelessly(t, ask("k", "{}"))); got != "b" {
		t.Errorf("the answer is %q", got)
	}
}

func TestARepeatWaitsForOneThatLooksForItsRecord(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"that runs", "that was kept"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, s := setupHooked(t, answer("a"))
				if name == "that was kept" {
					b.read(b.keyed(t, "k"))
				}
				repeat := make(chan string, 1)
				s.request = func() {
					go func() { repeat <- spoken(b.read(b.keyed(t, "k"))) }()
					synctest.Wait()
				}
				if one, two := spoken(b.read(b.keyed(t, "k"))), <-repeat; one != "a" || two != "a" || len(b.model.Calls()) != 1 {
					t.Errorf("they saw %q and %q in %d calls", one, two, len(b.model.Calls()))
				}
			})
		})
	}
}

// A driver may say that more follows its last text, if that is no text.
func TestATextWaitsForNothingThatIsNotShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		seen := make(chan struct{})
		b.play(func(_ context.Context, yield func(model.Event, error) bool) {
			first := text("a")
			first.More = true
			if yield(first, nil) && yield(model.Event{Type: model.Usage, Usage: &model.Report{}}, nil) {
				<-seen
				yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
			}
		})
		r, err := b.CompleteStateless(t.Context(), b.actor, hello, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Each(t.Context(), func(events []convo.Event) error {
			if spoken(events) == "a" {
				close(seen)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestADrainDoesNotMindAReaderWhoTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, answer("a"))
		r, err := b.CompleteStateless(t.Context(), b.actor, hello, nil)
		if err != nil {
			t.Fatal(err)
		}
		hold, over := make(chan struct{}), make(chan error)
		go func() {
			over <- r.Each(t.Context(), func([]convo.Event) error { <-hold; return nil })
		}()
		synctest.Wait()
		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Drain(now); err != nil {
			t.Errorf("Drain gives %v", err)
		}
		close(hold)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

func TestARepeatOfATurnWithCallsGetsTheSameEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, calling("f", `{"x":1}`), answer("ok"))
	in := engine.StatelessInput{Messages: hello.Messages, Given: functions(data("f", `{"y":2}`))}
	var told []string
	for range 2 {
		r, err := b.CompleteStateless(t.Context(), b.actor, in, ask("key", "{}"))
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, acts(b.read(r)))
	}
	if told[0] != told[1] || len(b.model.Calls()) != 2 {
		t.Errorf("after %d calls of the model the repeat got\n%s\nwant\n%s", len(b.model.Calls()), told[1], told[0])
	}
}
