package app_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
)

// held starts a server whose provider holds its answer back after two pieces,
// asks it, and gives the lines of the answer once the first pieces came.
func held(t *testing.T, drain time.Duration) (s *server, lines *bufio.Scanner, release func()) {
	t.Helper()
	provider := fakeprovider.Start(t)
	hold := make(chan struct{})
	provider.Push(fakeprovider.Behaviour{Text: []string{"one ", "two ", "three"}, After: 2, Hold: hold})
	cfg := configured(t, "OPENAI_BASE_URL="+provider.URL+"/v1")
	cfg.Turns.Drain = drain
	s = start(t, cfg)
	id := s.create(`{}`)
	resp := s.request("POST", "/v1/conversation/"+id+"/complete", "application/jsonl", `{"text":"hello"}`)
	lines = bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"token"`) {
			return s, lines, func() { close(hold) }
		}
	}
	t.Fatalf("no token came: %v", lines.Err())
	return nil, nil, nil
}

// rest reads the lines to the end.
func rest(lines *bufio.Scanner) string {
	var b strings.Builder
	for lines.Scan() {
		b.WriteString(lines.Text() + "\n")
	}
	return b.String()
}

func TestAShutdownLetsARunningTurnFinish(t *testing.T) {
	t.Parallel()
	s, lines, release := held(t, time.Minute)
	s.stop()
	waitUntil(t, func() bool {
		status, _ := s.text("/readyz")
		return status == http.StatusServiceUnavailable
	})
	waitUntil(t, func() bool { // one that is faster than the shutdown is a running turn
		status, _ := s.call("POST", "/v1/conversation/complete", `{"text":"late"}`)
		return status == http.StatusServiceUnavailable
	})
	if status, _ := s.text("/healthz"); status != http.StatusOK {
		t.Errorf("the process is said to be dead: %d", status)
	}
	release()
	if got := rest(lines); !strings.Contains(got, `"text":"one two three"`) || !strings.Contains(got, `"reason":"stop"`) {
		t.Errorf("the answer ended with %s", got)
	}
	s.end()
}

func TestAShutdownStopsWhatRunsForTooLong(t *testing.T) {
	t.Parallel()
	s, lines, release := held(t, time.Millisecond)
	defer release()
	s.stop()
	if got := rest(lines); !strings.Contains(got, `"incomplete":true`) || !strings.Contains(got, `"reason":"abort"`) {
		t.Errorf("the answer ended with %s", got)
	}
	s.end()
}

func TestAHurriedShutdownWaitsForNothing(t *testing.T) {
	t.Parallel()
	s, lines, release := held(t, time.Hour)
	defer release()
	s.stop()
	s.app.Hurry()
	s.app.Hurry()
	if got := rest(lines); !strings.Contains(got, `"reason":"abort"`) {
		t.Errorf("the answer ended with %s", got)
	}
	s.end()
}

func TestAShutdownEndsReadersOfLogs(t *testing.T) {
	t.Parallel()
	s := start(t, configured(t))
	id := s.create(`{}`)
	resp := s.request("GET", "/v1/conversation/"+id+"/events?live=true", "application/jsonl", "")
	s.end()
	if strings.Contains(s.log.String(), "had to be cut") {
		t.Errorf("the reader was not sent away:\n%s", s.log)
	}
	_, _ = io.ReadAll(resp.Body) // over
	if _, err := s.client.Get(s.app.URL() + "/healthz"); err == nil {
		t.Error("the address still answers")
	}
}

func TestWhatWasStoppedIsThereAfterTheRestart(t *testing.T) {
	t.Parallel()
	provider := fakeprovider.Start(t)
	provider.Push(fakeprovider.Behaviour{Text: []string{"partial", "never"}, After: 1, Hold: make(chan struct{})})
	cfg := configured(t, "OPENAI_BASE_URL="+provider.URL+"/v1")
	cfg.Turns.Drain = 0
	s := start(t, cfg)
	id := s.create(`{}`)
	resp := s.request("POST", "/v1/conversation/"+id+"/complete", "application/jsonl", `{"text":"hello"}`)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "partial") {
		continue
	}
	secret := s.secret
	s.end()

	s = start(t, cfg)
	s.secret = secret
	_, out := s.call("GET", "/v1/conversation/"+id+"/message/list", "")
	items, _ := out["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("got %v", out)
	}
	last, _ := items[1].(map[string]any)
	meta, _ := last["meta"].(map[string]any)
	if last["text"] != "partial" || meta["incomplete"] != true {
		t.Errorf("got %v", last)
	}
	if status, out := s.call("POST", "/v1/conversation/"+id+"/complete", `{"text":"again"}`); status != http.StatusOK || out["text"] != "You said: again" {
		t.Errorf("got %d, %v", status, out)
	}
}

// waitUntil asks again and again, for a minute at most.
func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to pass")
		}
	}
}
