package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// models gives the list of models by id.
func (s *server) models() map[string]map[string]any {
	s.t.Helper()
	status, out := s.call("GET", "/v1/platform/model/list?take=1000", "")
	items, ok := out["items"].([]any)
	if status != http.StatusOK || !ok {
		s.t.Fatalf("list: %d, %v", status, out)
	}
	byID := map[string]map[string]any{}
	for _, item := range items {
		m, _ := item.(map[string]any)
		id, _ := m["id"].(string)
		byID[id] = m
	}
	return byID
}

func TestGeminiAndOllamaAnswerAsTheyAreConfigured(t *testing.T) {
	t.Parallel()
	provider := fakeprovider.Start(t)
	provider.SetModels("fake-1", "fake-2")
	cfg := configured(t, "GEMINI_API_KEY=k", "GEMINI_BASE_URL="+provider.URL, "OLLAMA_HOST="+provider.URL)
	cfg.Aliases = map[string]string{"support": "ollama/fake-1/temperature=0.5"}
	cfg.Models = []config.Model{
		{Name: "fake-1", Provider: "ollama", Window: 3000, MaxOutput: 1000, Defaults: map[string]string{"temperature": "0.25"}, Bounds: map[string]string{"temperature": "0..1"}},
		{Name: "fake-2", Provider: "gemini", Hidden: true},
	}
	s := start(t, cfg)
	for model, dialect := range map[string]string{"gemini/fake-2": "gemini", "ollama/fake-1": "ollama", "support": "ollama"} {
		id := s.create(`{"model":"` + model + `"}`)
		status, out := s.call("POST", "/v1/conversation/"+id+"/complete", `{"text":"Hello"}`)
		requests := provider.Requests()
		if status != http.StatusOK || out["text"] != "You said: Hello" || requests[len(requests)-1].Dialect != dialect {
			t.Errorf("%s: got %d, %v", model, status, out)
		}
	}
	id := s.create(`{"model":"ollama/fake-1/maxTokens=900"}`)
	if status, out := s.call("POST", "/v1/conversation/"+id+"/complete", `{"text":"Hello"}`); status != http.StatusOK {
		t.Errorf("got %d, %v", status, out)
	}
	requests := provider.Requests()
	if last := requests[len(requests)-1]; *last.MaxTokens != 900 || *last.Temperature != 0.25 || !strings.Contains(string(last.Body), `"num_ctx":4000`) {
		t.Errorf("sent %s, want the model's defaults and its context", last.Body)
	}
	if status, out := s.call("POST", "/v1/conversation/create", `{"model":"support/temperature=1.5"}`); status != http.StatusBadRequest || !strings.Contains(out["message"].(string), "temperature must be from 0 to 1 for fake-1") {
		t.Errorf("beyond the limit: %d, %v", status, out)
	}
	list := s.models()
	if m := list["support"]; m == nil || m["provider"] != "ollama" || m["maxInputTokens"] != 3000.0 || m["maxOutputTokens"] != 1000.0 || m["maxTokens"] != 4000.0 {
		t.Errorf("the list tells of support %v", m)
	}
	if list["gemini/fake-2"] != nil || list["fake-2"] == nil || list["fake-2"]["provider"] != "ollama" {
		t.Errorf("the list is %v", list)
	}
}

func TestModelsThatContradictThemselvesAreNamedAtTheStart(t *testing.T) {
	t.Parallel()
	cfg := configured(t)
	cfg.Models = []config.Model{{Name: "*"}, {Name: "quote", Hidden: true}}
	refuse(t, cfg, "models[1] (quote): the entry for * before it speaks of the same models")
	cfg.Models = nil
	cfg.Aliases = map[string]string{"a": "b", "b": "a"}
	refuse(t, cfg, "stands for itself")
}
