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
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is that of the server.
const secret = "pk_consumer_0123456789abcdefghijklmnopqrstuvwxyz"

// serve runs a Parley server without a provider: it quotes.
func serve(t *testing.T) (address string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "parley") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "PARLEY_SECRET=" + secret,
	}})
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

// example is README's Go program, which asks another server.
func example(t *testing.T, server string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(text), "```go\n")
	program, _, ended := strings.Cut(rest, "```\n")
	if !begun || !ended || strings.Count(program, client.DefaultBaseURL) != 1 {
		t.Fatalf("README's example is %q", program)
	}
	return strings.Replace(program, client.DefaultBaseURL, server, 1)
}

func TestAModuleOutsideCanBeBuiltOnTheClient(t *testing.T) {
	t.Parallel()
	checkout, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	module := "module example.com/consumer\n\ngo 1.26\n\n" +
		"require github.com/parleyhq/parley v0.0.0\n\nreplace github.com/parleyhq/parley => " + checkout + "\n"
	for name, text := range map[string]string{"go.mod": module, "main.go": example(t, serve(t))} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	goTool := func(env []string, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir = folder
		// Without a proxy, a dependency would have to come from nowhere.
		command.Env = append(os.Environ(), append(env, "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")...)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	goTool(nil, "vet", ".")
	out := goTool([]string{"PARLEY_SECRET=" + secret}, "run", ".")
	if !strings.Contains(out, "“The inn opens at noon and closes at ten.”") {
		t.Errorf("it printed %q", out)
	}
	for dependency := range strings.Lines(goTool(nil, "list", "-deps", ".")) {
		first, _, _ := strings.Cut(strings.TrimSpace(dependency), "/")
		if strings.Contains(first, ".") && first != "example.com" && strings.TrimSpace(dependency) != "github.com/parleyhq/parley/client" {
			t.Errorf("the client brings %s along", dependency)
		}
	}
}
