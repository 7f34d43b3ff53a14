package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

const weather = "weather-0123456789"

func (b *bundle) publish(messages ...string) {
	b.t.Helper()
	for _, m := range messages {
		if err := b.Publish(b.t.Context(), b.actor, weather, convo.JSON(m), nil); err != nil {
			b.t.Fatal(err)
		}
	}
}

// receive reads messages as "number message" until there are so many.
func (b *bundle) receive(q engine.ChannelQuery, count int) (got []string, err error) {
	b.t.Helper()
	s, err := b.Subscribe(b.t.Context(), b.actor, weather, q)
	if err != nil {
		return nil, err
	}
	return got, s.Each(b.t.Context(), messages(func(page []convo.Published) error {
		for _, m := range page {
			got = append(got, fmt.Sprintf("%d %s", m.Seq, m.Message))
		}
		if len(got) >= count {
			return errEnough
		}
		return nil
	}))
}

var errEnough = errors.New("enough")

func TestOnlyTheLatestMessagesAreHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 103 {
		b.publish(fmt.Sprint(i + 1))
	}
	got, err := b.receive(engine.ChannelQuery{History: 1 << 30}, 100)
	if !errors.Is(err, errEnough) || len(got) != 100 || got[0] != "4 4" || got[99] != "103 103" {
		t.Errorf("got %d messages, %v", len(got), err)
	}
	first := int64(0)
	if got, _ := b.receive(engine.ChannelQuery{After: &first}, 103); len(got) != 103 {
		t.Errorf("after 0 there are %d messages", len(got))
	}
}

func TestASubscriberWhoIsTooSlowIsSentAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish("0")
	s, err := b.Subscribe(t.Context(), b.actor, weather, engine.ChannelQuery{History: 1})
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	err = s.Each(t.Context(), messages(func(page []convo.Published) error {
		for _, m := range page {
			got = append(got, m.Seq)
		}
		_, err := b.store.Update(t.Context(), "t", "c", store.Buffered, func(tx store.Tx) error {
			for range store.ChannelMessages + 1 {
				if _, err := tx.Publish(weather, convo.JSON("{}"), time.Now()); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	}))
	if !errors.Is(err, engine.ErrBehind) || len(got) != 1 {
		t.Errorf("it got %v and ended with %v", got, err)
	}
}

func TestWhatWasPublishedOutlivesAProcessAndNotItsTime(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	open := func(t *testing.T) *bundle {
		data, err := sqlite.Open(context.Background(), folder, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b := &bundle{t: t, actor: convo.Actor{Tenant: "t", Token: "token"}}
		b.Engine = engine.New(engine.Options{Store: data, Hub: hub.New(), Sealer: openSealer{}, Limits: engine.DefaultLimits()})
		t.Cleanup(func() { b.stop(); _ = data.Close() })
		return b
	}
	t.Run("one process", func(t *testing.T) { open(t).publish(`{"n":1}`, `{"n":2}`) })
	t.Run("the next", func(t *testing.T) {
		b := open(t)
		got, _ := b.receive(engine.ChannelQuery{History: 10}, 2)
		if fmt.Sprint(got) != `[1 {"n":1} 2 {"n":2}]` {
			t.Errorf("got %v", got)
		}
		b.publish(`{"n":3}`)
		if got, _ = b.receive(engine.ChannelQuery{History: 1}, 1); fmt.Sprint(got) != `[3 {"n":3}]` {
			t.Errorf("got %v", got)
		}
	})
}

func TestChannelsAreSweptAndTheirNumbersAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx, stop := context.WithCancel(t.Context())
		swept := make(chan struct{})
		go func() { b.Sweep(ctx); close(swept) }()
		b.publish("1", "2")
		time.Sleep(23 * time.Hour)
		b.publish("3")
		s, err := b.Subscribe(ctx, b.actor, weather, engine.ChannelQuery{})
		if err != nil {
			t.Fatal(err)
		}
		var live []int64
		read := make(chan error)
		go func() {
			read <- s.Each(ctx, messages(func(page []convo.Published) error {
				for _, m := range page {
					live = append(live, m.Seq)
				}
				return nil
			}))
		}()
		time.Sleep(2 * time.Hour)
		if got, _ := b.receive(engine.ChannelQuery{History: 10}, 1); fmt.Sprint(got) != "[3 3]" {
			t.Errorf("a day later there is %v", got)
		}
		time.Sleep(48 * time.Hour)
		b.publish("4")
		if got, _ := b.receive(engine.ChannelQuery{History: 10}, 1); fmt.Sprint(got) != "[4 4]" {
			t.Errorf("three days later there is %v", got)
		}
		synctest.Wait()
		stop()
		if err := <-read; !errors.Is(err, context.Canceled) || fmt.Sprint(live) != "[4]" {
			t.Errorf("the subscriber got %v and ended with %v", live, err)
		}
		<-swept
	})
}

func TestSubscribersLeaveWithTheServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, err := b.Subscribe(t.Context(), b.actor, weather, engine.ChannelQuery{})
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() { read <- s.Each(t.Context(), messages(func([]convo.Published) error { return nil })) }()
	b.stop()
	if err := <-read; convo.ErrorKind(err) != convo.Unavailable {
		t.Errorf("got %v", err)
	}
}

// messages is a subscriber to a channel without a turn.
func messages(each func([]convo.Published) error) engine.Subscriber {
	return engine.Subscriber{Messages: each, Events: func(string, []convo.Event) error { return errors.New("there is a turn") }}
}
