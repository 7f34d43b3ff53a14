package crash_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A server that is killed when it has found something for a turn, and its model has not
// answered yet, tells the model of it once, and never looks again.
func TestWhatATurnFoundSurvivesAKillAndIsThereOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), roundTime)
	defer cancel()
	i := &indexed{scene: newScene(t, "parley")}
	i.dataset = i.create(ctx, t, "/v1/dataset/create", map[string]any{})
	i.create(ctx, t, "/v1/dataset/"+i.dataset+"/record/create", map[string]any{"text": "Holidays are thirty days a year.", "source": "https://example.com/leave"})
	conversation := i.create(ctx, t, "/v1/conversation/create", map[string]any{"datasetId": i.dataset})
	over := make(chan struct{})
	go func() {
		defer close(over)
		said := map[string]any{"text": "fake:chunks=50 rate=1 How many holidays are there [1]?"}
		_ = i.client.lines(ctx, http.MethodPost, "/v1/conversation/"+conversation+"/complete", "", said, func(line) {})
	}()
	for len(i.contexts(ctx, t, conversation)) == 0 {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("nothing is found")
		}
	}
	before := i.contexts(ctx, t, conversation)
	i.restart(ctx, t)
	<-over
	i.ended(ctx, t, conversation, 1)
	after := i.contexts(ctx, t, conversation)
	if len(before) != 1 || len(after) != 1 || before[0] != after[0] || !strings.Contains(after[0], "1: https://example.com/leave") {
		t.Errorf("before the kill the turn has found %q, and after it %q", before, after)
	}

	// What was found can be cited right behind it.
	again := map[string]any{"text": "It says so in [1] and in [2]: holidays?"}
	if err := i.client.object(ctx, http.MethodPost, "/v1/conversation/"+conversation+"/complete", "", again, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	if found := i.contexts(ctx, t, conversation); len(found) != 2 || found[0] != before[0] {
		t.Errorf("then there are %q", found)
	}
	cited := i.citations(ctx, t, conversation)
	if !strings.Contains(cited, `"number":1`) || !strings.Contains(cited, `"number":2`) || !strings.Contains(cited, "https://example.com/leave") {
		t.Errorf("the answer cites %s", cited)
	}
	i.server.Kill()
	i.mustBeSound(t)
}

// contexts gives the texts of the context messages of a conversation's log.
func (s *scene) contexts(ctx context.Context, t *testing.T, conversation string) (texts []string) {
	t.Helper()
	log, err := s.client.log(ctx, conversation)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range log {
		var m message
		if json.Unmarshal(l.Data, &m) == nil && l.Type == "message" && m.Type == "context" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// citations gives what the last message of a conversation cites, as JSON.
func (s *scene) citations(ctx context.Context, t *testing.T, conversation string) string {
	t.Helper()
	var page struct {
		Items []struct {
			Meta struct{ Citations json.RawMessage }
		}
	}
	if err := s.client.object(ctx, http.MethodGet, "/v1/conversation/"+conversation+"/message/list?order=desc&take=1", "", nil, &page); err != nil || len(page.Items) == 0 {
		t.Fatal(page, err)
	}
	return string(page.Items[0].Meta.Citations)
}
