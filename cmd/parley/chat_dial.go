package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// reached is a server that a command talks to.
type reached struct {
	base, secret string
	http         *http.Client
	close        func() // lets connections go
}

// reach finds the server that the flags name, or the one of this machine, from
// which it gets a secret that works for a day.
func reach(ctx context.Context, cfg *config.Config, o chatOptions) (reached, error) {
	if o.url != "" {
		if o.secret == "" {
			return reached{}, errors.New("--url needs a secret: set PARLEY_SECRET, or give --secret")
		}
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
		return reached{o.url, o.secret, &http.Client{Transport: transport}, transport.CloseIdleConnections}, nil
	}
	socket, err := console.Dial(ctx, cfg.Data)
	if errors.Is(err, console.ErrNoServer) {
		return reached{}, fmt.Errorf("no server is running on %s: start one with \"parley serve\", or name one with --url", cfg.Data)
	}
	if err != nil {
		return reached{}, err
	}
	secret, err := socket.Chat(ctx, o.tenant)
	if err != nil {
		socket.Close()
		return reached{}, err
	}
	return reached{console.BaseURL, secret, socket.HTTP(), socket.Close}, nil
}

// dial gives a client of the server that the flags name.
func dial(ctx context.Context, cfg *config.Config, o chatOptions) (*client.Client, func(), error) {
	r, err := reach(ctx, cfg, o)
	if err != nil {
		return nil, func() {}, err
	}
	c, err := connect(r.base, r.secret, r.http)
	return c, r.close, err
}

func connect(base, secret string, h *http.Client) (*client.Client, error) {
	return client.New(client.WithBaseURL(base), client.WithSecret(secret), client.WithHTTPClient(h),
		client.WithUserAgent("parley-chat/"+version))
}
