package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// BenchmarkTokenRelayed measures a token's way from the provider to the
// client: straight, through a bare reverse proxy, and through Parley, stateless
// and stateful. Provider, client and what is between them share the process,
// so what a hop costs is the difference to "straight". cpu-ns/token is the
// process's own time, user and system.
func BenchmarkTokenRelayed(b *testing.B) {
	provider := httptest.NewServer(http.HandlerFunc(tokens))
	defer provider.Close()
	proxy := reverseProxy(b, provider.URL)
	server, secret := benchServer(b, provider.URL)
	ask := func(base, path, body string) func(n int) error {
		return func(n int) error {
			return readStream(base+path, secret, fmt.Sprintf(body, n))
		}
	}
	const prompt = `{"model":"m","stream":true,"messages":[{"role":"user","content":"%d"}]}`
	const stateless = `{"messages":[{"type":"user","text":"%d"}]}`
	for _, rate := range []struct {
		name    string
		streams int
		pause   time.Duration
	}{{"50 a second, 64 streams", 64, 20 * time.Millisecond}, {"at full speed, 16 streams", 16, 0}} {
		pause.Store(int64(rate.pause))
		run := func(name string, stream func(n int) error) {
			b.Run(rate.name+"/"+name, func(b *testing.B) { benchStreams(b, rate.streams, stream) })
		}
		run("straight", ask(provider.URL, "/chat/completions", prompt))
		run("proxy", ask(proxy, "/chat/completions", prompt))
		run("parley stateless", ask(server, "/v1/conversation/complete", stateless))
		run("parley stateful", func(n int) error {
			id, err := newConversation(server, secret)
			if err != nil {
				return err
			}
			return readStream(server+"/v1/conversation/"+id+"/complete", secret, fmt.Sprintf(`{"text":"%d"}`, n))
		})
	}
}

// benchStreams shares b.N tokens among streams.
func benchStreams(b *testing.B, streams int, stream func(n int) error) {
	b.ReportAllocs()
	before := cpu()
	var all sync.WaitGroup
	each := max(b.N/streams, 1)
	b.ResetTimer()
	for range streams {
		all.Go(func() {
			if err := stream(each); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(cpu()-before)/float64(each*streams), "cpu-ns/token")
}

func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pause is how long the provider waits between tokens, in nanoseconds.
var pause atomic.Int64

// tokens answers with as many tokens as the last user message says; what a
// driver adds to that stands behind it.
func tokens(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request struct{ Messages []struct{ Content string } }
	_ = json.Unmarshal(body, &request)
	n := 0
	for _, m := range request.Messages {
		first, _, _ := strings.Cut(m.Content, "\n")
		if asked, err := strconv.Atoi(first); err == nil {
			n = asked
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	wait := time.Duration(pause.Load())
	ticker := time.NewTicker(max(wait, 1))
	defer ticker.Stop()
	for range n {
		_, _ = io.WriteString(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}`+"\n\n")
		_ = out.Flush()
		if wait > 0 {
			<-ticker.C
		}
	}
	_, _ = io.WriteString(w, `data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
}

func reverseProxy(b *testing.B, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(u) },
		FlushInterval: -1,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 100},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A buffered body: else fast answers race with the copy of the request.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func benchServer(b *testing.B, provider string) (url, secret string) {
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "OPENAI_BASE_URL=" + provider, "PARLEY_MODEL=openai/m",
	}})
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.New(b.Context(), l.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	<-a.Ready()
	b.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			b.Error(err)
		}
		_ = a.Close()
	})
	return a.URL(), a.Secrets()[0].Secret
}

var benchClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

func post(url, secret, body string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Accept", "application/jsonl")
	r.Header.Set("Content-Type", "application/json")
	return benchClient.Do(r)
}

func readStream(url, secret, body string) error {
	response, err := post(url, secret, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 8<<20)
	var last string
	shown := 0
	for lines.Scan() {
		if text := lines.Text(); text != "" {
			last = text
			shown += strings.Count(text, " token\"") // one piece of text, or several in one line
		}
	}
	if shown == 0 {
		return fmt.Errorf("the stream had no tokens; it ended with %q", last)
	}
	if !strings.Contains(last, "[DONE]") && !strings.Contains(last, `"reason":"stop"`) {
		return fmt.Errorf("the stream ended with %q, status %d", last, response.StatusCode)
	}
	return lines.Err()
}

