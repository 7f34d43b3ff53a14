package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestATurnIsLoggedFromItsOpeningToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{
		scripted.Reasoning("hm", "m"), scripted.Text("It ", "is."), scripted.Usage(7, 3), scripted.Finish(model.StopEnd),
	})
	id := b.conversation(convo.Fields{})
	events := b.say(id, "Is it?")

	want := "opened given queued started asked message delta ended message delta ended answered end"
	if got := kinds(events); got != want {
		t.Errorf("events:\n got %s\nwant %s", got, want)
	}
	e := end(t, events)
	if e.Reason != convo.EndDone || e.Usage.Total() != 10 || e.Usage.Estimated() {
		t.Errorf("end = %+v", e)
	}
	for i, event := range events {
		if event.Seq != int64(i+2) {
			t.Errorf("event %d has number %d; want no gap after the conversation's event 1", i, event.Seq)
		}
	}
	b.wantListed(id, "user:Is it? | reasoning:hmm | bot:It is.")
	logged, _, err := b.Events(t.Context(), b.actor, id, 1, 1000)
	if err != nil || kinds(logged) != want || spoken(logged) != "It is." {
		t.Errorf("the log says %s, %q, %v", kinds(logged), spoken(logged), err)
	}
}

func TestAnEmptyAnswerIsAMessageAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, scripted.Script{scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	events := b.say(id, "Hi")
	if got := kinds(events); got != "opened given queued started asked message delta ended answered end" {
		t.Errorf("events: %s", got)
	}
	b.wantListed(id, "user:Hi | bot:")
	if e := end(t, events); e.Usage.Total() == 0 || !e.Usage.Estimated() {
		t.Errorf("usage = %+v, want an estimate", e.Usage)
	}
}

func TestWithoutTextATurnGoesOnFromWhatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("one"), answer("two"))
	id := b.conversation(convo.Fields{}, message(convo.User, "count"))
	b.say(id, "")
	b.say(id, "")
	b.wantListed(id, "user:count | bot:one | bot:two")
}

func TestTurnsOfAConversationRunOneAfterTheOther(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t,
		scripted.Script{scripted.Text("first"), scripted.Wait(gate), scripted.Finish(model.StopEnd)},
		answer("second"))
	id := b.conversation(convo.Fields{})
	one := b.complete(id, "1", nil)
	two := b.complete(id, "2", nil)
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.Context, "meanwhile"), nil); err != nil {
		t.Fatal(err)
	}
	b.wantListed(id, "user:1 | context:meanwhile")
	close(gate)
	b.read(one)
	if events := b.read(two); spoken(events) != "second" {
		t.Errorf("the second turn said %q", spoken(events))
	}
	b.wantListed(id, "user:1 | bot:first | context:meanwhile | user:2 | bot:second")
}

func TestTheQueueIsBounded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	readings := []*engine.Reading{b.complete(id, "running", nil)}
	for range 16 {
		readings = append(readings, b.complete(id, "waits", nil))
	}
	text := "one too many"
	_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text}, nil)
	wantKind(t, err, convo.Conflict)
	close(gate)
	for _, r := range readings {
		b.read(r)
	}
	if strings.Contains(b.listed(id), text) {
		t.Error("the refused message was stored")
	}
}

func TestARefusedTurnChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 100
	good := b.conversation(convo.Fields{})
	for name, c := range map[string]struct {
		conversation, text string
		want               convo.Kind
	}{
		"an unknown conversation":  {"nope", "hi", convo.NotFound},
		"a text beyond its limit":  {good, strings.Repeat("x", 256<<10+1), convo.TooLarge},
		"a text beyond the window": {good, strings.Repeat("x", 1000), convo.Invalid},
		"a text that is not UTF-8": {good, "\xff", convo.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Complete(t.Context(), b.actor, c.conversation, engine.TurnInput{Text: &c.text}, nil)
			wantKind(t, err, c.want)
		})
	}
	head, err := b.store.Head(t.Context(), "t", good)
	if err != nil || head.LastSeq != 1 || len(b.model.Calls()) != 0 {
		t.Errorf("something happened: %+v, %v, %d calls", head, err, len(b.model.Calls()))
	}
}

func TestAStopKeepsThePartialText(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	reached := make(chan struct{}, 1)
	b := setup(t, scripted.Script{scripted.Text("half an ans"), scripted.Reached(reached), scripted.Wait(gate)}, answer("next"))
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "tell me", nil)
	<-reached
	n, err := b.Stop(t.Context(), b.actor, id, "", nil)
	if n != 1 || err != nil {
		t.Fatalf("Stop = %d, %v", n, err)
	}
	call := b.model.Calls()[0]
	<-call.Over()
	if !call.Cancelled() {
		t.Error("the provider's request was not cancelled")
	}
	events := b.read(r)
	if e := end(t, events); e.Reason != convo.EndStopped || e.Failure != nil {
		t.Errorf("end = %+v", e)
	}
	b.wantListed(id, "user:tell me | bot:half an ans…")
	if n, err := b.Stop(t.Context(), b.actor, id, "", nil); n != 0 || err != nil {
		t.Errorf("a second Stop = %d, %v", n, err)
	}
	b.say(id, "go on")
	b.wantListed(id, "user:tell me | bot:half an ans… | user:go on | bot:next")
}

