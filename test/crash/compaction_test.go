package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// A server that is killed while it sums up a private conversation has the whole
// summary or none, once, and what it sums up in any case; and nothing of what it kept
// from the model, neither in its files nor at the provider.
func TestAKilledCompactionLosesAndLeaksNothing(t *testing.T) {
	t.Parallel()
	killedInPrivate(t, 2, (*scene).compactionRound)
}

// compactionRound has a compaction killed, and repeats it.
func (s *scene) compactionRound(t *testing.T, rng *rand.Rand, round int) {
	ctx, cancel := context.WithTimeout(t.Context(), roundTime)
	defer cancel()
	var created struct{ ID string }
	if err := s.client.object(ctx, http.MethodPost, "/v1/conversation/create", "", map[string]any{"privacy": true, "name": fmt.Sprint("compacted ", round)}, &created); err != nil {
		t.Fatal(err)
	}
	mail := fmt.Sprintf("someone%d@kill.example.org", rng.Uint32())
	said := "Say to " + mail + " that my card is 4111 1111 1111 1111, please"
	path := "/v1/conversation/" + created.ID
	var answer struct{ Text string }
	if err := s.client.object(ctx, http.MethodPost, path+"/complete", "", map[string]any{"text": said}, &answer); err != nil {
		t.Fatal(err)
	}
	key, over := fmt.Sprint("compaction-", round), make(chan struct{})
	var made struct{ ID, Text string }
	var failed error
	go func() {
		defer close(over)
		failed = s.client.object(ctx, http.MethodPost, path+"/compact", key, map[string]any{}, &made)
	}()
	pause(ctx, rng, loadTime)
	s.server.Kill()
	<-over
	s.mustHaveNothing(t, created.ID, mail, false)
	if err := s.server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var again struct{ ID, Text string }
	if err := s.client.object(ctx, http.MethodPost, path+"/compact", key, map[string]any{}, &again); err != nil {
		t.Fatal(err)
	}
	if failed == nil && again.ID != made.ID {
		t.Errorf("%+v was made, and the repeat gives %+v", made, again)
	}
	all, err := s.client.messages(ctx, created.ID)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, m := range all {
		types = append(types, m.Type)
	}
	if got := strings.Join(types, " "); got != "user bot checkpoint" || all[2].ID != again.ID {
		t.Errorf("stored: %s, the checkpoint is %+v", got, again)
	}
	s.mustHaveNothing(t, created.ID, mail, true)
}
