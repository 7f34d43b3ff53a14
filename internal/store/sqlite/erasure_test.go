package sqlite_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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

func TestWhatDeletedCallsWereGivenAndGaveIsInNoBackup(t *testing.T) {
	t.Parallel()
	const calls = 40
	folder := t.TempDir()
	s := open(t, folder, "")
	at := func(b convo.Body) convo.Event { return convo.Event{At: time.UnixMilli(1), Turn: "t", Body: b} }
	appendTo(t, s, talk1, at(convo.ConversationCreated{}), at(convo.TurnOpened{}), at(convo.TurnStarted{Slot: 1}))
	for n := range int64(calls) {
		said := make([]byte, 40*n*n) // some texts lie in the rows themselves, some in many pages
		for i := range said {
			said[i] = 'a' + byte(rand.IntN(26)) // so that it is not deflated to nothing
		}
		text := fmt.Appendf(nil, `{"a":"confidential %d %s"}`, n, said)
		request := convo.ToolRequested{ID: fmt.Sprint(n), Message: fmt.Sprint("r", n), Place: convo.Place(1, 2*n), Arguments: text}
		appendTo(t, s, talk1, at(convo.TurnWaiting{Left: []convo.ToolRequested{request}}), at(convo.TurnResumed{}), at(request),
			at(convo.ToolStarted{ID: fmt.Sprint(n), Message: fmt.Sprint("r", n), Input: text}),
			at(convo.ToolEnded{ID: fmt.Sprint(n), Message: fmt.Sprint("e", n), Place: convo.Place(1, 2*n+1), Arguments: text, Output: text}))
	}
	if backup := backupOf(t, folder); bytes.Count(backup, []byte("confidential")) < calls {
		t.Fatal("a backup does not show the texts, so this test proves nothing")
	}
	for n := range calls {
		for _, message := range []string{"r", "e"} {
			appendTo(t, s, talk1, convo.Event{At: time.UnixMilli(2), Body: convo.MessageDeleted{ID: fmt.Sprint(message, n)}})
		}
	}
	if n := bytes.Count(backupOf(t, folder), []byte("confidential")); n > 0 {
		t.Errorf("a backup has %d texts that were deleted", n)
	}
	mustBeSound(t, folder)
}

func TestWhatDeletedPartsAndAnswersSaidIsInNoBackup(t *testing.T) {
	t.Parallel()
	const turns = 40
	folder := t.TempDir()
	s := open(t, folder, "")
	appendTo(t, s, talk1, convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}})
	for n := range int64(turns) {
		turn, said := fmt.Sprint("t", n), fmt.Sprintf("confidential %d", n)
		value := convo.JSON(fmt.Sprintf(`{"a":%q}`, said))
		at := func(b convo.Body) convo.Event { return convo.Event{At: time.UnixMilli(1), Turn: turn, Body: b} }
		m, q := "m"+turn, "q"+turn
		part := convo.Part{ID: "p", MediaType: said, Name: said, File: &convo.FileRef{URI: said}, Meta: value}
		cited := convo.Citation{ID: "c", Sources: []convo.Source{{Title: said, URL: said, DownloadURL: said}}}
		appendTo(t, s, talk1, at(convo.TurnOpened{}), at(convo.MessageStarted{ID: m, Type: convo.User, Meta: value}),
			at(convo.PartStarted{Message: m, Part: part}), at(convo.Cited{Message: m, Part: "p", Citation: cited}),
			at(convo.PartEnded{Message: m, Part: "p", Meta: value}))
		part.Citations = []convo.Citation{cited}
		appendTo(t, s, talk1, at(convo.MessageEnded{ID: m, Type: convo.User, Meta: value, Parts: []convo.Part{part}}),
			at(convo.TurnStarted{Slot: n + 1}), at(convo.ToolRequested{
				ID: "k", Message: q, Place: convo.Place(n+1, 1), Arguments: value,
				Asked: convo.Asked{Asks: convo.AsksInterrupt, Input: value, Output: value},
			}), at(convo.InterruptStarted{ID: "i", Call: "k", Message: q, Value: value}))
		appendTo(t, s, talk1, at(convo.InterruptEnded{ID: "i", Call: "k", Message: q, Value: value}),
			at(convo.ToolAnswered{ID: "k", Message: q, Approved: true, Input: value}),
			at(convo.ToolStarted{ID: "k", Message: q, Input: value}), at(convo.TurnEnded{Reason: convo.EndStopped}))
	}
	if backup := backupOf(t, folder); bytes.Count(backup, []byte("confidential")) < 15*turns {
		t.Fatal("a backup does not show the texts, so this test proves nothing")
	}
	for n := range turns {
		for _, message := range []string{"mt", "qt"} {
			appendTo(t, s, talk1, convo.Event{At: time.UnixMilli(2), Body: convo.MessageDeleted{ID: fmt.Sprint(message, n)}})
		}
	}
	if n := bytes.Count(backupOf(t, folder), []byte("confidential")); n > 0 {
		t.Errorf("a backup has %d texts that were deleted", n)
	}
	mustBeSound(t, folder)
}

func TestWhatRemovedFilesHeldIsInNoBackup(t *testing.T) {
	t.Parallel()
	const many = 40 // more than are removed at once
	folder := t.TempDir()
	s := open(t, folder, "")
	appendTo(t, s, talk1, convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}})
	appendTo(t, s, talk2, convo.Event{At: time.UnixMilli(1), Body: convo.ConversationCreated{}})
	piece := bytes.Repeat([]byte("confidential "), 1000) // of many pages
	put := func(upload string) {
		if err := s.PutPiece(t.Context(), upload, 0, time.UnixMilli(1), piece); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(conversation, id, upload string) {
		f := convo.File{Tenant: "a", ID: id, Conversation: conversation, Created: time.UnixMilli(1)}
		if err := s.PutFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		put(upload)
		f.Size, f.Upload, f.Stored = int64(len(piece)), upload, f.Created
		if err := s.FillFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	for n := range many {
		put(fmt.Sprint("dropped ", n))
		put(fmt.Sprint("lost ", n))
		fill(talk1, fmt.Sprint("unused ", n), fmt.Sprint("unused ", n))
		fill(talk2, fmt.Sprint("of a talk ", n), fmt.Sprint("of a talk ", n))
	}
	fill(talk1, "released", "released")
	change := func(conversation string, do func(store.Tx) error) {
		if _, err := s.Update(t.Context(), "a", conversation, store.Durable, do); err != nil {
			t.Fatal(err)
		}
	}
	change(talk1, func(tx store.Tx) error { return tx.UseFile("released") })
	if backup := backupOf(t, folder); bytes.Count(backup, []byte("confidential")) < 4*many*900 {
		t.Fatal("a backup does not show the files, so this test proves nothing")
	}
	change(talk2, store.Tx.Delete)
	change(talk1, func(tx store.Tx) error { return tx.ReleaseFile("released") })
	for n := range many {
		if err := s.DropUpload(t.Context(), fmt.Sprint("dropped ", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PruneFiles(t.Context(), time.UnixMilli(2)); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(backupOf(t, folder), []byte("confidential")); n > 0 {
		t.Errorf("a backup has %d words of files that were removed", n)
	}
	mustBeSound(t, folder)
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
