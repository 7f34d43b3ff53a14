package engine_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// withQuotas is a server with quotas.
func withQuotas(t *testing.T, quotas []engine.Quota, scripts ...scripted.Script) *bundle {
	t.Helper()
	b := setup(t, scripts...)
	b.stop()
	b.quotas = quotas
	b.start()
	return b
}

// costs is an answer that costs so many tokens.
func costs(tokens int64) scripted.Script {
	return scripted.Script{scripted.Text("ok"), scripted.Usage(tokens-1, 1), scripted.Finish(model.StopEnd)}
}

// ask asks for a turn, and gives the error with which it is refused.
func (b *bundle) ask(conversation string) error {
	b.t.Helper()
	text := "hi"
	r, err := b.Complete(b.t.Context(), b.actor, conversation, engine.TurnInput{Text: &text, Front: "test"}, nil)
	if err == nil {
		b.read(r)
	}
	return err
}

func (b *bundle) wantQuota(err error) {
	b.t.Helper()
	if convo.ErrorKind(err) != convo.QuotaReached {
		b.t.Errorf("got %v, want a quota that is used up", err)
	}
}

func TestAQuotaRefusesATurnBeforeItCostsAnything(t *testing.T) {
	t.Parallel()
	b := withQuotas(t, []engine.Quota{{Tenant: "t", Tokens: 100, Per: engine.Daily}}, costs(110))
	id := b.conversation(convo.Fields{})
	if err := b.ask(id); err != nil {
		t.Fatal(err)
	}
	b.wantQuota(b.ask(id))
	b.wantListed(id, "user:hi | bot:ok")
	stateless := engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}
	_, err := b.CompleteStateless(t.Context(), b.actor, stateless, nil)
	b.wantQuota(err)
	_, err = b.Dispatch(t.Context(), b.actor, id, engine.TurnInput{Front: "test"}, "", nil)
	b.wantQuota(err)
	_, err = b.DispatchStateless(t.Context(), b.actor, stateless, "", nil)
	b.wantQuota(err)
	_, err = b.Compact(t.Context(), b.actor, id, nil)
	b.wantQuota(err)
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("%d model calls, want the first turn's", n)
	}
	b.actor.Tenant = "other"
	if err := b.ask(b.conversation(convo.Fields{})); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}

func TestTurnsThatRunTogetherPassAQuotaByOneReservationAtMost(t *testing.T) {
	t.Parallel()
	const tokens = 10_000
	b := withQuotas(t, []engine.Quota{{Tokens: tokens, Per: engine.Monthly}})
	gate := make(chan struct{})
	for range 16 {
		b.model.Add(scripted.Wait(gate), scripted.Text("ok"), scripted.Usage(4000, 96), scripted.Finish(model.StopEnd))
	}
	var admitted atomic.Int64
	var group, tried sync.WaitGroup
	for range 16 {
		id := b.conversation(convo.Fields{})
		tried.Add(1)
		group.Go(func() {
			text := "hi"
			r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text, Front: "test"}, nil)
			tried.Done()
			if err != nil {
				b.wantQuota(err)
				return
			}
			admitted.Add(1)
			b.read(r)
		})
	}
	tried.Wait()
	close(gate)
	group.Wait()
	usage, err := b.TenantUsage(t.Context(), b.actor, time.Now().UTC().Truncate(24*time.Hour), time.Now().UTC().AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	spent := int64(0)
	for _, s := range usage.Spent {
		spent += s.Tokens
	}
	if n := admitted.Load(); n != 3 || spent != 3*4096 || spent > tokens+5000 {
		t.Errorf("%d turns used %d tokens of %d", n, spent, tokens)
	}
}

func TestTheQuotaOfYesterdayIsOverToday(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := withQuotas(t, []engine.Quota{{Tokens: 100, Per: engine.Daily}, {Tokens: 250, Per: engine.Monthly}}, costs(100), costs(100), costs(100))
		id := b.conversation(convo.Fields{})
		for range 3 {
			if err := b.ask(id); err != nil {
				t.Fatal(err)
			}
			b.wantQuota(b.ask(id))
			time.Sleep(24 * time.Hour)
		}
		b.wantQuota(b.ask(id)) // that of the month
		time.Sleep(31 * 24 * time.Hour)
		b.model.Add(costs(1)...)
		if err := b.ask(id); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAQueuedTurnIsHeldAgainstTheQuotaWhenItStarts(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := withQuotas(t, []engine.Quota{{Tokens: 6000, Per: engine.Daily}},
		scripted.Script{scripted.Wait(gate), scripted.Text("ok"), scripted.Usage(7000, 1), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	first, second := b.complete(id, "one", nil), b.complete(id, "two", nil)
	close(gate)
	b.read(first)
	events := b.read(second)
	end, _ := events[len(events)-1].Body.(convo.TurnEnded)
	if end.Reason != convo.EndFailed || end.Failure == nil || end.Failure.Kind != convo.QuotaReached || end.Failure.Code != string(engine.LimitsReached) {
		t.Errorf("got %+v %+v", end, end.Failure)
	}
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("%d model calls, want 1", n)
	}
}

func TestAQuotaOfABotCountsItsTurnsAlone(t *testing.T) {
	t.Parallel()
	b := withQuotas(t, []engine.Quota{{Bot: "guide", Tokens: 100, Per: engine.Daily}}, costs(200), costs(200), costs(200))
	alias := "guide"
	bot := b.object(engine.Bots(), engine.Draft{ObjectFields: convo.ObjectFields{Alias: &alias}, Body: convo.BotConfig{}}).ID
	own, other := b.conversation(convo.Fields{BotID: &bot}), b.conversation(convo.Fields{})
	for _, id := range []string{other, own, other} {
		if err := b.ask(id); err != nil {
			t.Fatal(err)
		}
	}
	b.wantQuota(b.ask(own))
}

func TestWhatWaitsKeepsItsReservationOverARestart(t *testing.T) {
	t.Parallel()
	b := withQuotas(t, []engine.Quota{{Tokens: 4000, Per: engine.Daily}}, costs(10))
	gate := make(chan struct{})
	b.model.Add(scripted.Wait(gate))
	id := b.conversation(convo.Fields{})
	if err := b.ask(id); err != nil {
		t.Fatal(err)
	}
	_, err := b.Dispatch(t.Context(), b.actor, id, engine.TurnInput{Front: "test"}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	b.stop() // it goes on in the background
	again := make(chan struct{})
	b.model.Add(scripted.Wait(again), scripted.Text("late"), scripted.Usage(10, 1), scripted.Finish(model.StopEnd))
	close(gate)
	b.start()
	b.wantQuota(b.ask(b.conversation(convo.Fields{})))
	close(again)
}
