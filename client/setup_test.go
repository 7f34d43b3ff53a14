package client_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// apiSecret is the secret of the server.
const apiSecret = "pk_client_0123456789abcdefghijklmnopqrstuvwxyz"

// baseURL is where a Parley server answers that all tests share, with a model
// that says "You said: " and what the user said. It is set once, before the
// first test.
var baseURL string

func TestMain(m *testing.M) { goleak.VerifyTestMain(served{m}) }

// served runs the tests with the server, which is gone when leaks are looked
// for.
type served struct{ m *testing.M }

func (s served) Run() int {
	var c closers
	defer c.close()
	c.Cleanup(http.DefaultClient.CloseIdleConnections)
	baseURL, _ = serve(&c)
	return s.m.Run()
}

// cleaner is a test, or what stands in for one.
type cleaner interface {
	Cleanup(func())
	Fatal(...any)
}

// closers stands in for a test where there is none.
type closers struct{ all []func() }

func (c *closers) Cleanup(f func())  { c.all = append(c.all, f) }
func (c *closers) Fatal(args ...any) { panic(args) }

func (c *closers) close() {
	for i := len(c.all) - 1; i >= 0; i-- {
		c.all[i]()
	}
}

// serve runs a Parley server and the provider of its model.
func serve(c cleaner) (address string, provider *fakeprovider.Server) {
	provider = fakeprovider.Start(c)
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "PARLEY_SECRET=" + apiSecret,
		"OPENAI_BASE_URL=" + provider.URL + "/v1", "PARLEY_SPEECH_PROVIDER=openai",
	}})
	if err != nil {
		c.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background()) // of the server
	a, err := app.New(ctx, l.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	c.Cleanup(func() {
		stop()
		if err := errors.Join(<-ran, a.Close()); err != nil {
			c.Fatal(err)
		}
	})
	<-a.Ready()
	return a.URL(), provider
}

// connect makes a client of the shared server, or of another one that options
// name, with connections of its own.
func connect(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	own := []client.Option{
		client.WithBaseURL(baseURL), client.WithSecret(apiSecret), client.WithHTTPClient(&http.Client{Transport: transport}),
	}
	c, err := client.New(append(own, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// converse makes a conversation.
func converse(t *testing.T, c *client.Client) string {
	t.Helper()
	created, err := c.Conversation.Create(t.Context(), client.ConversationCreateRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// say is a request with a text.
func say(text string) client.CompleteRequest { return client.CompleteRequest{Text: client.Set(text)} }
