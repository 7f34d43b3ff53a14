package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/test/process"
)

const (
	apiSecret = "pk_crash_0123456789abcdefghijklmnopqrstuvwxyz"
	tenant    = "default/default"

	// loadTime is how long the clients work before the kill, at most.
	loadTime = 500 * time.Millisecond
	// startTime is within which a server that starts is killed, now and then.
	startTime = 150 * time.Millisecond
	// roundTime bounds a round, however slow the machine is.
	roundTime = 30 * time.Second
)

// binaries is the folder of the programs, which are built once.
var binaries string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "parley-crash-bin-")
	if err != nil {
		panic(err)
	}
	binaries = folder
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(folder)
		os.Exit(code)
	}))
}

var build = sync.OnceValue(func() error {
	return process.Build(context.Background(), binaries,
		"github.com/parleyhq/parley/cmd/parley", "github.com/parleyhq/parley/test/crash/lossyserver")
})

func TestAKilledServerKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	s := newScene(t, "parley")
	for round := range rounds {
		if problems := s.round(t, round); len(problems) > 0 {
			t.Fatalf("round %d with PARLEY_CRASH_SEED=%d; the data is in %s:\n%s", round, s.seed, s.folder, tell(problems))
		}
	}
	s.server.Kill()
	s.mustBeSound(t)
	s.countNumbers(t)
	t.Logf("%d rounds: %d requests, %d lines seen, %d requests repeated after a kill, %d answers interrupted by one",
		rounds, s.asks, s.lines, s.repeats, s.interrupted)
	if s.interrupted == 0 {
		t.Error("no kill hit an answer, so the rounds prove little")
	}
}

// The same rounds with servers whose stores lie must find them out, or they
// prove nothing.
func TestAServerThatLiesIsFoundOut(t *testing.T) {
	t.Parallel()
	for lie, found := range map[string]string{
		"text":     "was seen as token",
		"messages": "was acknowledged as",
	} {
		t.Run(lie+" shown before it is written", func(t *testing.T) {
			t.Parallel()
			s := newScene(t, "lossyserver", "-lie="+lie)
			for round := range 20 {
				if problems := tell(s.round(t, round)); strings.Contains(problems, found) {
					t.Logf("found out in round %d:\n%s", round, problems)
					return
				}
			}
			t.Errorf("20 rounds found nothing that %q", found)
		})
	}
	t.Run("and an honest one of the same parts is not", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, "lossyserver", "-lie=nothing")
		for round := range 3 {
			if problems := s.round(t, round); len(problems) > 0 {
				t.Fatalf("round %d with PARLEY_CRASH_SEED=%d; the data is in %s:\n%s", round, s.seed, s.folder, tell(problems))
			}
		}
	})
}

// scene is a server with its provider and the clients' knowledge of it.
type scene struct {
	server *process.Server
	client *client
	fake   *fakeprovider.Server
	folder string
	seed   uint64

	conversations                     []string
	asks, lines, repeats, interrupted int
}

func newScene(t *testing.T, binary string, flags ...string) *scene {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "parley-crash-")
	if err != nil {
		t.Fatal(err)
	}
	fake := fakeprovider.Start(t)
	s := &scene{client: newClient(address), fake: fake, folder: folder, seed: seed(t)}
	s.server = &process.Server{Address: address, Command: []string{filepath.Join(binaries, binary)}}
	if binary == "parley" {
		s.server.Command = append(s.server.Command, "serve")
		s.server.Env = []string{"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + folder, "OPENAI_BASE_URL=" + fake.URL + "/v1", "PARLEY_LOG_LEVEL=warn"}
	} else {
		s.server.Command = append(s.server.Command, "-listen="+address, "-data="+folder, "-provider="+fake.URL+"/v1")
		s.server.Command = append(s.server.Command, flags...)
	}
	s.server.Env = append(s.server.Env, "PARLEY_SECRET="+apiSecret)
	if err := s.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.server.Kill()
		if t.Failed() {
			t.Log("the server printed:\n" + s.server.Output())
			return
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seed is random, or that of a run that failed.
func seed(t *testing.T) uint64 {
	t.Helper()
	given := os.Getenv("PARLEY_CRASH_SEED")
	if given == "" {
		return rand.Uint64()
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		t.Fatalf("PARLEY_CRASH_SEED: %v", err)
	}
	return n
}

// round lets clients work, kills the server, and says what was not kept.
func (s *scene) round(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), roundTime)
	defer cancel()
	rng := rand.New(rand.NewPCG(s.seed, uint64(n)))
	l, err := newLoad(ctx, s.client, strconv.Itoa(n))
	if err != nil {
		t.Fatal(err)
	}
	l.start(ctx, rng)
	pause(ctx, rng, loadTime)
	s.server.Kill()
	l.running.Wait()
	if rng.IntN(4) == 0 {
		if err := s.server.Launch(); err != nil {
			t.Fatal(err)
		}
		pause(ctx, rng, startTime)
		s.server.Kill()
	}
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	s.count(l)
	l.repeat(ctx)
	s.countInterrupted(l)
	problems, err := l.check(ctx)
	if err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// pause waits for a random time: the moment of the kill.
func pause(ctx context.Context, rng *rand.Rand, most time.Duration) {
	timer := time.NewTimer(time.Duration(rng.Int64N(int64(most))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *scene) count(l *load) {
	for _, w := range l.witnesses {
		s.conversations = append(s.conversations, w.conversation)
		s.asks += len(w.asks)
		s.lines += len(w.lines)
		for _, a := range w.asks {
			if !a.answered {
				s.repeats++
			}
		}
	}
}

func (s *scene) countInterrupted(l *load) {
	for _, w := range l.witnesses {
		for _, a := range w.asks {
			if a.result.interrupted() {
				s.interrupted++
			}
		}
	}
}

// mustBeSound checks the data as the killed server left it.
func (s *scene) mustBeSound(t *testing.T) {
	t.Helper()
	data, err := sqlite.Inspect(t.Context(), s.folder)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	counts, err := data.Check(t.Context(), audit.Options{Found: func(f audit.Finding) { t.Errorf("found %+v", f) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("checked %+v", counts)
}

// countNumbers reads every log from the database itself: its numbers have no
// gap. The API has no line for some events, so it cannot show that.
func (s *scene) countNumbers(t *testing.T) {
	t.Helper()
	data, err := sqlite.Open(t.Context(), s.folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	const page = 1000
	for _, conversation := range s.conversations {
		for last, more := int64(0), true; more; {
			events, err := data.Events(t.Context(), tenant, conversation, last, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Seq != last+1 {
					t.Errorf("%s: number %d follows %d", conversation, e.Seq, last)
				}
				last = e.Seq
			}
			more = len(events) == page
		}
	}
}

// tell gives the first problems: there are many when there is one.
func tell(problems []string) string {
	const most = 20
	rest := ""
	if len(problems) > most {
		rest = fmt.Sprintf("\n… and %d more", len(problems)-most)
		problems = problems[:most]
	}
	return strings.Join(problems, "\n") + rest
}
