package live_test

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/client/live"
	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// secret is the secret of the server.
const secret = "pk_live_0123456789abcdefghijklmnopqrstuvwxyz"

// The agents of the server.
const (
	plainAgent = 101
	toolsAgent = 102
)

// baseURL is where a Parley server answers that examples and tests share, with a
// model that says "You said: " and what the user said, and provider is that
// model. They are set once, before the first test.
var (
	baseURL  string
	provider *fakeprovider.Server
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(served{m}) }

// served runs the tests with the server, which is gone when leaks are looked
// for.
type served struct{ m *testing.M }

func (s served) Run() int {
	var c closers
	defer c.close()
	c.Cleanup(http.DefaultClient.CloseIdleConnections)
	serve(&c)
	return s.m.Run()
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
func serve(c *closers) {
	provider = fakeprovider.Start(c)
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "PARLEY_SECRET=" + secret,
		"OPENAI_BASE_URL=" + provider.URL + "/v1",
		`PARLEY_AGENTS=[
			{id: plain, number: 101, name: Innkeeper, description: Knows the inn, mcp: [{name: test, url: "http://127.0.0.1:1/mcp", connector: crm, title: Test}]},
			{id: tools, number: 102, name: Cashier, tools: [
				{name: pay, description: Pays, confirm: true, input: {type: object, properties: {amount: {type: number}}}, result: {paid: true}},
				{name: locate, description: Where the user is, client: true, input: {type: object}},
			]},
		]`,
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
	baseURL = a.URL()
}

// dial makes the client of the examples.
func dial() *live.Client {
	c, err := live.New(live.WithBaseURL(baseURL), live.WithSecret(secret))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// converse makes a conversation for an example.
func converse(c *live.Client, agent int64) *live.Conversation {
	conversation, err := c.Conversation.Create(context.Background(), live.ConversationCreateRequest{
		AgentID: agent, FolderID: 1, AutogenerateLabel: client.Set(false), // the model is asked for what the examples say, and for nothing else
	})
	if err != nil {
		log.Fatal(err)
	}
	return conversation
}

// talk says a text in a conversation, waits for the answer, and gives the id of
// the exchange.
func talk(conversation *live.Conversation, text string) (exchange string) {
	session := conversation.StartSession(live.SessionOptions{})
	session.OnExchangeStart(func(x *live.ExchangeStream) {
		x.OnExchangeEnd(func(live.ExchangeEnd) { conversation.EndSession() })
	})
	x, err := session.StartExchange(live.ExchangeStart{})
	if err != nil {
		log.Fatal(err)
	}
	if err := x.SendMessageWithContentPart(live.Content{Data: text}); err != nil {
		log.Fatal(err)
	}
	if err := session.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	return x.ID()
}
