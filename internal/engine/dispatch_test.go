package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// sent is a request to dispatch something.
func sent(body string) *engine.Ask {
	return &engine.Ask{
		Operation: "POST dispatch", Body: sha256.Sum256([]byte(body)),
		Render: func(result any) []byte { return []byte(fmt.Sprint(result)) },
	}
}

// dispatch sends a turn off, with its history, and gives its channel.
func (a *asker) dispatch(given engine.Given, channel string, ask *engine.Ask) (string, error) {
	a.t.Helper()
	if a.id == "" {
		return a.DispatchStateless(a.t.Context(), a.actor, engine.StatelessInput{Messages: a.messages, Given: given}, channel, ask)
	}
	return a.Dispatch(a.t.Context(), a.actor, a.id, engine.TurnInput{Given: given}, channel, ask)
}

// sendOff is dispatch with a channel of the server's.
func (a *asker) sendOff(given engine.Given) string {
	a.t.Helper()
	channel, err := a.dispatch(given, "", sent("x"))
	if err != nil {
		a.t.Fatal(err)
	}
	return channel
}

// follow subscribes to a channel and passes the events of its turn on.
func (b *bundle) follow(channel string, each func(conversation string, events []convo.Event) error) error {
	b.t.Helper()
	s, err := b.Subscribe(b.t.Context(), b.actor, channel, engine.ChannelQuery{})
	if err != nil {
		return err
	}
	return s.Each(b.t.Context(), engine.Subscriber{Events: each, Messages: func([]convo.Published) error { return errors.New("a message") }})
}

// readTurn reads the turn of a channel to its end.
func (b *bundle) readTurn(channel string) (events []convo.Event) {
	b.t.Helper()
	err := b.follow(channel, func(_ string, page []convo.Event) error {
		events = append(events, page...)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func TestADispatchedTurnIsReadOnItsChannel(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		gate := make(chan struct{})
		a.model.Add(calling("know", `{}`)...)
		a.model.Add(scripted.Text("One, "), scripted.Wait(gate), scripted.Text("two."), scripted.Usage(7, 3), scripted.Finish(model.StopEnd))
		a.tell(message(convo.User, "Count."))
		channel := a.sendOff(engine.Given{Functions: []engine.Function{data("know", `1`)}})
		if !strings.HasPrefix(channel, "dispatch-") || len(channel) != len("dispatch-")+32 {
			t.Errorf("the channel is %q", channel)
		}
		live := make(chan []convo.Event)
		go func() { live <- a.readTurn(channel) }()
		if _, err := a.model.Await(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		close(gate)
		events, again := <-live, a.readTurn(channel)
		for _, got := range [][]convo.Event{events, again} {
			wantActs(t, got, "ask", "#1 know{} server", "#1 done 1", "usage 10", "ask", "bot One, two.", "usage 10", "done")
		}
		if kinds(events) != kinds(again) {
			t.Errorf("live it went %s, and later %s", kinds(events), kinds(again))
		}
		for _, e := range events {
			if m, ok := e.Body.(convo.MessageEnded); ok && (m.ID == "") != (a.id == "") || (e.Seq == 0) != (a.id == "") {
				t.Errorf("event %d has the message %+v", e.Seq, m)
			}
		}
		if list, err := a.Conversations(t.Context(), a.actor, engine.List{}); err != nil || (len(list.Items) == 0) != (a.id == "") {
			t.Errorf("there are %d conversations, %v", len(list.Items), err)
		}
		if err := a.Publish(t.Context(), a.actor, channel, convo.JSON(`1`), nil); convo.ErrorKind(err) != convo.Conflict {
			t.Errorf("publishing there gives %v", err)
		}
		other := convo.Actor{Tenant: "other", Token: "o"}
		if _, err := a.StopDispatch(t.Context(), other, channel, nil); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("another tenant stops it: %v", err)
		}
	})
}

func TestADispatchIsOneTurnHoweverOftenItIsAskedFor(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.tell(message(convo.User, "go"))
		const channel = "mine-0123456789abcdef"
		for range 3 {
			got, err := a.dispatch(engine.Given{}, channel, sent("x"))
			if err != nil || got != channel {
				t.Fatalf("got %q, %v", got, err)
			}
			a.readTurn(channel)
		}
		if n := len(a.model.Calls()); n != 1 {
			t.Errorf("the model was asked %d times", n)
		}
		if _, err := a.dispatch(engine.Given{}, channel, sent("y")); convo.ErrorKind(err) != convo.Conflict {
			t.Errorf("another body gives %v", err)
		}
		a.publish("1")
		if _, err := a.dispatch(engine.Given{}, weather, sent("x")); convo.ErrorKind(err) != convo.Conflict {
			t.Errorf("a channel with messages gives %v", err)
		}
		for _, bad := range []string{"short", "with blanks 0123456789", strings.Repeat("x", 257)} {
			if _, err := a.dispatch(engine.Given{}, bad, sent("x")); convo.ErrorKind(err) != convo.Invalid {
				t.Errorf("%q gives %v", bad, err)
			}
		}
		one := a.sendOff(engine.Given{})
		if two := a.sendOff(engine.Given{}); one == two {
			t.Error("two turns have one channel")
		}
	})
}

