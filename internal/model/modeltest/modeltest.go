// Package modeltest is the conformance suite of the model port. Every driver
// of a provider over HTTP runs all of it against a fake provider; drivers that
// answer by themselves run [RunLocal].
package modeltest

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// patience is how long a test waits for what must come. It is only reached by
// a test that fails.
const patience = 20 * time.Second

// Key is the key that drivers are given.
const Key = "sk-test-0123456789abcdefghij"

// Setup is what a driver is made with.
type Setup struct {
	URL     string // of the fake provider, without /v1
	Key     string
	Silence time.Duration
}

// Lack is something that an API has no word for. The suite then checks that
// the driver does not make it up.
type Lack int

// What APIs lack.
const (
	NoRefusals    Lack = iota + 1 // an answer that was withheld ends like others
	NoCacheCounts                 // what was read from a cache, and what was thought, is not counted
	NoSignatures                  // nothing is wanted back with a call
)

// Run runs the suite. open makes the driver under test.
func Run(t *testing.T, open func(*testing.T, Setup) model.Provider, lacks ...Lack) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"text comes in the provider's pieces and ends with its reason", testText},
		{"what arrives together is passed on as such", testTogether},
		{"reasoning comes before text and apart from it", testReasoning},
		{"an answer may be empty", testEmpty},
		{"tool calls are given whole", testCalls},
		{"interleaved tool calls are kept apart", testInterleaved},
		{"a tool call that a limit cut is not given", testCutCall},
		{"tools keep their own names", testToolNames},
		{"too many calls, or too long ones, are an error", testCallBounds},
		{"a forced tool is called", testForce},
		{"what a provider wants back with calls comes back", testSignatures},
		{"another model's signatures are ignored", testOtherSignatures},
		{"usage is reported as the provider counts it", testUsage},
		{"usage that cannot be stays unknown", testOddUsage},
		{"usage that is not reported stays unknown", testNoUsage},
		{"a limit and a refusal end the answer with their reasons", testStops},
		{"a cancelled context ends the provider's request", testCancel},
		{"a cancelled context ends an answer that has arrived", testCancelLate},
		{"a call is cancelled before it is answered", testCancelBefore},
		{"a deadline ends the provider's request", testDeadline},
		{"leaving the loop ends the provider's request", testLeave},
		{"429 says how long to wait", testLimited},
		{"500 before the first token can be tried again", testFailedBefore},
		{"an error after the first token follows the text", testFailedAfter},
		{"400 cannot be tried again", testRejected},
		{"a stream without a reason for its end is incomplete", testCut},
		{"a connection that breaks is an error", testBreak},
		{"a line that is no JSON is an error", testGarbage},
		{"a huge line is refused", testHuge},
		{"silence is given up", testSilence},
		{"a provider that is not there is an error", testUnreachable},
		{"characters may be split between packets", testSplit},
		{"the key is in no error", testKey},
		{"equal requests have equal bytes", testSameBytes},
		{"a prompt that continues another begins with its bytes", testPrefix},
		{"untidy prompts are taken", testUntidy},
		{"images come with what the user says", testImages},
		{"parameters are taken", testParams},
		{"models are listed", testModels},
		{"many streams run at once", testMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, &bench{t: t, fake: fakeprovider.Start(t), open: open, lacks: lacks})
		})
	}
}

