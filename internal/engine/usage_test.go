package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// spent sums what the actor's tenant used.
func (b *bundle) spent() (sum convo.Spent, rows []convo.Spent) {
	b.t.Helper()
	from, to, err := engine.UsageDays(time.Time{}, time.Time{})
	if err != nil {
		b.t.Fatal(err)
	}
	usage, err := b.TenantUsage(b.t.Context(), b.actor, from, to)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range usage.Spent {
		sum.Tokens += s.Tokens
		sum.Conversations += s.Conversations
		sum.Messages += s.Messages
	}
	return sum, usage.Spent
}

func TestUsageIsThatOfTheConversations(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, costs(10), scripted.Script{scripted.Text("half "), scripted.Wait(gate)}, costs(5))
	id := b.conversation(convo.Fields{}, message(convo.User, "a"), message(convo.Context, "b"))
	b.say(id, "one")
	cut := b.complete(id, "two", nil)
	queued := b.complete(id, "three", nil)
	if _, err := b.model.Await(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := b.Stop(t.Context(), b.actor, id, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	b.read(cut)
	b.read(queued)
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Bot, "c"), nil); err != nil {
		t.Fatal(err)
	}
	want, err := b.Usage(t.Context(), b.actor, id, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	got, rows := b.spent()
	if got.Tokens != want.Tokens || got.Messages != want.Messages || got.Conversations != 1 {
		t.Errorf("the account used %+v, its conversation %+v: %+v", got, want, rows)
	}
}

func TestStatelessTurnsAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, costs(10))
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)
	if _, rows := b.spent(); len(rows) != 1 || rows[0].Tokens != 10 || rows[0].Model != "test/m" || rows[0].Messages != 0 {
		t.Errorf("got %+v", rows)
	}
}

func TestWhoFollowsTheEventLogMissesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	enough := errors.New("enough")
	seen := make(chan string, 100)
	done := make(chan error, 1)
	b.conversation(convo.Fields{})
	go func() {
		n := 0
		done <- b.FollowEntries(t.Context(), b.actor, 1, func(entries []convo.Entry) error {
			for _, e := range entries {
				seen <- e.Type
				if n++; n == 4 {
					return enough
				}
			}
			return nil
		})
	}()
	want := []string{"conversation.create", "contact.create", "contact.update", "contact.delete"}
	next := func(kind string) {
		t.Helper()
		if got := <-seen; got != kind {
			t.Fatalf("got %s, want %s", got, kind)
		}
	}
	next(want[0])
	contact := b.object(engine.Contacts(), engine.Draft{Body: convo.Contact{}})
	next(want[1])
	if _, err := b.UpdateObject(t.Context(), b.actor, engine.Contacts(), contact.ID, func(*engine.Draft) {}, nil); err != nil {
		t.Fatal(err)
	}
	next(want[2])
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Contacts(), contact.ID, nil); err != nil {
		t.Fatal(err)
	}
	next(want[3])
	if err := <-done; !errors.Is(err, enough) {
		t.Error(err)
	}
	other := convo.Actor{Tenant: "other"}
	if page, err := b.Entries(t.Context(), other, engine.List{}); err != nil || len(page.Items) != 0 {
		t.Errorf("another tenant sees %v, %v", page.Items, err)
	}
}
