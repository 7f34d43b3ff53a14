package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/test/strict"
)

// TestMain lets the test binary be the program whose workers are tested.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "bench" && os.Args[2] == "worker" {
		if err := Worker(context.Background(), os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "check" {
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		interrupted, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		fmt.Println("Parley listens on nothing")
		<-interrupted.Done()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(sharedReference)
		os.Exit(code)
	}))
}

// sharedReference is where Node's socket.io is, for all tests: it has to be fetched.
var sharedReference = filepath.Join(os.TempDir(), fmt.Sprintf("parley-bench-reference-%d", os.Getpid()))

var installOnce = sync.OnceValue(func() error {
	if err := os.MkdirAll(sharedReference, 0o700); err != nil {
		return err
	}
	return installReference(context.Background(), sharedReference) // outlives the test that comes first
})

// newBench is a run of rows that are smaller than those of the table.
func newBench(t *testing.T) *bench {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &bench{
		Options: Options{Program: program, Rounds: 1, Scale: 0.001, Profile: t.TempDir(), Log: t.Output()},
		folder:  t.TempDir(), stores: map[fillSpec]*filledStore{},
	}
}

// measured runs a row whose goals, at this size, mean nothing.
func measured(t *testing.T, b *bench, measure func(context.Context, *bench, *Result) error) Result {
	t.Helper()
	r := b.row(t.Context(), Row{Name: "small", measure: measure})
	if r.Error != "" || len(r.Measures) == 0 {
		t.Fatalf("the row gives %+v", r)
	}
	for _, m := range r.Measures {
		if m.Subject <= 0 || m.Kind != Alone && m.Baseline <= 0 || m.Rounds < 1 {
			t.Errorf("measured %+v", m)
		}
	}
	return r
}

func TestTokensAreRelayed(t *testing.T) {
	t.Parallel()
	for _, protocol := range []protocol{stateless, stored} {
		b := newBench(t)
		row := relay{streams: 4, answer: answerSpec{Tokens: 30, Pause: 2 * time.Millisecond}, protocol: protocol}
		measured(t, b, row.measure)
		if _, err := os.Stat(b.Profile + "/small.pprof"); err != nil {
			t.Error(err)
		}
	}
}

func TestTokensAreRelayedAtFullSpeed(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), relay{streams: 2, answer: answerSpec{Tokens: 3000}, protocol: stateless}.measure)
}

func TestTurnsAreCounted(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), durable{callers: 4, turns: 40}.measure)
}

func TestRecordsAreFound(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), searchText{records: 400, questions: 20, pace: time.Millisecond}.measure)
}

func TestMarkdownIsIndexed(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), indexMarkdown{size: 100_000}.measure)
}

func TestMaskingIsMeasured(t *testing.T) {
	t.Parallel()
	r := measured(t, newBench(t), masking{size: 1 << 16, copies: 400, maskeds: 10}.measure)
	if len(r.Notes) != 1 {
		t.Errorf("notes %q", r.Notes)
	}
}

func TestReadersGetTheWholeLog(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), fanout{readers: 5, answer: answerSpec{Tokens: 30, Pause: time.Millisecond}}.measure)
}

// withReference gives a run that has Node's socket.io.
func withReference(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.Stall = 300 * time.Millisecond
	if err := installOnce(); err != nil {
		strict.Missing(t, err.Error())
	}
	b.reference = sharedReference
	return b
}

func TestSessionsHearWholeAnswers(t *testing.T) {
	t.Parallel()
	b := withReference(t)
	// So few events cost next to nothing above their turn: only what was heard counts.
	spec := sessionSpec{conversations: 2, readers: 3, answers: 2, answer: answerSpec{Tokens: 20, Pause: 2 * time.Millisecond}}
	r := b.row(t.Context(), Row{Name: "sessions", measure: spec.measure})
	if r.Error != "" || len(r.Measures) != 2 || r.Measures[1].Subject <= 0 || r.Measures[1].Baseline <= 0 {
		t.Errorf("got %+v", r)
	}
	spec.answer.Stamp, spec.answer.Pause = true, 20*time.Millisecond
	measured(t, b, sessionLate{spec}.measure)
}

func TestASessionThatStallsIsMeasured(t *testing.T) {
	t.Parallel()
	b := withReference(t)
	r := b.row(t.Context(), Row{Name: "stalled", measure: sessionStall{conversations: 2, readers: 1, pause: 20 * time.Millisecond, every: 50 * time.Millisecond}.measure})
	if r.Error != "" || len(r.Measures) != 2 || r.Measures[1].Subject <= 0 {
		t.Errorf("got %+v", r)
	}
}

func TestIdleSessionsAreMeasured(t *testing.T) {
	t.Parallel()
	if resident("self") == 0 {
		strict.Missing(t, "this system has no /proc")
	}
	b := withReference(t)
	r := b.row(t.Context(), Row{Name: "sessions", measure: sessionIdle{sessions: 200, settle: time.Millisecond}.measure})
	if r.Error != "" || len(r.Measures) != 4 || r.Measures[2].Subject <= 0 {
		t.Errorf("got %+v", r)
	}
}

