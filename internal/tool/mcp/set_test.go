package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/tool/mcp"
)

// stepTime is how long the tool "progress" takes for a step.
const stepTime = 100 * time.Millisecond

// logged is a log that a test reads.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// bench is a set with one agent.
type bench struct {
	*mcp.Set
	t     *testing.T
	log   *logged
	notes string // the file in which a server notes its calls
}

const password = "hunter2-and-more"

// program is a server that runs this test's own program.
func (b *bench) program(mode string) mcp.Server {
	return mcp.Server{
		Name: "test", Command: []string{os.Args[0]}, Where: "parley.yaml:7",
		Env: map[string]string{modeVariable: mode, "DB_PASSWORD": password, "NOTES": b.notes},
	}
}

func newBench(t *testing.T, o mcp.Options, servers func(b *bench) []mcp.Server) *bench {
	t.Helper()
	b := &bench{t: t, log: &logged{}, notes: filepath.Join(t.TempDir(), "notes")}
	client := outbound.New(outbound.Options{})
	t.Cleanup(client.Close)
	o.Log, o.Client = slog.New(slog.NewTextHandler(b.log, nil)), client
	set, err := mcp.New([]mcp.Agent{{Tenant: "one", Bot: "bot", Servers: servers(b)}}, o)
	must(t, err)
	b.Set = set
	t.Cleanup(set.Close)
	return b
}

// running is a bench with a server that works.
func running(t *testing.T) *bench {
	t.Helper()
	return newBench(t, mcp.Options{Patience: time.Minute}, func(b *bench) []mcp.Server { return []mcp.Server{b.program("stdio")} })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tools gives the agent's tools by name.
func (b *bench) tools() map[string]tool.Tool {
	b.t.Helper()
	list, err := b.Tools(b.t.Context(), "one", tool.Want{BotID: "bot"})
	must(b.t, err)
	all := map[string]tool.Tool{}
	for _, t := range list {
		if all[t.Spec().Name] != nil {
			b.t.Errorf("two tools have the name %s", t.Spec().Name)
		}
		all[t.Spec().Name] = t
	}
	return all
}

func (b *bench) call(ctx context.Context, name, arguments string) (string, error) {
	b.t.Helper()
	t := b.tools()[name]
	if t == nil {
		b.t.Fatalf("there is no tool %s; the log says %s", name, b.log)
	}
	result, err := t.Call(ctx, tool.Call{ID: "c", Arguments: convo.JSON(arguments), Tenant: "one"})
	if err == nil && !json.Valid(result.Output) {
		b.t.Errorf("%s gives no JSON: %.100s", name, result.Output)
	}
	return string(result.Output), err
}

// noted reads what the server has noted.
func (b *bench) noted() []string {
	text, _ := os.ReadFile(b.notes)
	return strings.Fields(string(text))
}

// await looks until something is so.
func (b *bench) await(what string, so func() bool) {
	b.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-b.t.Context().Done():
			b.t.Fatalf("never: %s; the log says %s", what, b.log)
		}
	}
}

func TestAnAgentHasTheToolsOfItsServers(t *testing.T) {
	t.Parallel()
	b := running(t)
	tools := b.tools()
	hello := tools["say_hello_"]
	if hello == nil || tools["say_hello"] == nil {
		t.Fatalf("the tools are %v", tools)
	}
	if spec := hello.Spec(); spec.Description != "does Say Hello!" || !strings.Contains(string(spec.Parameters), `"object"`) {
		t.Errorf("it is described as %+v", spec)
	}
	for _, c := range [][3]string{
		{"say_hello_", `{}`, `"hello"`},
		{"say_hello", ``, `"hello again"`},
		{"echo", `{"text":"<a> & \"b\""}`, `"<a> & \"b\""`},
		{"structured", `{}`, `{"degrees":21.5}`},
		{"nothing", `{}`, `""`},
		{"pictures", `{}`, `"Look:\n[an image, image/png, 100 bytes]\n[a sound, audio/wav, 50 bytes]\n[a resource: menu file:///menu]\nsoup\n[the resource file:///photo, image/jpeg, 30 bytes]"`},
	} {
		if got, err := b.call(t.Context(), c[0], c[1]); err != nil || got != c[2] {
			t.Errorf("%s gives %s, %v", c[0], got, err)
		}
	}
	t.Run("and nobody else has them", func(t *testing.T) {
		for _, who := range [][2]string{{"two", "bot"}, {"one", "other"}, {"one", ""}} {
			if list, err := b.Tools(t.Context(), who[0], tool.Want{BotID: who[1]}); len(list) != 0 || err != nil {
				t.Errorf("%v has %d tools, %v", who, len(list), err)
			}
		}
	})
}

