package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/wire/mcp"
)

func TestMain(m *testing.M) {
	// net/http waits half a second after a refused body, also in a server that was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// bundle is a running server with this front, over the memory store and a model
// that plays scripts. It has two tenants.
type bundle struct {
	t       *testing.T
	url     string
	auth    *auth.Auth
	engine  *engine.Engine
	model   *scripted.Provider
	secret  string // of the tenant "one"
	foreign string // of the tenant "two"
	client  *http.Client
	version string // of the protocol that connect asks for
}

// asking is a set of one tool, which asks its user first.
type asking struct{}

func (asking) Tools(context.Context, string, tool.Want) ([]tool.Tool, error) {
	return []tool.Tool{asking{}}, nil
}

func (asking) Spec() tool.Spec { return tool.Spec{Name: "pay", Asks: convo.AsksConfirm} }

func (asking) Call(context.Context, tool.Call) (tool.Result, error) { return tool.Result{}, nil }

// eachVersion runs a test in a version with sessions and in one without.
func eachVersion(t *testing.T, test func(t *testing.T, version string)) {
	t.Helper()
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		t.Run("in version "+version, func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// setup starts one; change may set what differs from the usual.
func setup(t *testing.T, change func(*mcp.Options), scripts ...scripted.Script) *bundle {
	t.Helper()
	db := memory.New()
	b := &bundle{t: t, model: scripted.New(scripts...), auth: auth.New(db, time.Now), client: &http.Client{Transport: &http.Transport{}}, version: "2025-11-25"}
	box, err := seal.New(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	models, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{
		{Name: "scripted", Kind: "scripted", Provider: b.model, Models: []string{scripted.Name}, Window: 32000},
	}})
	must(t, err)
	t.Cleanup(models.Close)
	b.engine = engine.New(engine.Options{
		Store: db, Hub: hub.New(), Models: models, Sealer: box, Limits: engine.DefaultLimits(), NewSecret: auth.NewSecret,
		Tools: asking{},
	})
	must(t, b.engine.Start(t.Context()))
	b.secret, b.foreign = b.token("one"), b.token("two")
	o := mcp.Options{Server: mcp.Conversations(b.engine, "test", nil), Auth: b.auth}
	if change != nil {
		change(&o)
	}
	handler := mcp.New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	b.url = "http://" + l.Addr().String() + mcp.Path
	server := httpio.NewServer(handler, httpio.ServerOptions{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		must(t, server.Close())
		must(t, <-served)
		now, cancel := context.WithCancel(context.Background())
		cancel()
		must(t, b.engine.Drain(now))
		handler.Close()
		must(t, db.Close())
	})
	return b
}

func (b *bundle) token(tenant string) string {
	b.t.Helper()
	secret, _, err := b.auth.Create(b.t.Context(), tenant, "test", "", 0)
	must(b.t, err)
	return secret
}

// actor is who holds a secret.
func (b *bundle) actor(secret string) convo.Actor {
	b.t.Helper()
	actor, err := b.auth.Actor(b.t.Context(), secret)
	must(b.t, err)
	return actor
}

// bearer adds a token to requests.
type bearer struct {
	secret string
	next   http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.secret)
	return b.next.RoundTrip(r)
}

// connect begins a session of the SDK's client.
func (b *bundle) connect(secret string, o *sdk.ClientOptions) *sdk.ClientSession {
	b.t.Helper()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, o)
	session, err := client.Connect(b.t.Context(), &sdk.StreamableClientTransport{
		Endpoint: b.url, HTTPClient: &http.Client{Transport: bearer{secret, b.client.Transport}}, MaxRetries: -1,
	}, &sdk.ClientSessionOptions{ProtocolVersion: b.version})
	must(b.t, err)
	if got := session.InitializeResult().ProtocolVersion; got != b.version {
		b.t.Fatalf("they speak version %s, not %s", got, b.version)
	}
	b.t.Cleanup(func() { _ = session.Close() })
	return session
}

// call calls a tool and decodes its result into out.
func call(t *testing.T, s *sdk.ClientSession, tool string, arguments, out any) *sdk.CallToolResult {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	must(t, err)
	if result.IsError {
		t.Fatalf("%s failed: %s", tool, said(result))
	}
	if out != nil {
		encoded, err := json.Marshal(result.StructuredContent)
		must(t, err)
		must(t, json.Unmarshal(encoded, out))
	}
	return result
}

// refused calls a tool that has to fail, and gives what it says.
func refused(t *testing.T, s *sdk.ClientSession, tool string, arguments any) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	must(t, err)
	if !result.IsError {
		t.Fatalf("%s does not fail: %s", tool, said(result))
	}
	return said(result)
}

func said(r *sdk.CallToolResult) string {
	var all []string
	for _, c := range r.Content {
		if text, ok := c.(*sdk.TextContent); ok {
			all = append(all, text.Text)
		}
	}
	return strings.Join(all, "\n")
}

// answer is what send_message gives.
type answer struct{ ConversationID, MessageID, Text, Reason string }

type object map[string]any

// post sends a message of the protocol by hand.
func (b *bundle) post(secret, session, body string, header ...string) (int, http.Header, string) {
	b.t.Helper()
	return b.request(http.MethodPost, secret, session, body, header...)
}

func (b *bundle) request(method, secret, session, body string, header ...string) (int, http.Header, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url, strings.NewReader(body))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	resp, err := b.client.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(b.t, err)
	return resp.StatusCode, resp.Header, string(text)
}

const (
	initialize  = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	ping        = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
)

// begin begins a session by hand and gives its id.
func (b *bundle) begin(secret string) string {
	b.t.Helper()
	status, header, body := b.post(secret, "", initialize)
	id := header.Get("Mcp-Session-Id")
	if status != http.StatusOK || id == "" {
		b.t.Fatalf("a session does not begin: %d %s", status, body)
	}
	if status, _, body := b.post(secret, id, initialized); status != http.StatusAccepted {
		b.t.Fatalf("it is not accepted: %d %s", status, body)
	}
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
