package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

func TestCallsForTheCallerComeBehindThoseThatWait(t *testing.T) {
	t.Parallel()
	for name, restarts := range map[string]bool{"at once": false, "after a restart": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &asker{bundle: setup(t)}
				a.id = a.conversation(convo.Fields{}, message(convo.User, "go"))
				a.model.Add(calling("ask", `{"q":1}`, "weather", `{}`, "know", `{}`)...)
				given := functions(on("weather", weather), unanswered("ask"), data("know", `1`))
				turn := a.begin(given)
				synctest.Wait()
				if restarts {
					a.stop()
					<-turn.ended
					a.start()
				}
				a.publish(`"wet"`)
				synctest.Wait()
				events := a.allEvents()
				want := "ask | #1 weather{} channel | #2 know{} server | #2 done 1 | #1 runs | waits | " +
					`#1 done "wet" | resumed | #3 ask{"q":1} caller | usage 10 | caller`
				if got := acts(events); got != want {
					t.Errorf("the turn went\n%s\nwant\n%s", got, want)
				}
				if list := a.bundle.messages(a.id); !strings.Contains(string(list[len(list)-1].Meta), `"type":"request"`) {
					t.Errorf("the last message is %s", list[len(list)-1].Meta)
				}
				a.stop()
			})
		})
	}
}

// allEvents gives the events of the conversation.
func (a *asker) allEvents() []convo.Event {
	a.t.Helper()
	events, _, err := a.Events(a.t.Context(), a.actor, a.id, 0, 1000)
	if err != nil {
		a.t.Fatal(err)
	}
	return events
}

func TestAMessageMayComeWhileATool(t *testing.T) {
	t.Parallel()
	for name, publishAfter := range map[string]time.Duration{"runs": 100 * time.Millisecond, "has run": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := withTools(t, []tool.Tool{takes("slow", 200*time.Millisecond)}, calling("slow", `{}`, "weather", `{}`), answer("ok"))
				a := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "go"))}
				turn := a.begin(functions(on("weather", weather)))
				time.Sleep(publishAfter) // of the bubble's clock
				a.publish(`"wet"`)
				begun := "ask | #1 slow{} server | #2 weather{} channel | #1 runs | #2 runs"
				want := begun + ` | #2 done "wet" | #1 done "done" | usage 10 | ask | bot ok | usage 10 | done`
				if publishAfter > 200*time.Millisecond {
					want = begun + ` | #1 done "done" | waits | #2 done "wet" | resumed | usage 10 | ask | bot ok | usage 10 | done`
				}
				if got := acts(turn.end()); got != want {
					t.Errorf("the turn went\n%s\nwant\n%s", got, want)
				}
				prompt := short(a.prompt(1))
				if strings.Count(prompt, "result:") != 2 || strings.Contains(prompt, "no result") || strings.Count(prompt, "assistant:") != 1 {
					t.Errorf("the prompt is %s", prompt)
				}
				b.stop()
			})
		})
	}
}

// A message, the end of a tool and a stop may come at the same moment: each call
// ends once, and so does the turn.
func TestWhatEndsCallsMayComeAtTheSameMoment(t *testing.T) {
	t.Parallel()
	b := withTools(t, []tool.Tool{gives("quick", `1`)})
	for round := range 60 {
		channel := fmt.Sprintf("%s-%d", weather, round)
		b.model.Add(calling("one", `{}`, "quick", `{}`, "two", `{}`)...)
		a := &asker{bundle: b, id: b.conversation(convo.Fields{}, message(convo.User, "go"))}
		turn := a.begin(functions(on("one", channel), on("two", channel)))
		turn.until(3)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := b.Publish(t.Context(), b.actor, channel, convo.JSON(`{"data":2}`), nil); err != nil {
					t.Error(err)
				}
			})
		}
		if round%2 == 0 {
			all.Go(func() {
				if _, err := b.Stop(t.Context(), b.actor, a.id, "", nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		events := turn.end()
		ends := ends(events)
		reason := end(t, events).Reason
		if len(ends) != 3 || round%2 == 1 && reason != convo.EndDone {
			t.Errorf("the turn went %s", acts(events))
		}
		for id, n := range ends {
			if n != 1 {
				t.Errorf("call %s ended %d times: %s", id, n, acts(events))
			}
		}
	}
}
