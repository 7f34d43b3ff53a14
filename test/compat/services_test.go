package compat_test

import (
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// services stands in for the services that a server asks beside its models: one of
// embeddings and one of moderation, both like OpenAI's. It keeps what it is asked.
type services struct {
	url string

	mu   sync.Mutex
	sent []string // the bodies of all requests
}

// serviceURL stands for the address of the services in the settings of a server.
const serviceURL = "{services}"

func newServices(t *testing.T) *services {
	t.Helper()
	s := &services{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) { s.embed(w, s.read(r)) })
	mux.HandleFunc("POST /v1/moderations", func(w http.ResponseWriter, r *http.Request) { s.judge(w, s.read(r)) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL + "/v1"
	return s
}

// set fills the address into settings.
func (s *services) set(settings []string) []string {
	filled := make([]string, len(settings))
	for i, setting := range settings {
		filled[i] = strings.ReplaceAll(setting, serviceURL, s.url)
	}
	return filled
}

func (s *services) read(r *http.Request) []byte {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, string(body))
	return body
}

// bodies gives what came so far.
func (s *services) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.sent...)
}

// embed gives each text a vector in which every word has a place of its own, so that
// texts with the same words are near to each other.
func (s *services) embed(w http.ResponseWriter, body []byte) {
	var in struct{ Input []string }
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	type embedding struct {
		Index  int       `json:"index"`
		Vector []float32 `json:"embedding"`
	}
	list := make([]embedding, len(in.Input))
	for i, text := range in.Input {
		vector := make([]float32, 64)
		vector[0] = 0.01 // no text is at no place
		for _, word := range strings.Fields(strings.ToLower(text)) {
			sum := fnv.New32a()
			_, _ = io.WriteString(sum, word) // a hash takes everything
			vector[sum.Sum32()%64]++
		}
		list[i] = embedding{i, vector}
	}
	answer(w, map[string]any{"data": list})
}

// judge flags what calls itself unspeakable.
func (s *services) judge(w http.ResponseWriter, body []byte) {
	flagged := strings.Contains(string(body), "unspeakable")
	answer(w, map[string]any{"results": []any{map[string]any{"flagged": flagged, "categories": map[string]bool{"violence": flagged}}}})
}
