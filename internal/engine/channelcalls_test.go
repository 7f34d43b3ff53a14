package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// on is a function whose result comes over a channel.
func on(name, channel string) engine.Function {
	return engine.Function{Name: name, Result: &engine.FunctionResult{Channel: channel}}
}

// running is a turn that is read while it runs.
type running struct {
	t      *testing.T
	events []convo.Event
	came   chan []convo.Event
	ended  chan error
}

// begin asks for a turn and reads it on.
func (a *asker) begin(given engine.Given) *running {
	a.t.Helper()
	var reading *engine.Reading
	var err error
	if a.id == "" {
		reading, err = a.CompleteStateless(a.t.Context(), a.actor, engine.StatelessInput{Messages: a.messages, Given: given}, nil)
	} else {
		reading, err = a.Complete(a.t.Context(), a.actor, a.id, engine.TurnInput{Given: given}, nil)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	r := &running{t: a.t, came: make(chan []convo.Event, 1000), ended: make(chan error, 1)}
	go func() {
		r.ended <- reading.Each(a.t.Context(), func(events []convo.Event) error {
			r.came <- append([]convo.Event(nil), events...)
			return nil
		})
		close(r.came)
	}()
	return r
}

// until reads until so many calls wait in all.
func (r *running) until(waiting int) {
	r.t.Helper()
	count := func() int { return strings.Count(acts(r.events), " runs") }
	for count() < waiting {
		events, ok := <-r.came
		if !ok {
			r.t.Fatalf("the turn ended: %v", <-r.ended)
		}
		r.events = append(r.events, events...)
	}
}

// end reads to the end.
func (r *running) end() []convo.Event {
	r.t.Helper()
	for events := range r.came {
		r.events = append(r.events, events...)
	}
	if err := <-r.ended; err != nil {
		r.t.Fatal(err)
	}
	return r.events
}

// steps are the acts of a turn but for those which say that it waits.
func steps(events []convo.Event) string {
	return strings.NewReplacer(" | waits", "", " | resumed", "").Replace(acts(events))
}

func TestACallTakesTheNextMessageOfItsChannel(t *testing.T) {
	t.Parallel()
	for published, told := range map[string]string{
		`{"celsius": 21}`:        `done {"celsius":21}`,
		`{"data": null}`:         `done null`,
		`{"data":[1, 2]}`:        `done [1,2]`,
		`{"data":1,"more":2}`:    `done {"data":1,"more":2}`,
		`{"error":"no network"}`: `failed {"error":"no network"}`,
		`{"error":1,"more":2}`:   `done {"error":1,"more":2}`,
		`"21"`:                   `done "21"`,
	} {
		t.Run(published, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, a *asker) {
				a.model.Add(calling("weather", `{"city":"Paris"}`)...)
				a.model.Add(answer("Fine.")...)
				a.tell(message(convo.User, "How warm is it?"))
				a.publish(`"too early"`)
				turn := a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}})
				turn.until(1)
				a.publish(published, `"too late"`)
				want := `ask | #1 weather{"city":"Paris"} channel | #1 runs | #1 ` + told + ` | usage 10 | ask | bot Fine. | usage 10 | done`
				if got := steps(turn.end()); strings.Replace(got, " | usage 10 | #1 "+told, " | #1 "+told+" | usage 10", 1) != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if got, _ := a.receive(engine.ChannelQuery{History: 9}, 3); fmt.Sprint(got) != fmt.Sprintf(`[1 "too early" 2 %s 3 "too late"]`, published) {
					t.Errorf("the channel has %v", got)
				}
			})
		})
	}
}

func TestAMessageAnswersTheOldestWait(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var turns []*running
	for i, stored := range []bool{true, false, true} {
		a := &asker{bundle: b}
		if stored {
			a.id = a.conversation(convo.Fields{})
		}
		a.tell(message(convo.User, "go"))
		b.model.Add(calling("weather", `{}`)...)
		turns = append(turns, a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}}))
		turns[i].until(1)
	}
	for i, turn := range turns {
		b.model.Add(answer("thanks")...)
		b.publish(fmt.Sprint(i))
		if got := steps(turn.end()); !strings.Contains(got, fmt.Sprintf("#1 done %d", i)) {
			t.Errorf("turn %d went %s", i, got)
		}
	}
}

