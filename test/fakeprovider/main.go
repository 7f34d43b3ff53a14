// Command fakeprovider is a model provider for tests in other processes. It
// listens on a free port of this machine, or on the address that -listen gives,
// prints the address, and answers until it is told
// to stop. What it does by default, and how it is told to misbehave, stands at
// the package internal/model/modeltest/fakeprovider; a user text like
// "fake:cut after=3" is enough.
//
//	go run ./test/fakeprovider
//	OPENAI_BASE_URL=http://127.0.0.1:40123/v1 go run ./cmd/parley serve
//	ANTHROPIC_BASE_URL=http://127.0.0.1:40123 ANTHROPIC_API_KEY=any go run ./cmd/parley serve
//	GEMINI_BASE_URL=http://127.0.0.1:40123 GEMINI_API_KEY=any go run ./cmd/parley serve
//	OLLAMA_HOST=127.0.0.1:40123 go run ./cmd/parley serve
//
// With -listen 127.0.0.1:11434 a server finds it as it would find an Ollama.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "the address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "fakeprovider:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	fake := fakeprovider.New()
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		fake.Close()
		_ = server.Close() // nobody is left to be told
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}