func TestWhatAServerSendsIsBounded(t *testing.T) {
	t.Parallel()
	b := running(t)
	got, err := b.call(t.Context(), "long", "")
	must(t, err)
	if len(got) > tool.MaxOutput || len(got) < tool.MaxOutput/4 || !strings.Contains(got, "[cut: the tool gave 1572864 bytes]") {
		t.Errorf("a long output has %d bytes: …%s", len(got), got[max(0, len(got)-60):])
	}
	if _, err = b.call(t.Context(), "huge", ""); convo.ErrorKind(err) != convo.TooLarge {
		t.Errorf("an output of 10 MB: %v", err)
	}
	b.awaitAgain(t)
}

// awaitAgain calls until the server that has gone is there again.
func (b *bench) awaitAgain(t *testing.T) {
	t.Helper()
	b.await("the server is there again", func() bool {
		hello := b.tools()["say_hello"]
		if hello == nil {
			return false
		}
		_, err := hello.Call(t.Context(), tool.Call{})
		return err == nil
	})
	if strings.Count(b.log.String(), "has gone") != 1 || strings.Count(b.log.String(), "there again") != 1 {
		t.Errorf("the operator is told: %s", b.log)
	}
}

func TestBytesThatAreNoTextAreReplaced(t *testing.T) {
	t.Parallel()
	b := newBench(t, mcp.Options{Patience: time.Minute}, func(b *bench) []mcp.Server { return []mcp.Server{b.program("raw")} })
	tools := b.tools()
	if len(tools) != 1 || !strings.Contains(b.log.String(), "left out") {
		t.Errorf("a schema of 300 KiB is taken: %d tools", len(tools))
	}
	if d := tools["bytes"].Spec().Description; strings.ToValidUTF8(d, "") != d || !strings.Contains(d, "gives") {
		t.Errorf("it is described as %q", d)
	}
	if got, err := b.call(t.Context(), "bytes", ""); err != nil || strings.ToValidUTF8(got, "") != got || !strings.HasPrefix(got, `"a`) || !strings.HasSuffix(got, `b"`) {
		t.Errorf("it gives %q, %v", got, err)
	}
}

func TestAServerThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	b := running(t)
	_, err := b.call(t.Context(), "die", "")
	if convo.ErrorKind(err) != convo.UpstreamFailed || !strings.Contains(convo.PublicError(err).Message, "not known") {
		t.Errorf("the model is told %v", err)
	}
	b.awaitAgain(t)
	if calls := b.noted(); strings.Count(strings.Join(calls, " "), "die") != 1 {
		t.Errorf("the call was made again: %v", calls)
	}
}

func TestAFailureIsToldToTheModelWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := running(t)
	_, err := b.call(t.Context(), "fail", "")
	if got := convo.PublicError(err).Message; got != "this is why: the password is ***" {
		t.Errorf("the model is told %q", got)
	}
	got, err := b.call(t.Context(), "environment", "")
	must(t, err)
	var said struct {
		Names    []string
		Password string
	}
	must(t, json.Unmarshal([]byte(got), &said))
	if said.Password != "***" {
		t.Errorf("the password is %q", said.Password)
	}
	for _, name := range said.Names {
		if !slices.Contains([]string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", modeVariable, "DB_PASSWORD", "NOTES"}, name) {
			t.Errorf("the program sees the variable %s", name)
		}
	}
}

func TestACallThatIsCancelledIsCancelledThere(t *testing.T) {
	t.Parallel()
	b := running(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		b.await("the call is there", func() bool { return slices.Contains(b.noted(), "hang") })
		cancel()
	}()
	if _, err := b.call(ctx, "hang", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	b.await("the server hears of it", func() bool { return slices.Contains(b.noted(), "cancelled") })
	if _, err := b.call(t.Context(), "say_hello", ""); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestAToolIsDescribedWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := running(t)
	spec := b.tools()["boast"].Spec()
	if all := spec.Description + string(spec.Parameters); strings.Contains(all, password) || !strings.Contains(all, "knows ***") {
		t.Errorf("the model is told %s", all)
	}
}

func TestACallWithoutProgressIsGivenUp(t *testing.T) {
	t.Parallel()
	program := func(b *bench) []mcp.Server { return []mcp.Server{b.program("stdio")} }
	silent := newBench(t, mcp.Options{Patience: time.Minute, Idle: stepTime}, program)
	if _, err := silent.call(t.Context(), "hang", ""); convo.ErrorKind(err) != convo.UpstreamTimeout {
		t.Errorf("without progress: %v", err)
	}
	// Far more than a step, so that a machine that halts for a while gives nothing up.
	speaks := newBench(t, mcp.Options{Patience: time.Minute, Idle: 35 * stepTime}, program)
	if got, err := speaks.call(t.Context(), "progress", `{"steps":40}`); err != nil || got != `"done"` {
		t.Errorf("with progress: %s, %v", got, err)
	}
}

func TestAListThatChangesIsReadAgain(t *testing.T) {
	t.Parallel()
	b := running(t)
	if b.tools()["grown"] != nil {
		t.Fatal("it is there already")
	}
	if _, err := b.call(t.Context(), "grow", ""); err != nil {
		t.Fatal(err)
	}
	b.await("the new tool is there", func() bool { return b.tools()["grown"] != nil })
	if got, err := b.call(t.Context(), "grown", ""); err != nil || got != `"new"` {
		t.Errorf("it gives %s, %v", got, err)
	}
}

func TestAServerThatHangsCostsATurnAMoment(t *testing.T) {
	t.Parallel()
	b := newBench(t, mcp.Options{Patience: 10 * time.Millisecond, Start: time.Minute}, func(b *bench) []mcp.Server {
		good := b.program("stdio")
		good.Name = "good"
		return []mcp.Server{b.program("deaf"), good}
	})
	b.await("the other server's tools are there", func() bool { return len(b.tools()) > 0 })
	b.tools()
	if n := strings.Count(b.log.String(), "takes long"); n < 1 || n > 2 || strings.Count(b.log.String(), "server=test") != 1 {
		t.Errorf("the operator is told: %s", b.log)
	}
}

func TestAServerThatCannotBeHadIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	b := newBench(t, mcp.Options{Patience: time.Minute}, func(b *bench) []mcp.Server {
		return []mcp.Server{b.program("mute"), {Name: "none", Command: []string{"/does/not/exist"}}, {Name: "away", URL: "http://127.0.0.1:1/mcp"}}
	})
	for range 3 {
		if n := len(b.tools()); n != 0 {
			t.Errorf("there are %d tools", n)
		}
	}
	log := b.log.String()
	if strings.Count(log, "cannot be had") != 3 || !strings.Contains(log, "cannot open the database with ***") || strings.Contains(log, password) {
		t.Errorf("the operator is told: %s", log)
	}
}