func TestParallelCallsWaitOnTheirChannels(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, a *asker) {
		a.model.Add(calling("one", `{}`, "two", `{}`, "three", `{}`)...)
		a.model.Add(answer("thanks")...)
		a.tell(message(convo.User, "go"))
		turn := a.begin(engine.Given{Functions: []engine.Function{on("one", weather), on("two", weather), data("three", "3")}})
		turn.until(2)
		a.publish("1", "2")
		got := steps(turn.end())
		for _, want := range []string{" done 1", " done 2", "#3 done 3"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is missing in %s", want, got)
			}
		}
	})
}

func TestAWaitHasAnEnd(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			a := &asker{bundle: setup(t)}
			if stored {
				a.id = a.conversation(convo.Fields{})
			}
			a.model.Add(calling("weather", `{}`)...)
			a.model.Add(answer("So be it.")...)
			a.tell(message(convo.User, "go"))
			begun := time.Now()
			events := a.run(engine.Given{Functions: []engine.Function{on("weather", weather)}})
			if got := steps(events); !strings.Contains(got, `#1 failed {"error":"timed out"}`) || !strings.HasSuffix(got, "bot So be it. | usage 10 | done") {
				t.Errorf("the turn went %s", got)
			}
			if took := time.Since(begun); took < 10*time.Minute || took > 11*time.Minute {
				t.Errorf("it took %s", took)
			}
			a.publish("1") // finds nobody
			if last := a.model.Calls(); len(last) != 2 {
				t.Errorf("the model was asked %d times", len(last))
			}
		})
	}
}

func TestAWaitOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{bundle: setup(t)}
		a.id = a.conversation(convo.Fields{})
		wait := func() {
			a.model.Add(calling("weather", `{}`)...)
			a.tell(message(convo.User, "go"))
			turn := a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}})
			turn.until(1)
			synctest.Wait()
			a.stop()
			if err := <-turn.ended; convo.ErrorKind(err) != convo.Unavailable {
				t.Errorf("the reader got %v", err)
			}
		}
		wait()
		time.Sleep(5 * time.Minute)
		a.start()
		a.model.Add(answer("warm")...)
		a.publish(`{"celsius":21}`)
		synctest.Wait()
		if got := a.bundle.messages(a.id); got[len(got)-1].Text != "warm" {
			t.Errorf("the answer is %q", got[len(got)-1].Text)
		}

		wait()
		time.Sleep(9 * time.Minute)
		a.start()
		a.model.Add(answer("unknown")...)
		time.Sleep(2 * time.Minute) // 11 since the wait began
		synctest.Wait()
		got := a.bundle.messages(a.id)
		if last := got[len(got)-1].Text; last != "unknown" || !strings.Contains(string(got[len(got)-2].Meta), "timed out") {
			t.Errorf("the answer is %q after %s", last, got[len(got)-2].Meta)
		}
	})
}

func TestAStoppedTurnWaitsNoMore(t *testing.T) {
	t.Parallel()
	a := &asker{bundle: setup(t)}
	a.id = a.conversation(convo.Fields{})
	a.model.Add(calling("weather", `{}`)...)
	a.tell(message(convo.User, "go"))
	turn := a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}})
	turn.until(1)
	if n, err := a.Stop(t.Context(), a.actor, a.id, "", nil); n != 1 || err != nil {
		t.Fatalf("stopped %d, %v", n, err)
	}
	if got := acts(turn.end()); !strings.Contains(got, `#1 cancelled {"error":"cancelled"}`) || !strings.HasSuffix(got, "stopped") {
		t.Errorf("the turn went %s", got)
	}
	a.publish("1")
	if got, _ := a.receive(engine.ChannelQuery{History: 1}, 1); fmt.Sprint(got) != "[1 1]" {
		t.Errorf("the channel has %v", got)
	}
}

