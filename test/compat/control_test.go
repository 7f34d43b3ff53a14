package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// control is what scripts may ask of the test: to kill and start the server,
// and what the provider saw.
func (b *bench) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /kill", func(http.ResponseWriter, *http.Request) { b.server.Kill() })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { b.server.Stop() })
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, r *http.Request) {
		if err := b.server.Start(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /roll", func(w http.ResponseWriter, r *http.Request) {
		if err := b.server.Roll(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /fail", func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(r.FormValue("status"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b.fake.Push(fakeprovider.Behaviour{Status: status})
	})
	mux.HandleFunc("POST /next", func(w http.ResponseWriter, r *http.Request) {
		if err := b.next(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("GET /asked", func(w http.ResponseWriter, r *http.Request) {
		request, times := b.asked(r.Context(), r.FormValue("text"))
		if request != nil {
			answer(w, map[string]any{"body": json.RawMessage(request.Body), "times": times})
		}
	})
	mux.HandleFunc("GET /cancelled", func(w http.ResponseWriter, r *http.Request) {
		request, _ := b.asked(r.Context(), r.FormValue("text"))
		if request == nil {
			return
		}
		if !request.Cancelled(r.Context()) {
			http.Error(w, "the request was answered to its end", http.StatusConflict)
			return
		}
		answer(w, map[string]any{"at": time.Now().UnixMilli()})
	})
	mux.HandleFunc("GET /sent", func(w http.ResponseWriter, _ *http.Request) { answer(w, b.sent()) })
	return mux
}

// sent gives the bodies of all requests that left the server, to models and services.
func (b *bench) sent() []string {
	bodies := b.services.bodies()
	for _, request := range b.fake.Requests() {
		bodies = append(bodies, string(request.Body))
	}
	return bodies
}

// next reads how the provider is to answer the next requests.
func (b *bench) next(list io.Reader) error {
	var answers []struct {
		Text  []string
		Stop  string
		Calls []struct{ ID, Name, Arguments string }
	}
	if err := json.NewDecoder(list).Decode(&answers); err != nil {
		return err
	}
	for _, a := range answers {
		behaviour := fakeprovider.Behaviour{Text: a.Text}
		if a.Stop == "length" {
			behaviour.Stop = fakeprovider.Length
		}
		for _, c := range a.Calls {
			behaviour.Calls = append(behaviour.Calls, fakeprovider.Call{ID: c.ID, Name: c.Name, Arguments: []string{c.Arguments}})
		}
		b.fake.Push(behaviour)
	}
	return nil
}

// asked waits for a request that holds a text, and counts such requests.
func (b *bench) asked(ctx context.Context, text string) (first *fakeprovider.Request, times int) {
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, 0
	}
	quoted = bytes.Trim(quoted, `"`)
	for n := 1; first == nil; n++ {
		request, err := b.fake.Await(ctx, n)
		if err != nil {
			return nil, 0
		}
		if bytes.Contains(request.Body, quoted) {
			first = request
		}
	}
	for _, request := range b.fake.Requests() {
		if bytes.Contains(request.Body, quoted) {
			times++
		}
	}
	return first, times
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the script has gone
}
