package dialects_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// functions gives two, the first one with a schema of the older forms.
func functions() []engine.Function {
	return []engine.Function{
		{Name: "get_weather", Description: "The weather", Result: &engine.FunctionResult{Data: convo.JSON(`{"celsius":21}`)}, Parameters: convo.JSON(
			`{"type":"object","required":["city","days"],"properties":{"city":{"type":"string","nullable":true},"days":{"type":"array"},"near":{"$ref":"#/properties/city"}}}`)},
		{Name: "$now", Result: &engine.FunctionResult{Data: convo.JSON(`null`)}},
	}
}

// tell gives the turn's calls with how they ended, and its own end.
func tell(events []convo.Body) string {
	var parts []string
	for _, e := range events {
		switch b := e.(type) {
		case convo.ToolEnded:
			parts = append(parts, b.Name+" "+string(b.Outcome))
		case convo.TurnEnded:
			parts = append(parts, string(b.Reason))
		}
	}
	return strings.Join(parts, ", ")
}

func (k *talk) want(events []convo.Body, want string) {
	k.t.Helper()
	if got := tell(events); got != want {
		k.t.Errorf("got %s, want %s", got, want)
	}
}

// TestParallelCallsInRounds: each prompt goes on where the last one ended, byte
// for byte, in the turn and in the next one, and what a provider wants back with
// its calls is there.
func TestParallelCallsInRounds(t *testing.T) {
	t.Parallel()
	withEveryModel(t, func(k *talk) {
		given := engine.Given{Functions: functions()}
		k.want(k.say("fake:calls tool=* think=1 say=Look rounds=2", given), "get_weather done, $now done, get_weather done, $now done, done")
		k.want(k.say("Hello", given), "done")
		requests := k.fake.Requests()
		if len(requests) != 4 {
			k.t.Fatalf("got %d requests, want 3 and 1", len(requests))
		}
		for i := 1; i < len(requests); i++ {
			if before := bytes.TrimRight(requests[i-1].Body, "\"]}\n"); !bytes.HasPrefix(requests[i].Body, before) {
				k.t.Errorf("request %d does not begin as the one before:\n%s\n%s", i, requests[i].Body, before)
			}
		}
		signs := slices.ContainsFunc(requests, func(r *fakeprovider.Request) bool { return r.Signed > 0 })
		if first, last := requests[1].Signed, requests[3].Signed; signs && (first == 0 || last != 2*first) {
			k.t.Errorf("%d of what the provider gave came back after the first round, and %d after both", first, last)
		}
		if dialect := requests[0].Dialect; signs != (dialect != "ollama") {
			k.t.Errorf("%s: something came back: %t", dialect, signs)
		}
	})
}

func TestForcedFunctionsAreCalledFirstAndLast(t *testing.T) {
	t.Parallel()
	withEveryModel(t, func(k *talk) {
		given := engine.Given{Functions: functions()}
		given.Functions[0].Start, given.Functions[1].End = true, true
		k.want(k.say("Hello", given), "get_weather done, $now done, done")
		var forced []string
		for _, r := range k.fake.Requests() {
			forced = append(forced, r.Forced)
		}
		if len(forced) != 3 || forced[0] != "get_weather" || forced[1] != "" || forced[2] == "" {
			k.t.Errorf("the provider was told to force %q", forced)
		}
	})
}

func TestWhatTheModelGetsWrongItIsTold(t *testing.T) {
	t.Parallel()
	withEveryModel(t, func(k *talk) {
		given := engine.Given{Functions: functions(), Limits: engine.TurnLimits{Iterations: 3}}
		k.want(k.say("fake:calls n=1 tool=nobody", given), "nobody failed, done")
		k.want(k.say(`fake:calls n=2 tool=get_weather id=same args={"city":7}`, given), "get_weather failed, get_weather failed, done")
		k.want(k.say("fake:forever n=1", given), "get_weather done, get_weather done, get_weather done, limit")
		k.want(k.say("Hello", given), "done")
	})
}

// TestACallThatTheCallerAnswers goes on in another turn, and with a call that
// never got an answer in the history.
func TestACallThatTheCallerAnswers(t *testing.T) {
	t.Parallel()
	withEveryModel(t, func(k *talk) {
		given := engine.Given{Functions: functions()}
		given.Functions[1].Result = nil
		k.want(k.say("fake:calls tool=* think=1", given), "get_weather done, caller")
		k.want(k.say("Hello", given), "done")
	})
}
