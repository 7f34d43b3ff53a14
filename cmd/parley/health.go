package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

func (p *program) healthCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running server whether it takes requests",
		Long: `Asks the server that runs on the data folder, through its socket there, or the
one that --url names. Where there is no socket, it asks the address that a server
with this configuration listens on. It prints "ready" and ends with 0, or says why
not and ends with 1. Containers and scripts use it where there is no curl; it is
what GET /readyz answers.`,
		Example: `  parley health
  parley health --url https://parley.example.com`,
		Args: cobra.NoArgs,
	}
	url := cmd.Flags().String("url", "", "the address of a server elsewhere")
	limit := cmd.Flags().Duration("timeout", 5*time.Second, "how long it may take to answer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		l, err := p.load(cmd)
		if err != nil {
			return err
		}
		return p.interruptible(cmd.Context(), func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, *limit)
			defer cancel()
			if err := askReady(ctx, l.Config, strings.TrimRight(*url, "/")); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.out, "ready")
			return err
		})
	}
	return cmd
}

// askReady fails unless the server is ready.
func askReady(ctx context.Context, cfg config.Config, url string) error {
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}
	defer client.CloseIdleConnections()
	if url != "" {
		return readyz(ctx, client, url)
	}
	socket, err := console.Dial(ctx, cfg.Data)
	if err == nil {
		defer socket.Close()
		return readyz(ctx, socket.HTTP(), console.BaseURL)
	}
	// Some file systems that containers mount have no sockets; the server
	// listens all the same.
	if address := ownAddress(cfg.Listen); errors.Is(err, console.ErrNoServer) && address != "" {
		if readyz(ctx, client, address) == nil {
			return nil
		}
		return fmt.Errorf("no server is running on %s, and none is ready at %s", cfg.Data, address)
	}
	return err
}

// ownAddress is where the server of this machine listens, if that is known
// beforehand.
func ownAddress(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func readyz(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	why, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("not ready: the answer has the status %s", resp.Status)
	}
	return fmt.Errorf("not ready: %s", strings.TrimSpace(string(why)))
}