func TestAQueuedTurnThatIsStoppedKeepsItsUserMessage(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Wait(gate), scripted.Text("a"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	one, two := b.complete(id, "1", nil), b.complete(id, "2", nil)
	if n, err := b.Stop(t.Context(), b.actor, id, two.Turn, nil); n != 1 || err != nil {
		t.Fatalf("Stop = %d, %v", n, err)
	}
	events := b.read(two)
	if got := kinds(events); got != "opened given queued started end" {
		t.Errorf("events: %s", got)
	}
	close(gate)
	b.read(one)
	b.wantListed(id, "user:1 | bot:a | user:2")
	if len(b.model.Calls()) != 1 {
		t.Error("the stopped turn asked the model")
	}
}

func TestALostReaderDoesNotStopAStatefulTurn(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Text("b"), scripted.Finish(model.StopEnd)})
	id := b.conversation(convo.Fields{})
	r := b.complete(id, "hi", nil)
	lost := errors.New("connection lost")
	err := r.Each(t.Context(), func(events []convo.Event) error {
		if spoken(events) != "" {
			return lost
		}
		return nil
	})
	if !errors.Is(err, lost) {
		t.Fatal(err)
	}
	close(gate)
	var rest []convo.Event
	err = b.Follow(t.Context(), b.actor, id, 1, func(events []convo.Event) error {
		rest = append(rest, events...)
		if _, ended := events[len(events)-1].Body.(convo.TurnEnded); ended {
			return lost
		}
		return nil
	})
	if !errors.Is(err, lost) || spoken(rest) != "ab" {
		t.Errorf("read on: %q, %v", spoken(rest), err)
	}
	b.wantListed(id, "user:hi | bot:ab")
}

