// Command lossyserver is a server that breaks its promises, so that the crash
// test can show that it would notice: it shows what its store has not written
// yet. It is put together as the real one is, of the real parts, but for the
// store, which lies; and it is no part of the program.
//
//	-lie=text      pieces of answers are shown before they are written
//	-lie=messages  messages are acknowledged before they are written
//	-lie=nothing   the honest store, to show that the rest is as it should be
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/openai"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// tenant owns everything here.
const tenant = "default/default"

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "the address to listen on")
	data := flag.String("data", "", "the data folder")
	provider := flag.String("provider", "", "the base URL of the model provider")
	lie := flag.String("lie", "nothing", "what is shown before it is written: text, messages or nothing")
	flag.Parse()
	if err := run(context.Background(), *listen, *data, *provider, *lie); err != nil {
		fmt.Fprintln(os.Stderr, "lossyserver:", err)
		os.Exit(1)
	}
}

// run serves until the process is killed: that is what it is for.
func run(ctx context.Context, listen, folder, provider, lie string) error {
	data, err := sqlite.Open(ctx, folder, sqlite.Options{})
	if err != nil {
		return err
	}
	keeper := auth.New(data, time.Now)
	secret := auth.Configured{Tenant: tenant, Name: "secret", Secret: os.Getenv("PARLEY_SECRET")}
	if err := keeper.Reconcile(ctx, []auth.Configured{secret}); err != nil {
		return err
	}
	use, err := newEngine(lying(data, lie), provider)
	if err != nil {
		return err
	}
	if err := use.Start(ctx); err != nil {
		return err
	}
	api, err := chatbotkit.New(chatbotkit.Options{Engine: use, Auth: keeper, Log: slog.New(slog.DiscardHandler), BodyLimit: 1 << 20})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	return httpio.NewServer(withReadiness(api), httpio.ServerOptions{}).Serve(listener)
}

func lying(data store.Store, lie string) store.Store {
	switch lie {
	case "text":
		return newEager(data, text)
	case "messages":
		return newEager(data, messages)
	}
	return data
}

func newEngine(data store.Store, provider string) (*engine.Engine, error) {
	box, err := seal.New(make([]byte, 32)) // nothing here is worth a real key
	if err != nil {
		return nil, err
	}
	models, err := model.NewCatalog(model.CatalogConfig{Providers: []model.Configured{{
		Name: "openai", Kind: "openai", AnyName: true,
		Provider: openai.New(openai.Options{Name: "openai", BaseURL: provider}),
	}}})
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Options{
		Store: data, Hub: hub.New(), Models: models, Sealer: box,
		Limits: engine.DefaultLimits(), NewSecret: auth.NewSecret,
	}), nil
}

func withReadiness(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			_, _ = io.WriteString(w, "ok\n")
			return
		}
		api.ServeHTTP(w, r)
	})
}
