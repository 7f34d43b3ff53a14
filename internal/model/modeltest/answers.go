package modeltest

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

func testText(t *testing.T, b *bench) {
	pieces := []string{"One", " and two,", "\n\"three\" \\ ", "four & <five>\u2028", " 六 🙂"}
	got := b.ask(fakeprovider.Behaviour{Text: pieces})
	if !slices.Equal(got.pieces, pieces) {
		t.Errorf("got pieces %q, want %q", got.pieces, pieces)
	}
	if got.err != nil || got.stop != model.StopEnd || got.calls != nil || got.reasoning != "" {
		t.Errorf("got %+v, want nothing but text", got)
	}
}

func testReasoning(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Reasoning: []string{"Let me", " think."}, Text: []string{"Yes."}})
	if got.reasoning != "Let me think." || got.text != "Yes." || got.late || got.stop != model.StopEnd {
		t.Errorf("got %+v, want reasoning and text", got)
	}
}

// testTogether checks that what arrives together is passed on as such. That what
// arrives alone is not held back, the tests that hold an answer would find out.
func testTogether(t *testing.T, b *bench) {
	b.fake.Push(fakeprovider.Behaviour{Text: []string{"a", "b", "c"}, Whole: true})
	for e, err := range b.provider().Stream(t.Context(), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Type == model.Finish && e.More:
			t.Error("another event is said to follow the last one")
		case (e.Text == "a" || e.Text == "b") && !e.More:
			t.Errorf("no event is said to follow %q", e.Text)
		}
	}
}

func testEmpty(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Text: []string{}})
	if got.err != nil || got.text != "" || got.stop != model.StopEnd {
		t.Errorf("got %+v, want an empty answer", got)
	}
}

func twoCalls() []fakeprovider.Call {
	return []fakeprovider.Call{
		{ID: "call_a", Name: "get_weather", Arguments: []string{`{"city"`, `:"Paris"`, `}`}},
		{ID: "call_b", Name: "get_time", Arguments: []string{`{"zo`, `ne":"Europe/Paris","precise":true}`}},
	}
}

func wantTwoCalls(t *testing.T, got answer) {
	t.Helper()
	want := []model.Call{
		{ID: "call_a", Name: "get_weather", Arguments: `{"city":"Paris"}`},
		{ID: "call_b", Name: "get_time", Arguments: `{"zone":"Europe/Paris","precise":true}`},
	}
	plain := slices.Clone(got.calls)
	for i := range plain {
		plain[i].Signature = "" // only its provider knows what belongs there
	}
	if got.err != nil || got.stop != model.StopCalls || !slices.Equal(plain, want) {
		t.Errorf("got %+v, want the calls %+v", got, want)
	}
}

func testCalls(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Text: []string{"I will look."}, Calls: twoCalls()})
	wantTwoCalls(t, got)
	if got.text != "I will look." {
		t.Errorf("got text %q before the calls", got.text)
	}
	got = b.ask(fakeprovider.Behaviour{Calls: []fakeprovider.Call{{ID: "call_c", Name: "ping"}}})
	if len(got.calls) != 1 || got.calls[0].Arguments != "{}" {
		t.Errorf("got %+v, want a call with an empty object", got.calls)
	}
}

func testInterleaved(t *testing.T, b *bench) {
	wantTwoCalls(t, b.ask(fakeprovider.Behaviour{Calls: twoCalls(), Mixed: true}))
}

func testCutCall(t *testing.T, b *bench) {
	calls := twoCalls()
	calls[1].Arguments = calls[1].Arguments[:1]
	got := b.ask(fakeprovider.Behaviour{Calls: calls, Stop: fakeprovider.Length})
	if got.stop != model.StopLength || len(got.calls) != 1 || got.calls[0].ID != "call_a" {
		t.Errorf("got %+v, want the whole call only", got)
	}
}

func testToolNames(t *testing.T, b *bench) {
	req := hello()
	req.Messages[0].Text = "fake:calls n=1"
	req.Tools = []model.Tool{
		{Name: "$price", Description: "A price", Parameters: convo.JSON(`{"type":"object","properties":{"of":{"type":"string"}}}`)},
		{Name: "_price"},
		{Name: "7-day-forecast"},
	}
	got := read(t, b.provider().Stream(t.Context(), req))
	if len(got.calls) != 1 || got.calls[0].Name != "$price" {
		t.Errorf("got %+v, want a call of $price", got)
	}
}

func testUsage(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Usage: &fakeprovider.Usage{Input: 100, Cached: 60, Reasoning: 5, Output: 20}})
	u := got.usage
	if u == nil || u.Input == nil || u.Output == nil || (u.Cached == nil) != b.lack(NoCacheCounts) {
		t.Fatalf("got usage %+v, want all counts that there are", u)
	}
	if *u.Input != 100 || *u.Output != 20 || u.Cached != nil && *u.Cached != 60 {
		t.Errorf("got input %d, cached %v, output %d; want 100, 60, 20", *u.Input, u.Cached, *u.Output)
	}
	if u.Reasoning != nil && *u.Reasoning != 5 {
		t.Errorf("got reasoning %d, want 5 or none", *u.Reasoning)
	}
}

// testOddUsage checks that nothing that is added up can get smaller by it, or
// too large.
func testOddUsage(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{Usage: &fakeprovider.Usage{Input: -7, Output: math.MaxInt64}})
	if got.err != nil || got.usage != nil && (got.usage.Input != nil || got.usage.Output != nil) {
		t.Errorf("got usage %+v and error %v, want an answer without these counts", got.usage, got.err)
	}
}

func testNoUsage(t *testing.T, b *bench) {
	got := b.ask(fakeprovider.Behaviour{NoUsage: true})
	if got.err != nil || got.usage != nil && (got.usage.Input != nil || got.usage.Output != nil) {
		t.Errorf("got usage %+v and error %v, want an answer without usage", got.usage, got.err)
	}
}

func testStops(t *testing.T, b *bench) {
	if got := b.ask(fakeprovider.Behaviour{Stop: fakeprovider.Length}); got.stop != model.StopLength || got.text == "" {
		t.Errorf("got %+v, want text cut by a limit", got)
	}
	want := model.StopRefused
	if b.lack(NoRefusals) {
		want = model.StopEnd
	}
	if got := b.ask(fakeprovider.Behaviour{Stop: fakeprovider.Refused}); got.stop != want {
		t.Errorf("got %+v, want the stop %d", got, want)
	}
}

func testSplit(t *testing.T, b *bench) {
	pieces := []string{"Grüße, ", "日本語", " 👩‍👩‍👧", " \u0000\u001f ende"}
	got := b.ask(fakeprovider.Behaviour{Text: pieces, Split: true})
	if got.err != nil || !slices.Equal(got.pieces, pieces) {
		t.Errorf("got pieces %q and error %v, want %q", got.pieces, got.err, pieces)
	}
}

func testModels(t *testing.T, b *bench) {
	b.fake.SetModels("llama-a", "llama-b")
	infos, err := b.provider().Models(t.Context())
	if err != nil || len(infos) != 2 || infos[0].Name != "llama-a" || infos[1].Name != "llama-b" {
		t.Errorf("got %v and error %v, want the two models", infos, err)
	}
}

func testMany(t *testing.T, b *bench) {
	p := b.provider()
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			req := hello()
			req.Messages[0].Text = strings.Repeat("x", i+1)
			if got := read(t, p.Stream(t.Context(), req)); got.text != "You said: "+strings.Repeat("x", i+1) {
				t.Errorf("stream %d got %+v", i, got)
			}
		})
	}
	all.Wait()
}
