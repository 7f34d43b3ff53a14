package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/store/sqlite"
)

// A server that is killed in private turns has nothing of what it kept from the model:
// not in its files, as they are or as they are read, and not at the provider. And
// nothing that anybody saw is lost.
func TestAKilledPrivateTurnLosesAndLeaksNothing(t *testing.T) {
	t.Parallel()
	killedInPrivate(t, 1, (*scene).privateRound)
}

// killedInPrivate has rounds of private conversations killed, and holds what the
// provider was sent and what is stored against what was to be kept from both.
func killedInPrivate(t *testing.T, stream uint64, one func(*scene, *testing.T, *rand.Rand, int)) {
	t.Helper()
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	s := newScene(t, "parley")
	rng := rand.New(rand.NewPCG(s.seed, stream))
	for round := range rounds {
		one(s, t, rng, round)
	}
	for _, request := range s.fake.Requests() {
		if bytes.Contains(request.Body, []byte("@kill.example")) || bytes.Contains(request.Body, []byte("4111")) {
			t.Errorf("the provider was sent %s", request.Body)
		}
	}
	s.server.Kill()
	s.mustBeSound(t)
}

// privateRound has a turn killed, and one that comes after it.
func (s *scene) privateRound(t *testing.T, rng *rand.Rand, round int) {
	ctx, cancel := context.WithTimeout(t.Context(), roundTime)
	defer cancel()
	var created struct{ ID string }
	body := map[string]any{"privacy": true, "name": fmt.Sprint("private ", round)}
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/create", "", body, &created); err != nil {
		t.Fatal(err)
	}
	mail := fmt.Sprintf("someone%d@kill.example.org", rng.Uint32())
	said := "fake:reasoning rate=60 and say to " + mail + " that my card is 4111 1111 1111 1111, please"
	seen, over := &strings.Builder{}, make(chan struct{})
	lines := 0
	go func() {
		defer close(over)
		_ = s.client.lines(ctx, http.MethodPost, "/v1/conversation/"+created.ID+"/complete", "", map[string]any{"text": said}, func(l line) {
			lines++
			seen.WriteString(tokenOf(l))
		})
	}()
	pause(ctx, rng, loadTime)
	s.server.Kill()
	<-over
	s.mustHaveNothing(t, created.ID, mail, false)
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	text, user := s.privateLog(ctx, t, created.ID)
	if !strings.HasPrefix(text, seen.String()) {
		t.Errorf("%q was seen, and the log has %q", seen, text)
	}
	if lines > 0 && user != said {
		t.Errorf("the message %q was answered, and the log has %q", said, user)
	}
	var result struct{ Text string }
	again := map[string]any{"text": "Once more: " + mail}
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/"+created.ID+"/complete", "", again, &result); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(result.Text, "Once more: "+mail) { // behind the message that was not answered
		t.Errorf("then the answer is %q", result.Text)
	}
	s.mustHaveNothing(t, created.ID, mail, true)
}

func tokenOf(l line) string {
	var data struct{ Token string }
	if l.Type != "token" || json.Unmarshal(l.Data, &data) != nil {
		return ""
	}
	return data.Token
}

// privateLog gives what the first answer and the user's first message are in the log.
func (s *scene) privateLog(ctx context.Context, t *testing.T, conversation string) (text, user string) {
	t.Helper()
	for {
		log, err := s.client.log(ctx, conversation)
		if err != nil {
			t.Fatal(err)
		}
		var tokens strings.Builder
		over := len(log) == 0
		for _, l := range log {
			var m message
			tokens.WriteString(tokenOf(l))
			if json.Unmarshal(l.Data, &m) == nil && l.Type == "message" && m.Type == "user" {
				user = m.Text
			}
			over = over || l.Type == "result"
		}
		if over || user == "" {
			return tokens.String(), user
		}
		select { // the turn goes on, or is being closed
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the turn does not end")
		}
	}
}

// mustHaveNothing looks for a value in the server's files, and in what is stored in
// them.
func (s *scene) mustHaveNothing(t *testing.T, conversation, value string, running bool) {
	t.Helper()
	err := filepath.WalkDir(s.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(value)) || bytes.Contains(content, []byte("4111 1111 1111 1111")) {
			t.Errorf("%s holds the value", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if running {
		return // what is stored is the server's to read
	}
	data, err := sqlite.Open(t.Context(), s.folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	events, err := data.Events(t.Context(), tenant, conversation, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if said := fmt.Sprintf("%s %+v", e.Body, e.Body); strings.Contains(said, value) || strings.Contains(said, "4111 1111") {
			t.Errorf("event %d is %+v", e.Seq, e.Body)
		}
	}
}