func TestADispatchRefusesAtOnceWhatCannotWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{})
	bad := engine.Given{Functions: []engine.Function{data("twice", "1"), data("twice", "2")}}
	unknown := "unknown"
	for name, try := range map[string]func() error{
		"no messages": func() error { _, err := (&asker{bundle: b}).dispatch(engine.Given{}, "", sent("a")); return err },
		"a function twice": func() error {
			_, err := (&asker{bundle: b, id: id}).dispatch(bad, "", sent("b"))
			return err
		},
		"an unknown model": func() error {
			_, err := b.DispatchStateless(t.Context(), b.actor, engine.StatelessInput{
				Config: convo.Config{Model: &unknown}, Messages: []engine.NewMessage{message(convo.User, "x")},
			}, "", sent("c"))
			return err
		},
	} {
		if err := try(); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%s gives %v", name, err)
		}
	}
	nowhere := &asker{bundle: b, id: "nowhere"}
	if _, err := nowhere.dispatch(engine.Given{}, "", sent("d")); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("an unknown conversation gives %v", err)
	}
	session := convo.Actor{Tenant: "t", Token: "s", Conversation: id}
	if _, err := b.Dispatch(t.Context(), session, id, engine.TurnInput{}, "", nil); convo.ErrorKind(err) != convo.Forbidden {
		t.Errorf("a session gets %v", err)
	}
}

func TestASubscriberWhoCameBeforeTheTurnReadsIt(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		const channel = "early-0123456789abcdef"
		s, err := a.Subscribe(t.Context(), a.actor, channel, engine.ChannelQuery{})
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan string)
		go func() {
			var events []convo.Event
			err := s.Each(t.Context(), engine.Subscriber{Events: func(_ string, page []convo.Event) error {
				events = append(events, page...)
				return nil
			}})
			read <- fmt.Sprint(acts(events), " ", err)
		}()
		a.model.Add(answer("here")...)
		a.tell(message(convo.User, "go"))
		if _, err := a.dispatch(engine.Given{}, channel, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := <-read, "ask | bot here | usage 10 | done <nil>"; got != want {
			t.Errorf("it saw %s, want %s", got, want)
		}
	})
}

func TestADispatchedTurnIsStoppedByItsChannel(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		reached := make(chan struct{})
		a.model.Add(scripted.Text("Half"), scripted.Reached(reached), scripted.Wait(nil))
		a.tell(message(convo.User, "go"))
		channel := a.sendOff(engine.Given{})
		<-reached
		if n, err := a.StopDispatch(t.Context(), a.actor, channel, nil); n != 1 || err != nil {
			t.Fatalf("stopped %d, %v", n, err)
		}
		if got := acts(a.readTurn(channel)); !strings.HasPrefix(got, "ask | bot Half… | usage ") || !strings.HasSuffix(got, " | stopped") {
			t.Errorf("the turn went %s", got)
		}
		if n, err := a.StopDispatch(t.Context(), a.actor, channel, nil); n != 0 || err != nil {
			t.Errorf("again it stopped %d, %v", n, err)
		}
	})
}

func TestADispatchedTurnGoesOnAfterAShutdown(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		reached := make(chan struct{})
		a.model.Add(scripted.Text("Half"), scripted.Reached(reached), scripted.Wait(nil))
		a.model.Add(answer("whole")...)
		a.tell(message(convo.User, "go"))
		channel := a.sendOff(engine.Given{})
		<-reached
		a.stop()
		a.start()
		got := a.readTurn(channel)
		if e := end(t, got); e.Reason != convo.EndDone || !strings.Contains(acts(got), "bot whole") {
			t.Errorf("the turn went %s", acts(got))
		}
		if strings.Count(kinds(got), "started") < 1 || strings.Count(kinds(got), " end") < 1 {
			t.Errorf("it has the events %s", kinds(got))
		}
	})
}

func TestADispatchWaitsForAMessageOverARestart(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.model.Add(calling("weather", `{}`)...)
		a.model.Add(answer("warm")...)
		a.tell(message(convo.User, "go"))
		channel := a.sendOff(engine.Given{Functions: []engine.Function{on("weather", weather)}})
		err := a.follow(channel, func(_ string, events []convo.Event) error {
			if strings.Contains(acts(events), "waits") {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Fatalf("the turn does not wait: %v", err)
		}
		a.stop()
		a.start()
		a.publish(`21`)
		if got := steps(a.readTurn(channel)); !strings.Contains(got, "#1 done 21") || !strings.HasSuffix(got, "bot warm | usage 10 | done") {
			t.Errorf("the turn went %s", got)
		}
	})
}

