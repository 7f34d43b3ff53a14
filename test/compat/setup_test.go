package compat_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/test/process"
)

// apiSecret is the secret of all servers here.
const apiSecret = "pk_compat_0123456789abcdefghijklmnopqrstuvwxyz"

// program holds the server's binary, which is built once.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "parley-compat-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "parley")
	return m.Run()
}

// needs makes ready what every test here needs, once, and says why it cannot.
var needs = sync.OnceValue(func() (missing string) {
	ctx := context.Background() // outlives the test that comes first
	if missing := needsNode(ctx); missing != "" {
		return missing
	}
	return needsPackages(ctx)
})

var build = sync.OnceValue(func() error {
	return process.Build(context.Background(), filepath.Dir(program), "github.com/parleyhq/parley/cmd/parley")
})

func setup(t *testing.T) {
	t.Helper()
	if missing := needs(); missing != "" {
		if os.Getenv("PARLEY_TEST_STRICT") == "1" {
			t.Fatal("PARLEY_TEST_STRICT=1, and " + missing)
		}
		t.Skip("SKIPPED, NOT TESTED: " + missing)
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
}

func needsNode(ctx context.Context) (missing string) {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "node is not installed: " + err.Error()
	}
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < 20 {
		return "node is " + version + ", and the packages need 20"
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "npm is not installed: " + err.Error()
	}
	return ""
}

// needsPackages installs what package-lock.json names, unless that was done
// before: a copy of the lock in node_modules says what is in it.
func needsPackages(ctx context.Context) (missing string) {
	stamp := filepath.Join("node_modules", ".installed-lock.json")
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err.Error()
	}
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, lock) {
		return ""
	}
	if out, err := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts").CombinedOutput(); err != nil {
		return "npm ci failed: " + err.Error() + "\n" + string(out)
	}
	if err := os.WriteFile(stamp, lock, 0o644); err != nil {
		return err.Error()
	}
	return ""
}

// bench is a server with its provider, and the test's hand on both.
type bench struct {
	server *process.Server
	fake   *fakeprovider.Server
}

func newBench(t *testing.T) *bench {
	t.Helper()
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	fake := fakeprovider.Start(t)
	b := &bench{fake: fake, server: &process.Server{
		Command: []string{program, "serve"},
		Address: address,
		Env: []string{
			"PARLEY_LISTEN=" + address,
			"PARLEY_DATA=" + filepath.Join(t.TempDir(), "data"),
			"PARLEY_SECRET=" + apiSecret,
			"PARLEY_LOG_LEVEL=warn",
			"OPENAI_BASE_URL=" + fake.URL + "/v1",
			"ANTHROPIC_BASE_URL=" + fake.URL,
			"ANTHROPIC_API_KEY=any",
			`PARLEY_PROVIDERS=[{name: small, kind: openai, baseURL: "` + fake.URL + `/v1", models: [one]}]`,
		},
	}}
	if err := b.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.server.Kill()
		if t.Failed() {
			t.Log("the server printed:\n" + b.server.Output())
		}
	})
	return b
}
