// Package fakeprovider is a model provider for tests, over HTTP. It speaks the
// chat completions of OpenAI (POST …/chat/completions), the messages of
// Anthropic (POST …/messages), Gemini's streamGenerateContent and Ollama's
// /api/chat, and the lists of models of all four, and refuses requests that the
// real ones would refuse. Gemini and Ollama give a call whole, so its pieces
// come together there.
//
// Its answer is the same for the same request: it says "You said: " and the
// last user text, word by word, and reports a usage; after the result of a tool
// it says "The tool said: " and the result. What the drivers mark as information
// or as an instruction is no user text.
//
// It misbehaves when it is told to: by [Server.Push], or, so that another
// process can tell it, by a name of a model or a last user text that begins
// with "fake:". After that come a word and options, as in
// "fake:slow n=100 rate=20":
//
//	fake:ok                     the usual answer
//	fake:429 retry=2            that status, at once; any of 400 to 599. retry is Retry-After
//	fake:cut after=2            ends the stream after two pieces, without a reason
//	fake:break after=2          breaks the connection
//	fake:garbage after=2        sends a line that is no JSON
//	fake:huge after=2           sends a line of 2 MiB
//	fake:silence after=2        sends nothing more until the caller goes
//	fake:mute                   does not even begin to answer
//	fake:error after=2          reports an error inside the stream
//	fake:reasoning              thinks before it speaks
//	fake:calls n=2              calls the first tool n times, one call after the other
//	fake:interleaved n=2        the same with the pieces of the calls mixed
//	fake:forever                calls again after every result, and never speaks
//	fake:length, fake:refused   the usual answer, ended by a limit or by a refusal
//	fake:empty                  an answer without text
//	fake:nousage                the usual answer, without a usage
//	fake:split                  every byte in a packet of its own
//	fake:slow n=100 rate=20     n words, 20 a second; rate=0 as fast as it can
//
// The options go with every word where they make sense. Those of calls are:
//
//	tool=a,b     calls these by turns, whether they are offered or not; tool=* all that are
//	args={"x":1} with these arguments, JSON or not, without blanks; args= with none.
//	             Else they fit what the tool's schema requires
//	rounds=3     calls in three answers, and then speaks
//	id=same      gives every call that id
//	say=Look     says that before
//	then=A_[1].  says that when the tools have answered; _ stands for a blank
//	think=1      thinks before, and where the API has it, signs its thoughts
//
// A tool that the request forces is called unless something else is ordered.
//
// It also writes down speech (POST …/audio/transcriptions): "You spoke 44 bytes of
// wav.", or as a model's name says: fake:empty, fake:mute, fake:503.
package fakeprovider

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxRequest bounds a request's body.
const maxRequest = 64 << 20

// Server is the provider. Make it with New or Start.
type Server struct {
	URL string // of a started server, without /v1

	closed chan struct{}

	mu       sync.Mutex // guards what follows
	queue    []Behaviour
	requests []*Request
	came     chan struct{} // closed and replaced when a request comes
	models   []string
	key      string
}

// Request is a request for an answer, as it came.
type Request struct {
	Dialect     string // "openai", "anthropic", "gemini" or "ollama"
	Path        string
	Header      http.Header
	Body        []byte
	MaxTokens   *int64 // of the answer, as the dialect says it
	Temperature *float64
	Tools       []string // the names of those that are offered
	Forced      string   // the one that has to be called
	Signed      int      // calls and thoughts that came back with what the fake gave them
	Images      [][]byte // what users showed
	over        chan struct{}
	cancelled   bool
}

// Cancelled waits for the end of the request, and reports whether the caller
// went away before its answer was complete.
func (r *Request) Cancelled(ctx context.Context) bool {
	select {
	case <-r.over:
		return r.cancelled
	case <-ctx.Done():
		return false
	}
}

// New makes a server that listens nowhere yet: it is an http.Handler.
func New() *Server {
	return &Server{closed: make(chan struct{}), models: []string{"fake-1", "fake-2"}, came: make(chan struct{})}
}

// Start makes a server and lets it listen on a free port, until the test ends.
func Start(t interface {
	Cleanup(func())
	Fatal(...any)
}) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New()
	s.URL = "http://" + listener.Addr().String()
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with ErrServerClosed
	t.Cleanup(func() {
		s.Close()
		_ = server.Close() // the test is over
		serving.Wait()
	})
	return s
}

