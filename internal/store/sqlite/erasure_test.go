package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	parley "github.com/parleyhq/parley/internal/store/sqlite"
)

func TestWhatWasDeletedIsInNoBackup(t *testing.T) {
	t.Parallel()
	const talks, messages = 20, 50
	folder := t.TempDir()
	s := open(t, folder, "")
	for talk := range talks {
		events := []convo.Event{{At: time.UnixMilli(1), Body: convo.ConversationCreated{}}}
		for n := range messages {
			events = append(events, convo.Event{At: time.UnixMilli(1), Body: convo.MessageGiven{
				ID: fmt.Sprint("m", n), Place: convo.Place(int64(n+1), 0), Fields: convo.MessageFields{Type: convo.User},
				Text: fmt.Sprintf("confidential %d %d and some more words", talk, n),
			}})
		}
		appendTo(t, s, conversationID(int64(talk)), events...)
	}
	if backup := backupOf(t, folder); bytes.Count(backup, []byte("confidential")) < talks*messages {
		t.Fatal("a backup does not show the texts, so this test proves nothing")
	}
	for n := range messages {
		appendTo(t, s, conversationID(0), convo.Event{At: time.UnixMilli(2), Body: convo.MessageDeleted{ID: fmt.Sprint("m", n)}})
	}
	for talk := 1; talk < talks; talk++ {
		if _, err := s.Update(t.Context(), "a", conversationID(int64(talk)), store.Durable, store.Tx.Delete); err != nil {
			t.Fatal(err)
		}
	}
	if n := bytes.Count(backupOf(t, folder), []byte("confidential")); n > 0 {
		t.Errorf("a backup has %d texts that were deleted", n)
	}
}

func backupOf(t *testing.T, folder string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.db")
	if _, err := parley.Backup(t.Context(), folder, file, nil, nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
