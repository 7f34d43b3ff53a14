package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain is also the process by which the servers of tests read PDF and DOCX files.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == extractName {
		p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr}
		os.Exit(p.run(context.Background(), os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// buffer is an output that can be read while it is written.
type buffer struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	change chan struct{}
}

func newBuffer() *buffer { return &buffer{change: make(chan struct{})} }

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.change)
	b.change = make(chan struct{})
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// await waits until the output holds text.
func (b *buffer) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		b.mu.Lock()
		found, change := strings.Contains(b.buf.String(), text), b.change
		b.mu.Unlock()
		if found {
			return
		}
		select {
		case <-change:
		case <-deadline:
			t.Fatalf("%q did not come; there is %q", text, b)
		}
	}
}

// command is a run of the program in this process.
type command struct {
	t          *testing.T
	out, err   *buffer
	interrupts chan os.Signal
	code       chan int
}

// begin starts a command line.
func begin(t *testing.T, in io.Reader, env []string, args ...string) *command {
	t.Helper()
	c := &command{t: t, out: newBuffer(), err: newBuffer(), interrupts: make(chan os.Signal, 2), code: make(chan int, 1)}
	p := program{env: env, in: in, out: c.out, err: c.err, interrupts: c.interrupts, self: os.Args[0]}
	go func() { c.code <- p.run(context.WithoutCancel(t.Context()), args) }()
	return c
}

// end waits for the exit code.
func (c *command) end() int {
	c.t.Helper()
	select {
	case code := <-c.code:
		return code
	case <-time.After(time.Minute):
		c.t.Fatalf("it does not end; it printed %q and %q", c.out, c.err)
		return 0
	}
}

// run carries out a command line that must end with that code.
func run(t *testing.T, want int, env []string, args ...string) (out, err string) {
	t.Helper()
	c := begin(t, strings.NewReader(""), env, args...)
	if code := c.end(); code != want {
		t.Errorf("parley %v ends with %d; it printed %q and %q", args, code, c.out, c.err)
	}
	return c.out.String(), c.err.String()
}

// serve runs a server until the test ends. What it gives is the environment in
// which commands find it.
func serve(t *testing.T, env ...string) (*command, []string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	env = append([]string{"PARLEY_DATA=" + filepath.Join(folder, "d"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false"}, env...)
	c := begin(t, nil, env, "serve")
	c.out.await(t, "Talk to it:")
	t.Cleanup(func() {
		c.interrupts <- os.Interrupt
		if code := c.end(); code != exitFine {
			t.Errorf("serve ends with %d: %s", code, c.err)
		}
	})
	return c, env
}

func TestTheExitCodeTellsWrongUsageFromFailure(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"":                              exitFine,
		"help":                          exitFine,
		"version":                       exitFine,
		"serve --help":                  exitFine,
		"config":                        exitFine,
		"token":                         exitFine,
		"srve":                          exitUsage,
		"serve --lisen x":               exitUsage,
		"serve now":                     exitUsage,
		"token revoke":                  exitUsage,
		"token make":                    exitUsage,
		"chat one two":                  exitUsage,
		"serve --listen nonsense":       exitFailed,
		"chat --data /nowhere hello":    exitFailed,
		"token list --data /nowhere":    exitFailed,
		"token create --expires soon":   exitFailed,
		"config check --config /none":   exitFailed,
		"chat --url http://127.0.0.1:1": exitFailed,
		"chat --conversation x --model y --url http://127.0.0.1:1 --secret s hello": exitFailed,
	} {
		out, err := run(t, want, nil, strings.Fields(line)...)
		if want == exitFine && out == "" || want != exitFine && (err == "" || out != "") {
			t.Errorf("parley %s printed %q and %q", line, out, err)
		}
	}
}

func TestHelpShowsExamplesAndTheEnvironment(t *testing.T) {
	t.Parallel()
	for command, wants := range map[string][]string{
		"":            {"parley serve", "parley chat", "Exit codes"},
		"serve":       {"OPENAI_BASE_URL", "PARLEY_LISTEN", "--key-file", "Examples:"},
		"chat":        {"Ctrl-C", "--conversation", "PARLEY_SECRET"},
		"token":       {"create", "list", "revoke", "Examples:"},
		"dataset":     {"add", "files", "delete", "parley search", "Examples:"},
		"dataset add": {"uploads only", "--no-wait", "Examples:"},
		"search":      {"--json", "score", "Examples:"},
	} {
		out, _ := run(t, exitFine, nil, append(strings.Fields(command), "--help")...)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("help of %q lacks %q", command, want)
			}
		}
	}
}

func TestAServerThatCannotChatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := run(t, exitFailed, nil, "chat", "--data", t.TempDir(), "hello")
	if !strings.Contains(err, `start one with "parley serve"`) || !strings.Contains(err, "--url") {
		t.Errorf("got %s", err)
	}
	_, err = run(t, exitFailed, nil, "chat", "--url", "http://127.0.0.1:1", "hello")
	if !strings.Contains(err, "PARLEY_SECRET") {
		t.Errorf("got %s", err)
	}
}

