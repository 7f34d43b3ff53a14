package compat_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/test/npm"
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
	return npm.Install(context.Background()) // outlives the test that comes first
})

var build = sync.OnceValue(func() error {
	return process.Build(context.Background(), filepath.Dir(program), "github.com/parleyhq/parley/cmd/parley")
})

func setup(t *testing.T) {
	t.Helper()
	npm.Require(t, needs())
	if err := build(); err != nil {
		t.Fatal(err)
	}
}

// bench is a server with its provider, and the test's hand on both.
type bench struct {
	server   *process.Server
	fake     *fakeprovider.Server
	services *services
}

// newBench starts a server, with more settings than all have.
func newBench(t *testing.T, more ...string) *bench {
	t.Helper()
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	fake, services := fakeprovider.Start(t), newServices(t)
	b := &bench{fake: fake, services: services, server: &process.Server{
		Command: []string{program, "serve"},
		Address: address,
		Env: append([]string{
			"PARLEY_LISTEN=" + address,
			"PARLEY_DATA_WAIT=1m",
			"PARLEY_DATA=" + filepath.Join(t.TempDir(), "data"),
			"PARLEY_SECRET=" + apiSecret,
			"PARLEY_LOG_LEVEL=warn",
			"OPENAI_BASE_URL=" + fake.URL + "/v1",
			"ANTHROPIC_BASE_URL=" + fake.URL,
			"ANTHROPIC_API_KEY=any",
			`PARLEY_PROVIDERS=[{name: small, kind: openai, baseURL: "` + fake.URL + `/v1", models: [one]}]`,
		}, services.set(more)...),
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
