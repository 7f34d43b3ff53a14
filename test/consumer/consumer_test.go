package consumer_test

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is that of the server.
const secret = "pk_consumer_0123456789abcdefghijklmnopqrstuvwxyz"

// serve runs a Parley server, without a provider unless more settings name one:
// then it quotes.
func serve(t *testing.T, more ...string) (address string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: append([]string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "PARLEY_SECRET=" + secret,
	}, more...)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), l.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	<-a.Ready()
	return a.URL()
}

// program is README's Go program that calls a function of the client, asking
// another server.
func program(t *testing.T, calls, server string) string {
	t.Helper()
	return programOf(t, "README.md", calls, server)
}

// programOf is such a program of any page.
func programOf(t *testing.T, name, calls, server string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(page), "```go\n")[1:] {
		program, _, ended := strings.Cut(block, "```\n")
		if ended && strings.Contains(program, calls) && strings.Count(program, client.DefaultBaseURL) == 1 {
			return strings.Replace(program, client.DefaultBaseURL, server, 1)
		}
	}
	t.Fatalf("%s has no Go program with %s", name, calls)
	return ""
}

// module is a module outside of this one, with one program.
type module struct{ folder string }

func newModule(t *testing.T, program string) module {
	t.Helper()
	checkout, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	m := module{t.TempDir()}
	definition := "module example.com/consumer\n\ngo 1.26\n\n" +
		"require github.com/parleyhq/parley v0.0.0\n\nreplace github.com/parleyhq/parley => " + checkout + "\n"
	for name, text := range map[string]string{"go.mod": definition, "main.go": program} {
		if err := os.WriteFile(filepath.Join(m.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// tool runs the go command in the module.
func (m module) tool(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = m.folder
	// Without a proxy, a dependency would have to come from nowhere.
	command.Env = append(os.Environ(), "PARLEY_SECRET="+secret, "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "GOSUMDB=off")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestAModuleOutsideCanBeBuiltOnTheClient(t *testing.T) {
	t.Parallel()
	m := newModule(t, program(t, "CompleteStream(", serve(t)))
	m.tool(t, "vet", ".")
	out := m.tool(t, "run", ".")
	if !strings.Contains(out, "“The inn opens at noon and closes at ten.”") {
		t.Errorf("it printed %q", out)
	}
	for dependency := range strings.Lines(m.tool(t, "list", "-deps", ".")) {
		first, _, _ := strings.Cut(strings.TrimSpace(dependency), "/")
		if strings.Contains(first, ".") && first != "example.com" && strings.TrimSpace(dependency) != "github.com/parleyhq/parley/client" {
			t.Errorf("the client brings %s along", dependency)
		}
	}
}

func TestTheProgramWithAFunctionCarriesItOut(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	fake.Push(fakeprovider.Behaviour{Calls: []fakeprovider.Call{
		{ID: "call_1", Name: "get_weather", Arguments: []string{`{"location":"Lisbon"}`}},
	}})
	m := newModule(t, program(t, "Conversation.Run(", serve(t, "OPENAI_BASE_URL="+fake.URL+"/v1")))
	m.tool(t, "vet", ".")
	if out, want := m.tool(t, "run", "."), `The tool said: {"celsius":21,"location":"Lisbon"}`+"\n"; out != want {
		t.Errorf("it printed %q, not %q", out, want)
	}
}

func TestAModuleOutsideCanAnswerFromADataset(t *testing.T) {
	t.Parallel()
	m := newModule(t, programOf(t, "docs/retrieval.md", "Citations()", serve(t)))
	m.tool(t, "vet", ".")
	out := m.tool(t, "run", ".")
	for _, part := range []string{"“Dogs are welcome in the garden.” [1]", "\n[1] https://inn.example/rules\n"} {
		if !strings.Contains(out, part) {
			t.Errorf("it printed %q, without %q", out, part)
		}
	}
}

func TestAModuleOutsideCanHoldSessions(t *testing.T) {
	t.Parallel()
	fake := fakeprovider.Start(t)
	server := serve(t, "OPENAI_BASE_URL="+fake.URL+"/v1", "PARLEY_AGENTS=[{id: inn, name: Inn}]")
	m := newModule(t, programOf(t, "docs/live.md", "live.New(", server))
	m.tool(t, "vet", ".")
	if out, want := m.tool(t, "run", "."), "You said: Hello!"; out != want {
		t.Errorf("it printed %q, not %q", out, want)
	}
	for dependency := range strings.Lines(m.tool(t, "list", "-deps", ".")) {
		dependency = strings.TrimSpace(dependency)
		first, _, _ := strings.Cut(dependency, "/")
		switch dependency {
		case "github.com/parleyhq/parley/client", "github.com/parleyhq/parley/client/live", "github.com/gorilla/websocket":
			continue
		}
		if strings.Contains(first, ".") && first != "example.com" {
			t.Errorf("the client brings %s along", dependency)
		}
	}
}