func TestConfigCommands(t *testing.T) {
	t.Parallel()
	env := []string{"PARLEY_SECRET=a-secret-that-nobody-sees", "PARLEY_LISTN=x"}
	out, warned := run(t, exitFine, env, "config", "check")
	if !strings.Contains(out, "fine") || !strings.Contains(warned, "did you mean PARLEY_LISTEN?") {
		t.Errorf("got %q and %q", out, warned)
	}
	out, _ = run(t, exitFine, env, "config", "show", "--data", "elsewhere")
	if strings.Contains(out, "nobody-sees") || !strings.Contains(out, "environment PARLEY_SECRET") || !strings.Contains(out, "flag --data") {
		t.Errorf("got %s", out)
	}
	out, _ = run(t, exitFine, nil, "config", "doc")
	if !strings.HasPrefix(out, "# Configuration") {
		t.Errorf("got %.100s", out)
	}
	_, err := run(t, exitFailed, []string{"PARLEY_TURNS_QUEUE=0", "PARLEY_LOG_LEVEL=loud"}, "config", "check")
	if !strings.Contains(err, "2 problems") || !strings.Contains(err, "turns.queue") || !strings.Contains(err, "log.level") {
		t.Errorf("got %s", err)
	}
	_, err = run(t, exitFailed, []string{"PARLEY_ALIASES={a: b, b: a}"}, "config", "check")
	if !strings.Contains(err, "stands for itself") {
		t.Errorf("got %s", err)
	}
	_, err = run(t, exitFailed, []string{"PARLEY_AGENTS=[{id: support, model: nobody/knows}]"}, "config", "check")
	if !strings.Contains(err, `agent "support": model "nobody/knows" is not known`) {
		t.Errorf("got %s", err)
	}
}

func TestTokensAreManagedWithAndWithoutAServer(t *testing.T) {
	t.Parallel()
	server, env := serve(t)
	manage := func(t *testing.T) {
		out, note := run(t, exitFine, env, "token", "create", "--name", "website", "--app", "shop", "--expires", "30d")
		secret := strings.TrimSpace(out)
		if !strings.HasPrefix(secret, "pk_") || strings.Contains(note, secret) {
			t.Errorf("got %q and %q", out, note)
		}
		list, _ := run(t, exitFine, env, "token", "list")
		var id string
		for line := range strings.Lines(list) {
			if fields := strings.Fields(line); strings.Contains(line, "website") && strings.Contains(line, "shop") && !strings.Contains(line, "revoked") {
				id = fields[0]
			}
		}
		if id == "" || strings.Contains(list, secret) {
			t.Fatalf("the list is %s", list)
		}
		run(t, exitFine, env, "token", "revoke", id)
		run(t, exitFailed, env, "token", "revoke", "unknown")
		run(t, exitFailed, env, "token", "list", "--tenant", "a/b")
		run(t, exitFailed, env, "token", "create", "--app", "no/name")
		list, _ = run(t, exitFine, env, "token", "list")
		if !strings.Contains(list, "revoked 20") {
			t.Errorf("the list is %s", list)
		}
	}
	manage(t)
	server.interrupts <- os.Interrupt
	if code := server.end(); code != exitFine {
		t.Fatalf("serve ends with %d: %s", code, server.err)
	}
	server.code <- exitFine // for the cleanup
	manage(t)
}

func TestWrongUsageNamesTheHelpOfItsCommand(t *testing.T) {
	t.Parallel()
	_, err := run(t, exitUsage, nil, "token", "revoke")
	if !strings.Contains(err, `"parley token revoke --help"`) {
		t.Errorf("got %s", err)
	}
}

func TestAnInterruptThatComesAsWorkSucceedsIsNotLost(t *testing.T) {
	t.Parallel()
	interrupts := make(chan os.Signal, 1)
	p := program{interrupts: interrupts}
	work := func(ctx context.Context) error {
		interrupts <- os.Interrupt
		<-ctx.Done()
		return nil
	}
	if err := p.preparing(t.Context(), work); !errors.Is(err, errInterrupted) {
		t.Errorf("what follows is not told: %v", err)
	}
	if err := p.interruptible(t.Context(), work); err != nil {
		t.Errorf("work that was done has failed: %v", err)
	}
}

func TestAServerThatIsToldToStopWhileItStartsEndsInOrder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := &command{t: t, out: newBuffer(), err: newBuffer(), interrupts: make(chan os.Signal, 2), code: make(chan int, 1)}
	c.interrupts <- os.Interrupt
	p := program{
		env: []string{"PARLEY_DATA=" + filepath.Join(folder, "d"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false"},
		out: c.out, err: c.err, interrupts: c.interrupts,
	}
	go func() { c.code <- p.run(context.WithoutCancel(t.Context()), []string{"serve"}) }()
	if code := c.end(); code != exitFine || strings.Contains(c.err.String(), "parley:") {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
}

func TestServeSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	server, env := serve(t)
	out := server.out.String()
	for _, want := range []string{"Parley listens on http://127.0.0.1:", "quote: ready", "shown only now", "pk_", "parley chat --data ", "curl --no-buffer http://127.0.0.1:"} {
		if !strings.Contains(out, want) {
			t.Errorf("the greeting lacks %q: %s", want, out)
		}
	}
	_, secret, _ := strings.Cut(out, "shown only now:\n  ")
	secret, _, _ = strings.Cut(secret, "\n")
	if strings.Contains(server.err.String(), secret) {
		t.Error("the secret is in the log")
	}
	_, refused := run(t, exitFailed, env, "serve")
	if !strings.Contains(refused, "in use") {
		t.Errorf("a second server says %s", refused)
	}
}