func TestTheChannelOfADeletedConversationEnds(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: setup(t)}
	a.id = a.conversation(convo.Fields{})
	reached := make(chan struct{})
	a.model.Add(scripted.Text("Half"), scripted.Reached(reached), scripted.Wait(nil))
	channel := a.sendOff(engine.Given{})
	<-reached
	live, reads := make(chan []convo.Event, 1), make(chan struct{}, 100)
	go func() {
		var events []convo.Event
		err := a.follow(channel, func(_ string, page []convo.Event) error {
			events = append(events, page...)
			reads <- struct{}{}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		live <- events
	}()
	<-reads
	if err := a.DeleteConversation(t.Context(), a.actor, a.id, nil); err != nil {
		t.Fatal(err)
	}
	if e := end(t, <-live); e.Reason != convo.EndStopped {
		t.Errorf("its reader saw %+v", e)
	}
	if _, err := a.StopDispatch(t.Context(), a.actor, channel, nil); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("the channel is there: %v", err)
	}
}

func TestStatelessDispatchesAreSweptAndStoredOnesStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx, stop := context.WithCancel(t.Context())
		swept := make(chan struct{})
		go func() { b.Sweep(ctx); close(swept) }()
		stored := &asker{bundle: b, id: b.conversation(convo.Fields{})}
		hidden := &asker{bundle: b}
		hidden.tell(message(convo.User, "go"))
		var channels []string
		for _, a := range []*asker{stored, hidden} {
			b.model.Add(answer("here")...)
			channels = append(channels, a.sendOff(engine.Given{}))
			b.readTurn(channels[len(channels)-1])
		}
		time.Sleep(23 * time.Hour)
		for _, channel := range channels {
			if got := acts(b.readTurn(channel)); !strings.Contains(got, "bot here") {
				t.Errorf("within the day it reads %s", got)
			}
		}
		time.Sleep(2 * time.Hour)
		b.readTurn(channels[0])
		if _, err := b.StopDispatch(t.Context(), b.actor, channels[1], nil); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("a day later it is there: %v", err)
		}
		stop()
		<-swept
	})
}

func TestADispatchAsksTheModelWhatACompletionAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		backstory := "You are a pirate."
		in := engine.StatelessInput{Config: convo.Config{Backstory: &backstory}, Zone: "Europe/Paris", Messages: []engine.NewMessage{
			message(convo.User, "Hi"), message(convo.Bot, "Ahoy"), message(convo.Context, "It rains."), message(convo.Instruction, "Be short."),
			message(convo.User, "And now?"),
		}, Given: engine.Given{Backstory: "And old.", Functions: []engine.Function{data("know", `1`)}}}
		reading, err := b.CompleteStateless(t.Context(), b.actor, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.read(reading)
		channel, err := b.DispatchStateless(t.Context(), b.actor, in, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		b.readTurn(channel)
		asked := b.model.Calls()
		if len(asked) != 2 || !reflect.DeepEqual(asked[0].Request, asked[1].Request) {
			t.Errorf("a completion asks\n%s\na dispatch\n%s", short(b.prompt(0)), short(b.prompt(1)))
		}
	})
}

func TestATenantHasSoManyTurnsInTheBackgroundAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{bundle: setup(t), messages: []engine.NewMessage{message(convo.User, "go")}}
		gate := make(chan struct{})
		for range a.Limits().Background + 1 {
			a.model.Add(scripted.Wait(gate), scripted.Text("done"))
		}
		first := a.sendOff(engine.Given{})
		for range a.Limits().Background - 1 {
			a.sendOff(engine.Given{})
		}
		if _, err := a.dispatch(engine.Given{}, "", sent("y")); convo.ErrorKind(err) != convo.RateLimited {
			t.Errorf("one turn more than may run: %v", err)
		}
		if again, err := a.dispatch(engine.Given{}, first, sent("x")); err != nil || again != first {
			t.Errorf("a repeat of the first is answered with %q, %v", again, err)
		}
		input := engine.StatelessInput{Messages: a.messages}
		if _, err := a.DispatchStateless(t.Context(), convo.Actor{Tenant: "other", Token: "o"}, input, "", sent("y")); err != nil {
			t.Errorf("another tenant has no turn in the background: %v", err)
		}
		close(gate)
		synctest.Wait()
		if _, err := a.dispatch(engine.Given{}, "", sent("y")); err != nil {
			t.Errorf("when the others have ended: %v", err)
		}
		synctest.Wait()
	})
}