func TestALostReaderCancelsAStatelessTurn(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate), scripted.Finish(model.StopEnd)})
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = r.Each(ctx, func(events []convo.Event) error {
		if spoken(events) != "" {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !b.model.Calls()[0].Cancelled() {
		t.Errorf("Each = %v, cancelled = %v", err, b.model.Calls()[0].Cancelled())
	}
}

func TestAStatelessTurnStoresNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("Hello", "!"))
	r, err := b.CompleteStateless(t.Context(), b.actor, engine.StatelessInput{Messages: []engine.NewMessage{message(convo.User, "hi")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	events := b.read(r)
	if got := kinds(events); got != "started asked message delta ended answered end" {
		t.Errorf("events: %s", got)
	}
	for _, e := range events {
		if e.Seq != 0 || e.Turn != "" {
			t.Errorf("an event has a place in a log: %+v", e)
		}
	}
	page, err := b.Conversations(t.Context(), b.actor, engine.List{})
	if err != nil || len(page.Items) != 0 || page.Cursor != "" {
		t.Errorf("conversations: %+v, %v", page, err)
	}
}

func TestAFailingModel(t *testing.T) {
	t.Parallel()
	broken := &model.Error{Kind: model.Rejected, Message: "no"}
	for name, c := range map[string]struct {
		script scripted.Script
		kind   convo.Kind
		listed string
	}{
		"before its first token":     {scripted.Script{scripted.Fail(broken)}, convo.Invalid, "user:hi"},
		"in the middle":              {scripted.Script{scripted.Text("ha"), scripted.Fail(broken)}, convo.Invalid, "user:hi | bot:ha…"},
		"by ending without a reason": {scripted.Script{scripted.Text("ha"), scripted.Cut()}, convo.UpstreamFailed, "user:hi | bot:ha…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.script)
			id := b.conversation(convo.Fields{})
			e := end(t, b.say(id, "hi"))
			if e.Reason != convo.EndFailed || e.Failure == nil || e.Failure.Kind != c.kind {
				t.Errorf("end = %+v, %+v", e, e.Failure)
			}
			b.wantListed(id, c.listed)
		})
	}
}

func TestDeletingAConversationStopsItsTurns(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	defer close(gate)
	b := setup(t, scripted.Script{scripted.Text("a"), scripted.Wait(gate)})
	id := b.conversation(convo.Fields{})
	one, two := b.complete(id, "1", nil), b.complete(id, "2", nil)
	follower := make(chan error, 1)
	go func() {
		follower <- b.Follow(t.Context(), b.actor, id, 0, func([]convo.Event) error { return nil })
	}()
	if _, err := b.model.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteConversation(t.Context(), b.actor, id, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*engine.Reading{one, two} {
		if e := end(t, b.read(r)); e.Reason != convo.EndStopped {
			t.Errorf("end = %+v", e)
		}
	}
	if err := <-follower; !errors.Is(err, engine.ErrDeleted) && convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("the follower got %v", err)
	}
	_, err := b.Conversation(t.Context(), b.actor, id)
	wantKind(t, err, convo.NotFound)
	wantKind(t, b.DeleteConversation(t.Context(), b.actor, id, nil), convo.NotFound)
}

func TestAnotherTenantSeesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("a"))
	id := b.conversation(convo.Fields{}, message(convo.User, "hi"))
	mid := b.messages(id)[0].ID
	ctx, other := t.Context(), convo.Actor{Tenant: "other", Token: "x"}
	ops := map[string]func() error{
		"fetch":          func() error { _, err := b.Conversation(ctx, other, id); return err },
		"update":         func() error { return b.UpdateConversation(ctx, other, id, func(*convo.Fields) {}, nil) },
		"delete":         func() error { return b.DeleteConversation(ctx, other, id, nil) },
		"usage":          func() error { _, err := b.Usage(ctx, other, id, time.Time{}, time.Time{}); return err },
		"rate":           func() error { return b.Rate(ctx, other, id, "", 1, "", nil) },
		"rate message":   func() error { return b.Rate(ctx, other, id, mid, 1, "", nil) },
		"create message": func() error { _, err := b.CreateMessage(ctx, other, id, message(convo.User, "x"), nil); return err },
		"messages":       func() error { _, err := b.Messages(ctx, other, id, engine.List{}); return err },
		"message":        func() error { _, err := b.Message(ctx, other, id, mid); return err },
		"update message": func() error {
			return b.UpdateMessage(ctx, other, id, mid, func(*convo.MessageFields, *string) {}, nil, nil)
		},
		"delete message": func() error { return b.DeleteMessage(ctx, other, id, mid, nil) },
		"session":        func() error { _, err := b.CreateSession(ctx, other, id, 0, nil); return err },
		"complete":       func() error { _, err := b.Complete(ctx, other, id, engine.TurnInput{}, nil); return err },
		"stop":           func() error { _, err := b.Stop(ctx, other, id, "", nil); return err },
		"events":         func() error { _, _, err := b.Events(ctx, other, id, 0, 10); return err },
		"follow":         func() error { return b.Follow(ctx, other, id, 0, func([]convo.Event) error { return nil }) },
	}
	for name, op := range ops {
		err := op()
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	page, err := b.Conversations(ctx, other, engine.List{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("another tenant lists %v, %v", page, err)
	}
	b.wantListed(id, "user:hi")
}

func TestASessionTokenWorksForItsConversationOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, answer("a"))
	id := b.conversation(convo.Fields{}, message(convo.Backstory, "secret"), message(convo.Instruction, "secret"), message(convo.User, "hi"))
	other := b.conversation(convo.Fields{})
	hidden := b.messages(id)[0].ID
	session := convo.Actor{Tenant: "t", Token: "s", Conversation: id}
	ctx := t.Context()

	page, err := b.Messages(ctx, session, id, engine.List{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Text != "hi" {
		t.Errorf("its messages: %+v, %v", page.Items, err)
	}
	_, err = b.Message(ctx, session, id, hidden)
	wantKind(t, err, convo.NotFound)
	events, _, err := b.Events(ctx, session, id, 0, 100)
	if err != nil || len(events) != 1 {
		t.Errorf("its events: %d, %v", len(events), err)
	}
	text := "hello"
	r, err := b.Complete(ctx, session, id, engine.TurnInput{Text: &text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.read(r)

	refused := map[string]error{}
	_, refused["another conversation"] = b.Messages(ctx, session, other, engine.List{})
	_, refused["fetch"] = b.Conversation(ctx, session, id)
	refused["delete"] = b.DeleteConversation(ctx, session, id, nil)
	_, refused["session"] = b.CreateSession(ctx, session, id, 0, nil)
	_, refused["stateless"] = b.CompleteStateless(ctx, session, engine.StatelessInput{}, nil)
	_, refused["create"] = b.CreateConversation(ctx, session, engine.NewConversation{}, nil)
	_, refused["list"] = b.Conversations(ctx, session, engine.List{})
	_, refused["bot message"] = b.CreateMessage(ctx, session, id, message(convo.Bot, "x"), nil)
	for name, err := range refused {
		if convo.ErrorKind(err) != convo.Forbidden {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
}

func TestManyCallersOfManyConversations(t *testing.T) {
	t.Parallel()
	b := setup(t) // echoes
	var all sync.WaitGroup
	for range 8 {
		id := b.conversation(convo.Fields{})
		for range 4 {
			all.Go(func() {
				for range 3 {
					text := "hello"
					r, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: &text}, nil)
					if err != nil {
						t.Error(err)
						return
					}
					var events []convo.Event
					if err := r.Each(t.Context(), func(e []convo.Event) error { events = append(events, e...); return nil }); err != nil {
						t.Error(err)
						return
					}
					if end(t, events).Reason != convo.EndDone || spoken(events) == "" {
						t.Errorf("a turn went wrong: %s", kinds(events))
					}
				}
			})
		}
	}
	all.Wait()
	open, err := b.store.OpenTurns(t.Context())
	if err != nil || len(open) != 0 {
		t.Errorf("turns are open: %v, %v", open, err)
	}
}