func newConversation(base, secret string) (string, error) {
	response, err := post(base+"/v1/conversation/create", secret, "{}")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var created struct{ ID string }
	return created.ID, json.NewDecoder(response.Body).Decode(&created)
}

// BenchmarkDurableTurn measures whole turns, of 64 callers with a conversation
// each, with a model inside the process that answers at once: the user's
// message and the answer are synced. "raw" writes the same events through the
// same driver in two commits a turn, with nothing around them.
func BenchmarkDurableTurn(b *testing.B) {
	const callers = 64
	b.Run("raw", func(b *testing.B) {
		data := openBench(b)
		benchTurns(b, callers, func(caller int) func() error { return rawTurns(data, caller) })
	})
	b.Run("parley", func(b *testing.B) {
		data := openBench(b)
		box, err := seal.New(make([]byte, 32))
		if err != nil {
			b.Fatal(err)
		}
		e := engine.New(engine.Options{
			Store: data, Hub: hub.New(), Models: instant{}, Sealer: box, Limits: engine.DefaultLimits(),
		})
		if err := e.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		defer e.Drain(context.Background())
		benchTurns(b, callers, func(caller int) func() error { return engineTurns(e, caller) })
	})
}

func openBench(b *testing.B) *sqlite.Store {
	data, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = data.Close() })
	return data
}

func benchTurns(b *testing.B, callers int, open func(caller int) func() error) {
	turns := make([]func() error, callers)
	for i := range turns {
		turns[i] = open(i)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for _, turn := range turns {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				if err := turn(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

const (
	question = "How many guests can the inn take on a winter's night?"
	reply    = "It has eleven rooms, so about twenty, and the stable."
)

func rawTurns(data store.Store, caller int) func() error {
	id := "c" + strconv.Itoa(caller)
	write := func(turn string, bodies ...convo.Body) error {
		_, err := data.Update(context.Background(), "t", id, store.Durable, func(tx store.Tx) error {
			for _, body := range bodies {
				if err := tx.Append(convo.Event{At: time.Now().UTC(), Turn: turn, Body: body}); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	}
	n := int64(0)
	return func() error {
		if n == 0 {
			if err := write("", convo.ConversationCreated{}); err != nil {
				return err
			}
		}
		n++
		turn, user, bot := fmt.Sprint(id, "t", n), fmt.Sprint(id, "u", n), fmt.Sprint(id, "b", n)
		if err := write(turn, convo.TurnOpened{}, convo.MessageGiven{ID: user, Fields: convo.MessageFields{Type: convo.User}, Text: question},
			convo.TurnQueued{}, convo.TurnStarted{Slot: n}); err != nil {
			return err
		}
		return write(turn, convo.ModelAsked{Model: "m"}, convo.MessageStarted{ID: bot, Place: convo.Place(n, 1), Type: convo.Bot},
			convo.Delta{Message: bot, Type: convo.Bot, Text: reply}, convo.MessageEnded{ID: bot, Place: convo.Place(n, 1), Type: convo.Bot, Text: reply},
			convo.ModelAnswered{Model: "m"}, convo.TurnEnded{Reason: convo.EndDone})
	}
}

func engineTurns(e *engine.Engine, caller int) func() error {
	ctx, actor := context.Background(), convo.Actor{Tenant: "t", Token: "token"}
	var id string
	text := question
	return func() error {
		if id == "" {
			created, err := e.CreateConversation(ctx, actor, engine.NewConversation{}, nil)
			if err != nil {
				return err
			}
			id = created.Conversation.ID
		}
		body := sha256.Sum256([]byte(text))
		r, err := e.Complete(ctx, actor, id, engine.TurnInput{Text: &text}, &engine.Ask{Operation: id, Body: body})
		if err != nil {
			return err
		}
		return r.Each(ctx, func([]convo.Event) error { return nil })
	}
}

// instant is a model that answers at once, for a window of ten messages.
type instant struct{}

func (instant) Resolve(context.Context, string) (model.Choice, error) {
	return model.Choice{Provider: instant{}, Name: "m", ID: "m", Window: 32_000, MaxMessages: 10}, nil
}

func (instant) List(context.Context) []model.Listed { return nil }

func (instant) Models(context.Context) ([]model.Info, error) { return nil, nil }

func (instant) Stream(context.Context, *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		_ = yield(model.Event{Type: model.Text, Text: reply}, nil) && yield(model.Event{Type: model.Finish, Stop: model.StopEnd}, nil)
	}
}
