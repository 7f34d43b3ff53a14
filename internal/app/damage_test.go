package app_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sqlitedriver "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// leaveTurns writes what a server that was killed leaves: in each conversation a
// turn whose model was answering.
func leaveTurns(t *testing.T, cfg config.Config, ids ...string) {
	t.Helper()
	data, err := sqlite.Open(t.Context(), cfg.Data, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		_, err := data.Update(t.Context(), "default/default", id, store.Durable, func(tx store.Tx) error {
			for _, body := range []convo.Body{convo.TurnOpened{}, convo.TurnQueued{}, convo.TurnStarted{Slot: tx.Head().NextSlot}, convo.ModelAsked{Model: "quote"}} {
				if err := tx.Append(convo.Event{At: time.Now().UTC(), Turn: "turn of " + id, Body: body}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := data.Close(); err != nil {
		t.Fatal(err)
	}
}

// damage makes nonsense of the last event of the first conversation.
func damage(t *testing.T, folder string) {
	t.Helper()
	conn, err := sqlitedriver.OpenConn(filepath.Join(folder, "parley.db"), sqlitedriver.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	first := `(SELECT min(id) FROM conversations)`
	last := fmt.Sprintf(`(SELECT max(id) FROM log WHERE id >> 32 = %s)`, first)
	if err := sqlitex.ExecuteTransient(conn, `UPDATE log SET kind = 250 WHERE id = `+last, nil); err != nil || conn.Changes() != 1 {
		t.Fatal(conn.Changes(), err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAServerStartsBesideADamagedConversation(t *testing.T) {
	t.Parallel()
	cfg := configured(t, "PARLEY_SECRET=a-secret-that-is-long-enough")
	s := start(t, cfg)
	s.secret = cfg.Secret.Reveal()
	damaged, healthy := s.create(`{}`), s.create(`{}`)
	s.end()
	leaveTurns(t, cfg, damaged, healthy)
	damage(t, cfg.Data)

	s = start(t, cfg)
	s.secret = cfg.Secret.Reveal()
	status, out := s.call("POST", "/v1/conversation/"+damaged+"/complete", `{"text":"hello"}`)
	if status != http.StatusConflict || !strings.Contains(fmt.Sprint(out["message"]), "parley check") {
		t.Errorf("a turn in the damaged conversation gets %d, %v", status, out)
	}
	if status, out := s.call("POST", "/v1/conversation/"+healthy+"/complete", `{"text":"hello"}`); status != http.StatusOK {
		t.Errorf("a turn in the other one gets %d, %v", status, out)
	}
	if status, out := s.call("GET", "/v1/conversation/"+damaged+"/message/list", ""); status != http.StatusOK {
		t.Errorf("what can be read of it gets %d, %v", status, out)
	}
	s.end()
	if n := strings.Count(s.log.String(), "could not be recovered"); n != 1 || !strings.Contains(s.log.String(), damaged) {
		t.Errorf("it is logged %d times:\n%s", n, s.log)
	}
}
