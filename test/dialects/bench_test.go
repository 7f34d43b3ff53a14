package dialects_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/auth"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/openai"
	"github.com/parleyhq/parley/internal/seal"
	"github.com/parleyhq/parley/internal/store/memory"
	"github.com/parleyhq/parley/internal/wire/chatbotkit"
)

// hundred is a request with 100 functions, whose schemas have 2 KiB.
func hundred() []byte {
	var functions []string
	for i := range 100 {
		var inner []string
		for p := range 14 {
			inner = append(inner, fmt.Sprintf(`"property_%d_%d":{"type":"string","nullable":true,"description":"%s"}`, i, p, strings.Repeat("what it is ", 7)))
		}
		functions = append(functions, fmt.Sprintf(`{"name":"function_%d","description":"It does something.","parameters":{"type":"object","properties":{%s}},"result":{"data":1}}`, i, strings.Join(inner, ",")))
	}
	return []byte(`{"text":"Hello","functions":[` + strings.Join(functions, ",") + `]}`)
}

// server gives what answers requests, over a provider that says "Hi", and a token.
func server(b *testing.B) (http.Handler, string) {
	b.Helper()
	canned := modeltest.Canned("data: " + `{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	box, err := seal.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		b.Fatal(err)
	}
	store := memory.New()
	tokens := auth.New(store, time.Now)
	e := engine.New(engine.Options{
		Store: store, Hub: hub.New(), Sealer: box, Limits: engine.DefaultLimits(), NewSecret: auth.NewSecret,
		Models: only{name: "gpt-4o", provider: openai.New(openai.Options{Transport: canned})},
	})
	if err := e.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background()) // the benchmark's own has ended
		cancel()
		e.Drain(now)
		store.Close()
	})
	secret, _, err := tokens.Create(b.Context(), "t", "bench", "", 0)
	if err != nil {
		b.Fatal(err)
	}
	front, err := chatbotkit.New(chatbotkit.Options{Engine: e, Auth: tokens, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return front, secret
}

// send sends one request.
func send(b *testing.B, front http.Handler, secret, path string, body []byte) string {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	front.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("got %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// inConversation makes a conversation for one turn.
func inConversation(b *testing.B, front http.Handler, secret string, body []byte) {
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(send(b, front, secret, "/v1/conversation/create", []byte(`{}`))), &made); err != nil {
		b.Fatal(err)
	}
	send(b, front, secret, "/v1/conversation/"+made.ID+"/complete", body)
}

// BenchmarkHundredFunctions measures a whole turn with 100 functions, from the
// request's bytes to those that the provider gets and the answer, without a
// network. The first is what to compare with: to decode and encode the same body
// once.
func BenchmarkHundredFunctions(b *testing.B) {
	body := hundred()
	b.Run("decode and encode the body", func(b *testing.B) {
		for b.Loop() {
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, sent := range [][]byte{[]byte(`{"text":"Hello"}`), body} {
		name := fmt.Sprint("a body of ", len(sent), " bytes")
		b.Run("stateless/"+name, func(b *testing.B) {
			front, secret := server(b)
			for b.Loop() {
				send(b, front, secret, "/v1/conversation/complete", sent)
			}
		})
		b.Run("in a conversation/"+name, func(b *testing.B) {
			front, secret := server(b)
			for b.Loop() {
				inConversation(b, front, secret, sent)
			}
		})
	}
}