func TestSlowStreamsAreMeasured(t *testing.T) {
	t.Parallel()
	if resident("self") == 0 {
		strict.Missing(t, "this system has no /proc")
	}
	b := newBench(t)
	r := b.row(t.Context(), Row{Name: "slow", measure: slow{streams: 20, tokens: 10, pause: 30 * time.Millisecond, ramp: 100 * time.Millisecond}.measure})
	if r.Error != "" || len(r.Measures) != 6 || r.Measures[1].Subject <= 0 {
		t.Errorf("got %+v", r)
	}
}

func TestPagesOfStoresOfTwoSizes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	measured(t, b, pages{conversations: 100_000, small: 40, requests: 5}.measure)
	measured(t, b, folder{conversations: 100_000}.measure)
	if len(b.stores) != 3 {
		t.Errorf("%d stores were filled, not one shared and two more", len(b.stores))
	}
	if err := b.clean(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(b.folder); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestAFilledStoreThatIsKeptIsUsedAgain(t *testing.T) {
	t.Parallel()
	keep, spec := t.TempDir(), storeOf(3)
	first, second := newBench(t), newBench(t)
	first.Keep, second.Keep = keep, keep
	filled, err := first.store(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	found, err := second.store(t.Context(), spec)
	if err != nil || *found != *filled || len(second.open) > 0 {
		t.Errorf("the second run found %+v (%v) and started %d processes; filled was %+v", found, err, len(second.open), filled)
	}
	if filled.written.Messages != 60 || filled.size == 0 {
		t.Errorf("the store is %+v", filled)
	}
	spec.Noise = true
	if other, err := second.store(t.Context(), spec); err != nil || other.data == found.data {
		t.Errorf("another store is in %+v (%v)", other, err)
	}
	if err := os.Remove(keptFile(filepath.Dir(filled.data))); err != nil { // as when its filling was broken off
		t.Fatal(err)
	}
	third := newBench(t)
	third.Keep = keep
	if again, err := third.store(t.Context(), storeOf(3)); err != nil || again.written.Took == filled.written.Took {
		t.Errorf("a store that is not complete was taken as it is: %+v (%v)", again, err)
	}
}

func TestTurnsInLongConversations(t *testing.T) {
	t.Parallel()
	measured(t, newBench(t), window{conversations: 2, long: 200, short: 10, turns: 2}.measure)
}

func TestAnIdleServerIsWatched(t *testing.T) {
	t.Parallel()
	if resident("self") == 0 {
		strict.Missing(t, "this system has no /proc")
	}
	measured(t, newBench(t), idle{after: time.Millisecond}.measure)
}

// liar is a provider that loses a token.
func liar(t *testing.T) address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = fmt.Fprint(c, streamHead)
		a := newAnswer(c, answerSpec{Tokens: 3})
		a.send()
		a.sent++
		a.send()
		a.send()
	}()
	return address{URL: "http://" + l.Addr().String()}
}

func TestALostTokenFailsTheLoad(t *testing.T) {
	t.Parallel()
	_, err := runLoad(t.Context(), loadSpec{To: liar(t), Protocol: bare, Streams: 1, Answer: answerSpec{Tokens: 3}})
	if err == nil || !strings.Contains(err.Error(), "token 1 of 3 is wrong") {
		t.Errorf("got %v", err)
	}
}

func TestAnErrorStatusFailsTheRow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.row(t.Context(), Row{Name: "broken", measure: func(ctx context.Context, b *bench, r *Result) error {
		s, err := b.newStack(ctx, "")
		if err != nil {
			return err
		}
		s.server.Secret = "another-secret-than-its-own"
		_, err = s.run(loadSpec{To: s.server.address, Protocol: stateless, Streams: 1, Answer: answerSpec{Tokens: 1}})
		return err
	}})
	if r.Met || !strings.Contains(r.Error, "status 401") {
		t.Errorf("got %+v", r)
	}
}

// interrupter cancels when the row that it waits for has begun.
type interrupter struct{ cancel context.CancelCauseFunc }

var errEnough = errors.New("enough")

func (i interrupter) Write(p []byte) (int, error) {
	time.AfterFunc(50*time.Millisecond, func() { i.cancel(errEnough) }) // while its processes start or run
	return len(p), nil
}

func TestAnInterruptLeavesNothing(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	err = Run(ctx, Options{Program: program, Only: []string{"relay-stored"}, Rounds: 9, Dir: dir, Log: interrupter{cancel}}, func(r Result) {
		t.Errorf("it shows %+v", r)
	})
	if !errors.Is(err, errEnough) {
		t.Errorf("it ends with %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestUnknownRowsAreNamed(t *testing.T) {
	t.Parallel()
	err := Run(t.Context(), Options{Only: []string{"relay-paced", "warp"}}, nil)
	if err == nil || !strings.Contains(err.Error(), `no row "warp"`) || !strings.Contains(err.Error(), "relay-full") {
		t.Errorf("got %v", err)
	}
}
