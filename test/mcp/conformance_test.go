package mcp_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/wire/mcp"
	"github.com/parleyhq/parley/test/npm"
	"github.com/parleyhq/parley/test/process"
	"github.com/parleyhq/parley/test/strict"
)

// apiSecret is the secret of the servers here.
const apiSecret = "pk_conformance_0123456789abcdefghijklmnopq"

// needs makes ready what the tests need, once, and says why it cannot.
var needs = sync.OnceValue(func() (missing string) {
	return npm.Install(context.Background()) // outlives the test that comes first
})

func TestTheServerConforms(t *testing.T) {
	t.Parallel()
	node := newerNode(t)
	server := serve(t, nil)
	conform(t, node, "http://"+server.Address, "server.yaml")
}

// program is where the server's binary is, once it is built.
var program string

var build = sync.OnceValue(func() error {
	return process.Build(context.Background(), filepath.Dir(program), "github.com/parleyhq/parley/cmd/parley") // outlives the test that comes first
})

// serve starts a server with further settings and arguments.
func serve(t *testing.T, env []string, arguments ...string) *process.Server {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	server := &process.Server{
		Command: append([]string{program, "serve"}, arguments...), Address: address,
		Env: append([]string{
			"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + filepath.Join(t.TempDir(), "data"),
			"PARLEY_SECRET=" + apiSecret, "PARLEY_LOG_LEVEL=warn",
		}, env...),
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Kill()
		if t.Failed() {
			t.Log("the server printed:\n" + server.Output())
		}
	})
	return server
}

func TestTheServingPartConformsWithMoreTools(t *testing.T) {
	t.Parallel()
	node := newerNode(t)
	handler := mcp.New(mcp.Options{Server: fixtures(), Auth: everybody{}})
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener
	own := httpio.NewServer(handler, httpio.ServerOptions{})
	served := make(chan error, 1)
	go func() { served <- own.Serve(address) }()
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
		<-served
		handler.Close()
	})
	conform(t, node, "http://"+address.Addr().String(), "fixtures.yaml")
}

// everybody lets everybody in.
type everybody struct{}

func (everybody) Actor(context.Context, string) (convo.Actor, error) {
	return convo.Actor{Tenant: "default/default", Token: "test"}, nil
}

func (everybody) Remembers(string) bool { return true }

// newerNode gives the node that the packages bring, or the machine's own where
// there is none for it.
func newerNode(t *testing.T) string {
	t.Helper()
	npm.Require(t, needs())
	node, err := filepath.Abs("node_modules/.bin/node")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(node); err == nil {
		return node
	}
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	if err != nil || strings.HasPrefix(string(out), "v20.") {
		strict.Missing(t, "the conformance tests need node 22, and there is no package of it for this machine")
	}
	return "node"
}

// conform runs all scenarios against a server, which is given the token with
// each request. Those that a file lists have to fail, and no others.
func conform(t *testing.T, node, server, expected string) {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // some scenarios send another one than the server's
		r.Out.Header.Set("Authorization", "Bearer "+apiSecret)
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Whole before it is passed on: net/http ends a request's body with the first
		// byte of its answer, and a proxy that still looks for the body's end then
		// cuts the answer.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	cmd := exec.CommandContext(t.Context(), node, "node_modules/@modelcontextprotocol/conformance/dist/index.js",
		"server", "--url", proxy.URL+mcp.Path, "--suite", "all", "--expected-failures", expected, "--output-dir", t.TempDir())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the scenarios do not end as %s says: %v", expected, err)
	}
	if !strings.Contains(string(out), "server-initialize: 1 passed") {
		t.Error("the scenarios did not run")
	}
}

func TestTheLockNamesNoHost(t *testing.T) {
	t.Parallel()
	npm.CheckLock(t)
}