// RunLocal checks what holds for every provider, without telling it what to
// do: request is one that it answers with at least two events of text.
func RunLocal(t *testing.T, provider model.Provider, request *model.Request) {
	t.Run("an answer ends with one finish", func(t *testing.T) {
		t.Parallel()
		if got := read(t, provider.Stream(t.Context(), request)); got.err != nil || len(got.pieces) < 2 {
			t.Errorf("got %d pieces and error %v, want a whole answer", len(got.pieces), got.err)
		}
	})
	t.Run("equal requests have equal answers", func(t *testing.T) {
		t.Parallel()
		first, second := read(t, provider.Stream(t.Context(), request)), read(t, provider.Stream(t.Context(), request))
		if first.text != second.text {
			t.Errorf("answers differ: %q and %q", first.text, second.text)
		}
	})
	t.Run("a cancelled context ends the stream with its error", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		got := read(t, cancelAfter(cancel, provider.Stream(ctx, request)))
		if got.err != context.Canceled {
			t.Errorf("got error %v, want context.Canceled", got.err)
		}
	})
	t.Run("the loop may be left", func(t *testing.T) {
		t.Parallel()
		for range provider.Stream(t.Context(), request) {
			break
		}
	})
	t.Run("models are listed", func(t *testing.T) {
		t.Parallel()
		infos, err := provider.Models(t.Context())
		if err != nil || len(infos) == 0 || infos[0].Name == "" {
			t.Errorf("got %v and error %v, want a model", infos, err)
		}
	})
}

// cancelAfter cancels at the first event.
func cancelAfter(cancel func(), stream iter.Seq2[model.Event, error]) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		for e, err := range stream {
			cancel()
			if !yield(e, err) {
				return
			}
		}
	}
}

// bench is one test's fake provider and what makes drivers for it.
type bench struct {
	t    *testing.T
	fake *fakeprovider.Server
	open func(*testing.T, Setup) model.Provider

	lacks []Lack
}

func (b *bench) lack(l Lack) bool { return slices.Contains(b.lacks, l) }

// provider makes a driver; its idle connections go when the test ends.
func (b *bench) provider() model.Provider {
	return b.with(Setup{URL: b.fake.URL, Key: Key, Silence: patience})
}

func (b *bench) with(s Setup) model.Provider {
	p := b.open(b.t, s)
	if c, ok := p.(interface{ Close() }); ok {
		b.t.Cleanup(c.Close)
	}
	return p
}

// ask tells the fake provider what to do, and reads the answer.
func (b *bench) ask(behaviour fakeprovider.Behaviour) answer {
	b.t.Helper()
	b.fake.Push(behaviour)
	return read(b.t, b.provider().Stream(b.t.Context(), hello()))
}

func hello() *model.Request {
	return &model.Request{Model: "fake-1", Messages: []model.Message{{Role: model.User, Text: "Hello"}}}
}

// answer is a stream that was read to its end.
type answer struct {
	text, reasoning string
	late            bool // reasoning came after text
	pieces          []string
	calls           []model.Call
	usage           *model.Report
	stop            model.StopReason
	err             error
}

// read reads a stream, and checks the promises that hold for all of them.
func read(t *testing.T, stream iter.Seq2[model.Event, error]) answer {
	t.Helper()
	var a answer
	for e, err := range stream {
		if a.stop != 0 || a.err != nil {
			t.Fatalf("event %+v, %v after the end of the stream", e, err)
		}
		if err != nil {
			a.err = err
			continue
		}
		if !utf8.ValidString(e.Text) {
			t.Errorf("a piece with half a character: %q", e.Text)
		}
		switch e.Type {
		case model.Text:
			a.text += e.Text
			a.pieces = append(a.pieces, e.Text)
		case model.Reasoning:
			a.late = a.late || a.text != ""
			a.reasoning += e.Text
		case model.ToolCall:
			a.calls = append(a.calls, *e.Call)
		case model.Usage:
			a.usage = e.Usage
			checkUsage(t, *e.Usage)
		case model.Finish:
			a.stop = e.Stop
		default:
			t.Errorf("event of unknown type %d", e.Type)
		}
	}
	if (a.stop == 0) == (a.err == nil) {
		t.Errorf("the stream ended with finish %d and error %v, want one of them", a.stop, a.err)
	}
	if a.err != nil && strings.Contains(a.err.Error(), Key) {
		t.Errorf("the key is in the error %q", a.err)
	}
	return a
}

func checkUsage(t *testing.T, r model.Report) {
	t.Helper()
	for _, n := range []*int64{r.Input, r.Cached, r.Reasoning, r.Output} {
		if n != nil && *n < 0 {
			t.Errorf("a usage of %d tokens", *n)
		}
	}
}
