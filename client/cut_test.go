package client_test

import (
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/test/process"
)

// wire is a line to a server that is cut after some bytes of each connection,
// wherever that is: in a header, a chunk, a line or a character.
type wire struct {
	listener net.Listener
	target   string
	budget   func() int64
	cuts     atomic.Int32 // how many are left

	group sync.WaitGroup
	mu    sync.Mutex
	open  map[net.Conn]bool
}

// newWire lays a wire to a server, which is cut n times.
func newWire(t *testing.T, server string, n int32, budget func() int64) *wire {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, target: target.Host, budget: budget, open: map[net.Conn]bool{}}
	w.cuts.Store(n)
	w.group.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.mu.Lock()
		for c := range w.open {
			_ = c.Close()
		}
		w.mu.Unlock()
		w.group.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.target)
		if err != nil {
			_ = c.Close()
			continue
		}
		w.mu.Lock()
		w.open[c], w.open[server] = true, true
		w.mu.Unlock()
		w.group.Go(func() {
			_, _ = io.Copy(server, c)
			_ = server.Close()
		})
		w.group.Go(func() {
			if bytes := w.budget(); w.cuts.Load() > 0 {
				if n, _ := io.CopyN(c, server, bytes); n == bytes {
					w.cuts.Add(-1)
				}
			} else {
				_, _ = io.Copy(c, server)
			}
			_ = c.Close()
			_ = server.Close()
		})
	}
}

func TestAStreamThatIsCutAnywhereGivesEachPieceOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			w := newWire(t, baseURL, 4, func() int64 {
				mu.Lock()
				defer mu.Unlock()
				return 1 + random.Int64N(1500)
			})
			plain := connect(t)
			id := converse(t, plain)
			c := connect(t, client.WithBaseURL("http://"+w.listener.Addr().String()), client.WithRetries(6))
			got := script(t, c.Conversation.CompleteStream(t.Context(), id, say("fake:slow n=60 rate=300")))
			var words []string
			if len(got) > 1 {
				words = strings.Fields(strings.TrimPrefix(got[1], "token "))
			}
			if len(got) != 6 || len(words) != 60 || words[0] != "word1" || words[59] != "word60" {
				t.Errorf("seed %d: got %q", seed, got)
			}
			page, err := plain.Conversation.Message.List(t.Context(), id, client.ListRequest{})
			if err != nil || len(page.Items) != 2 || w.cuts.Load() == 4 {
				t.Errorf("there are %d messages, %v; %d cuts are left", len(page.Items), err, w.cuts.Load())
			}
		})
	}
}

// A server that was killed says so in the turn that it could not finish; what
// it had shown is there, once.
func TestAStreamOutlivesItsServer(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := process.Build(t.Context(), folder, "github.com/parleyhq/parley/cmd/parley"); err != nil {
		t.Fatal(err)
	}
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	provider := fakeprovider.Start(t)
	server := &process.Server{
		Command: []string{filepath.Join(folder, "parley"), "serve"}, Address: address,
		Env: []string{
			"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_SECRET=" + apiSecret,
			"OPENAI_BASE_URL=" + provider.URL + "/v1",
		},
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	// A busy machine may need long to start the server again.
	c := connect(t, client.WithBaseURL("http://"+address), client.WithResumes(100))
	stream := c.Conversation.CompleteStream(t.Context(), converse(t, c), say("fake:slow n=1000 rate=100"))
	var text, whole strings.Builder
	var failed error
	tokens := 0
	for event, err := range stream.Events() {
		failed = err
		switch e := event.(type) {
		case client.TokenEvent:
			text.WriteString(e.Token)
			if tokens++; tokens == 5 {
				server.Kill()
				if err := server.Launch(); err != nil {
					t.Fatal(err)
				}
			}
		case client.MessageEvent:
			whole.WriteString(e.Message.Text)
		}
	}
	result := stream.Result()
	if failed == nil || result == nil || result.End.Reason != client.EndError {
		t.Fatalf("got %+v, %v", result, failed)
	}
	if !strings.HasPrefix(text.String(), "word1 word2 ") || text.String() != whole.String() || result.Text != whole.String() {
		t.Errorf("the pieces are %q, the message is %q, and the result %q", &text, &whole, result.Text)
	}
}
