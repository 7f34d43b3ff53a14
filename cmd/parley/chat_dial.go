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

// dial reaches the server that the flags name, or the one of this machine.
func dial(ctx context.Context, cfg *config.Config, o chatOptions) (*client.Client, func(), error) {
	if o.url != "" {
		if o.secret == "" {
			return nil, func() {}, errors.New("--url needs a secret: set PARLEY_SECRET, or give --secret")
		}
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
		c, err := connect(o.url, o.secret, &http.Client{Transport: transport})
		return c, transport.CloseIdleConnections, err
	}
	socket, err := console.Dial(ctx, cfg.Data)
	if errors.Is(err, console.ErrNoServer) {
		return nil, func() {}, fmt.Errorf("no server is running on %s: start one with \"parley serve\", or name one with --url", cfg.Data)
	}
	if err != nil {
		return nil, func() {}, err
	}
	secret, err := socket.Chat(ctx, o.tenant)
	if err != nil {
		socket.Close()
		return nil, func() {}, err
	}
	c, err := connect(console.BaseURL, secret, socket.HTTP())
	return c, socket.Close, err
}

func connect(base, secret string, h *http.Client) (*client.Client, error) {
	return client.New(client.WithBaseURL(base), client.WithSecret(secret), client.WithHTTPClient(h),
		client.WithUserAgent("parley-chat/"+version))
}