func TestAStatelessTurnThatIsLeftWaitsNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	b.model.Add(calling("weather", `{}`)...)
	r, err := b.CompleteStateless(ctx, b.actor, engine.StatelessInput{
		Messages: []engine.NewMessage{message(convo.User, "go")}, Given: engine.Given{Functions: []engine.Function{on("weather", weather)}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Each(ctx, func(events []convo.Event) error {
		if strings.Contains(acts(events), "runs") {
			leave()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	b.publish("1")
}

func TestASessionAnswersItsOwnConversationOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var turns []*running
	var ids []string
	for range 2 {
		a := &asker{bundle: b, id: b.conversation(convo.Fields{})}
		a.tell(message(convo.User, "go"))
		b.model.Add(calling("weather", `{}`)...)
		turn := a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}})
		turn.until(1)
		turns, ids = append(turns, turn), append(ids, a.id)
	}
	session := convo.Actor{Tenant: "t", Token: "s", Conversation: ids[1]}
	publish := func(ask *engine.Ask) error {
		return b.Publish(t.Context(), session, weather, convo.JSON(`"mine"`), ask)
	}
	ask := &engine.Ask{Key: "k", Operation: "publish", Render: func(any) []byte { return []byte("done") }}
	b.model.Add(answer("thanks")...)
	if err := publish(ask); err != nil {
		t.Fatal(err)
	}
	if got := steps(turns[1].end()); !strings.Contains(got, `#1 done "mine"`) {
		t.Errorf("its own turn went %s", got)
	}
	if err := publish(nil); convo.ErrorKind(err) != convo.Forbidden {
		t.Errorf("when nothing waits it gets %v", err)
	}
	again := &engine.Ask{Key: "k", Operation: "publish", Render: ask.Render}
	if err := publish(again); err != nil {
		t.Errorf("the repeat of what was done gets %v", err)
	}
	if body, ok := again.Replay(); !ok || string(body) != "done" {
		t.Errorf("the repeat is answered with %q", body)
	}
	b.model.Add(answer("thanks")...)
	b.publish(`"yours"`)
	if got := steps(turns[0].end()); !strings.Contains(got, `#1 done "yours"`) {
		t.Errorf("the other turn went %s", got)
	}
}

func TestMessagesThatComeTogetherAnswerOneCallEach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const calls = 8
	var turns []*running
	for i := range calls {
		a := &asker{bundle: b}
		if i%2 == 0 {
			a.id = a.conversation(convo.Fields{})
		}
		a.tell(message(convo.User, "go"))
		b.model.Add(calling("weather", `{}`)...)
		turns = append(turns, a.begin(engine.Given{Functions: []engine.Function{on("weather", weather)}}))
		turns[i].until(1)
	}
	for range calls {
		b.model.Add(answer("thanks")...)
	}
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() { b.publish(fmt.Sprintf(`{"data":%d}`, i)) })
	}
	group.Wait()
	taken := map[string]bool{}
	for _, turn := range turns {
		got := steps(turn.end())
		_, rest, _ := strings.Cut(got, "#1 done ")
		n, _, _ := strings.Cut(rest, " ")
		if n == "" || taken[n] {
			t.Errorf("a turn went %s", got)
		}
		taken[n] = true
	}
	if got, _ := b.receive(engine.ChannelQuery{History: 100}, calls); len(got) != calls {
		t.Errorf("the channel has %v", got)
	}
}

func FuzzMessagesThatAnswerCalls(f *testing.F) {
	for _, message := range []string{`{"data":null}`, `{"error":"x"}`, `{"data":1,"error":2}`, `[]`, ` "a" `, `{"data":{"data":1}}`, `{"error":`, `{"data":1,"data":2}`} {
		f.Add([]byte(message))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if !json.Valid(message) {
			return // refused before
		}
		output, outcome := engine.MessageEnd(message)
		if !json.Valid(output) {
			t.Fatalf("%q gives %q", message, output)
		}
		var failed map[string]json.RawMessage
		if outcome == convo.ToolFailed && (json.Unmarshal(output, &failed) != nil || failed["error"] == nil) {
			t.Fatalf("%q fails with %s", message, output)
		}
	})
}