func TestWhatAProgramHasStartedEndsWithIt(t *testing.T) {
	t.Parallel()
	b := running(t)
	got, err := b.call(t.Context(), "breed", "")
	must(t, err)
	pid, err := strconv.Atoi(strings.Trim(got, `"`))
	must(t, err)
	b.Close()
	b.await("the grandchild has gone", func() bool { return gone(pid) })
}

// gone reports whether a process has ended, or only waits for its parent's
// attention.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestManyCallsRunAtOnce(t *testing.T) {
	t.Parallel()
	b := running(t)
	echo := b.tools()["echo"]
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			text := strconv.Itoa(i)
			result, err := echo.Call(t.Context(), tool.Call{Arguments: convo.JSON(`{"text":"` + text + `"}`)})
			if err != nil || string(result.Output) != `"`+text+`"` {
				t.Errorf("call %d gives %s, %v", i, result.Output, err)
			}
		})
	}
	calls.Wait()
}

func TestAServerOverHTTP(t *testing.T) {
	t.Parallel()
	var handler atomic.Pointer[sdk.StreamableHTTPHandler]
	renew := func() {
		server := misbehaving()
		t.Cleanup(func() {
			for session := range server.Sessions() {
				_ = session.Close() // nobody else does
			}
		})
		handler.Store(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, nil))
	}
	renew()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+password {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		handler.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := newBench(t, mcp.Options{Patience: time.Minute}, func(*bench) []mcp.Server {
		return []mcp.Server{{Name: "test", URL: server.URL + "/mcp", Secret: password}}
	})
	if got, err := b.call(t.Context(), "echo", `{"text":"over HTTP"}`); err != nil || got != `"over HTTP"` {
		t.Errorf("it gives %s, %v", got, err)
	}
	if got, err := b.call(t.Context(), "echo", `{"text":"it is `+password+`"}`); err != nil || got != `"it is ***"` {
		t.Errorf("the secret comes back: %s, %v", got, err)
	}
	t.Run("that has forgotten its sessions gets a new one", func(t *testing.T) {
		renew()
		if got, err := b.call(t.Context(), "say_hello", ""); err != nil || got != `"hello again"` {
			t.Errorf("it gives %s, %v", got, err)
		}
		if b.log.String() != "" {
			t.Errorf("the operator is told: %s", b.log)
		}
	})
	b.Close()
}

func TestWrongServersAreNamed(t *testing.T) {
	t.Parallel()
	run := []string{"mcp-files"}
	for _, s := range []mcp.Server{
		{Command: run},
		{Name: "a"},
		{Name: "a", Command: []string{""}},
		{Name: "a", Command: run, URL: "http://example.com"},
		{Name: "a", Command: run, Secret: "x"},
		{Name: "a", URL: "http://example.com", Env: map[string]string{"A": "b"}},
		{Name: "a", Command: run, Env: map[string]string{"A=B": "c"}},
		{Name: "a", Command: run, Env: map[string]string{"": "c"}},
		{Name: "a", URL: "ftp://example.com"},
		{Name: "a", URL: "http://me:secret@example.com"},
		{Name: "a", URL: "http://2130706433/"},
		{Name: "taken", Command: run},
	} {
		s.Where = "parley.yaml:12"
		_, err := mcp.New([]mcp.Agent{{Bot: "cook", Servers: []mcp.Server{{Name: "taken", Command: run}, s}}}, mcp.Options{})
		if err == nil || !strings.HasPrefix(err.Error(), "parley.yaml:12: ") || !strings.Contains(err.Error(), `"cook"`) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