// Close ends all answers that wait for something. It is called once.
func (s *Server) Close() { close(s.closed) }

// Push tells how the next requests are answered, one each.
func (s *Server) Push(behaviours ...Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, behaviours...)
}

// SetModels sets the list of models.
func (s *Server) SetModels(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.models = names
}

// SetKey makes the server refuse requests without that key. It quotes the key
// that it got in its answer, as real ones do in part.
func (s *Server) SetKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// Requests gives the requests for answers so far.
func (s *Server) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Await waits until n requests for answers have come, and gives the last one.
func (s *Server) Await(ctx context.Context, n int) (*Request, error) {
	for {
		s.mu.Lock()
		came, have := s.came, len(s.requests)
		if have >= n {
			defer s.mu.Unlock()
			return s.requests[n-1], nil
		}
		s.mu.Unlock()
		select {
		case <-came:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := dialectOf(r)
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Api-Key") + r.Header.Get("X-Goog-Api-Key")
	s.mu.Lock()
	wanted, models := s.key, s.models
	s.mu.Unlock()
	switch {
	case wanted != "" && key != wanted:
		refuse(w, d, Behaviour{Status: http.StatusUnauthorized, Message: "Incorrect API key provided: " + key})
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/v1beta/models"):
		writeJSON(w, http.StatusOK, geminiList(models))
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/models"):
		writeJSON(w, http.StatusOK, modelList(models))
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/api/tags"):
		writeJSON(w, http.StatusOK, ollamaList(models))
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/api/show"):
		writeJSON(w, http.StatusOK, object{"capabilities": []string{"completion", "tools"}, "model_info": object{"llama.context_length": 131072}})
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/audio/transcriptions"):
		transcribe(w, r)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/audio/speech"):
		speak(w, r)
	case r.Method == http.MethodPost && d != nil:
		s.answer(w, r, d)
	default:
		refuse(w, openAI{}, Behaviour{Status: http.StatusNotFound, Message: "no such path: " + r.URL.Path})
	}
}

func modelList(names []string) any {
	type item struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Type   string `json:"type"`
	}
	items := make([]item, len(names))
	for i, name := range names {
		items[i] = item{name, "model", "model"}
	}
	return map[string]any{"object": "list", "data": items, "has_more": false}
}

func geminiList(names []string) any {
	items := make([]object, len(names))
	for i, name := range names {
		items[i] = object{"name": "models/" + name, "inputTokenLimit": 1048576, "outputTokenLimit": 65536, "supportedGenerationMethods": []string{"generateContent", "countTokens"}}
	}
	return object{"models": items}
}

func ollamaList(names []string) any {
	items := make([]object, len(names))
	for i, name := range names {
		items[i] = object{"name": name, "model": name, "modified_at": "2026-01-02T03:04:05Z", "digest": "sha256:" + name}
	}
	return object{"models": items}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, d dialect) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil {
		return
	}
	asked, err := d.parse(body)
	asked.obey()
	request := &Request{
		Dialect: d.name(), Path: r.URL.Path, Header: r.Header.Clone(), Body: body, over: make(chan struct{}),
		MaxTokens: asked.maxTokens, Temperature: asked.temperature, Forced: asked.forced, Signed: asked.signed, Images: asked.images,
	}
	for _, t := range asked.tools {
		request.Tools = append(request.Tools, t.name)
	}
	defer close(request.over)
	pushed := s.record(request)
	if err != nil {
		refuse(w, d, Behaviour{Status: http.StatusBadRequest, Message: err.Error()})
		return
	}
	b := asked.behaviour()
	if pushed != nil {
		b = *pushed
	}
	p := player{w: w, ctx: r.Context(), closed: s.closed, dialect: d}
	// Whoever breaks the connection here takes this way as well.
	defer func() { request.cancelled = !p.complete && r.Context().Err() != nil }()
	p.play(b.complete(asked))
}

func (s *Server) record(r *Request) *Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	close(s.came)
	s.came = make(chan struct{})
	if len(s.queue) == 0 {
		return nil
	}
	b := s.queue[0]
	s.queue = s.queue[1:]
	return &b
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone
}
