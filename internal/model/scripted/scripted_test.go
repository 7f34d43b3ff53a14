package scripted_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func hello() *model.Request {
	return &model.Request{Model: scripted.Name, Messages: []model.Message{{Role: model.User, Text: "Hello"}}}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	modeltest.RunLocal(t, scripted.New(), hello())
}

// play reads a whole answer.
func play(ctx context.Context, p *scripted.Provider) (events []model.Event, err error) {
	for e, failed := range p.Stream(ctx, hello()) {
		if failed != nil {
			return events, failed
		}
		events = append(events, e)
	}
	return events, nil
}

func TestPlaysItsScriptsInOrder(t *testing.T) {
	t.Parallel()
	p := scripted.New(scripted.Script{
		scripted.Reasoning("hm"), scripted.Text("a", "b"), scripted.Calls("1", "f", "{}"), scripted.Usage(3, 4),
	})
	p.Add(scripted.Text("cut"), scripted.Cut())
	events, err := play(t.Context(), p)
	if err != nil || len(events) != 6 {
		t.Fatalf("got %+v, %v; want six events", events, err)
	}
	if last := events[5]; last.Type != model.Finish || last.Stop != model.StopCalls {
		t.Errorf("the script ended with %+v, want calls to be answered", last)
	}
	events, err = play(t.Context(), p)
	if failed, ok := errors.AsType[*model.Error](err); !ok || failed.Kind != model.Incomplete || len(events) != 1 {
		t.Errorf("got %+v, %v; want an answer that breaks off", events, err)
	}
	if calls := p.Calls(); len(calls) != 2 || calls[0].Cancelled() || calls[1].Cancelled() || calls[0].Request.Messages[0].Text != "Hello" {
		t.Errorf("got the calls %+v, want two that ended by themselves", calls)
	}
}

func TestSaysWhenACallWasCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		reached := make(chan struct{})
		p := scripted.New(
			scripted.Script{scripted.Reached(reached), scripted.Wait(nil)},
			scripted.Script{scripted.Delay(time.Hour), scripted.Limited(time.Minute)},
		)
		go func() {
			<-reached
			cancel()
		}()
		if _, err := play(ctx, p); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		call, err := p.Await(t.Context(), 1)
		if err != nil || !call.Cancelled() {
			t.Errorf("the call does not know that it was cancelled (%v)", err)
		}
		began := time.Now()
		_, err = play(t.Context(), p)
		if failed, ok := errors.AsType[*model.Error](err); !ok || failed.RetryAfter != time.Minute || time.Since(began) != time.Hour {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		short, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		if _, err := p.Await(short, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v for a call that never came", err)
		}
	})
}
