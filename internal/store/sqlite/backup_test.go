package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	parley "github.com/parleyhq/parley/internal/store/sqlite"
)

// acknowledged are the messages of one writer that are durable.
type acknowledged struct {
	mu   sync.Mutex // guards list
	list []string
}

func (a *acknowledged) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, id)
}

func (a *acknowledged) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.list...)
}

func TestABackupUnderLoadHasEverythingThatWasAcknowledgedBefore(t *testing.T) {
	t.Parallel()
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "new")
	s := open(t, folder, "")
	const writers = 8
	var acks [writers]acknowledged
	stop, busy := make(chan struct{}), make(chan struct{}, writers*100)
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() { keepWriting(t, s, conversationID(int64(w)), &acks[w], busy, stop) })
	}
	for range 200 {
		<-busy
	}
	var before [writers][]string
	for w := range writers {
		before[w] = acks[w].all()
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	size, err := parley.Backup(t.Context(), folder, file, map[string][]byte{"key.id": []byte("id\n")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 { // the server goes on
		<-busy
	}
	close(stop)
	running.Wait()
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 || info.Size() != size {
		t.Errorf("the file: %v, %v", info, err)
	}
	r, err := parley.Restore(t.Context(), file, elsewhere, nil)
	if err != nil || r.Size != size || !r.Files["key.id"] || time.Since(r.Made) > time.Hour {
		t.Fatalf("restored %+v, %v", r, err)
	}
	mustBeSound(t, elsewhere)
	restored := open(t, elsewhere, "")
	for w := range writers {
		id := conversationID(int64(w))
		for _, message := range before[w] {
			if _, err := restored.Message(t.Context(), "a", id, message); err != nil {
				t.Errorf("message %s of %s: %v", message, id, err)
			}
		}
	}
	if list, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); err != nil || len(list) != 1 {
		t.Errorf("beside the backup there are %v, %v", list, err)
	}
}

func keepWriting(t *testing.T, s store.Store, id string, acks *acknowledged, busy chan<- struct{}, stop <-chan struct{}) {
	appendTo(t, s, id, convo.Event{At: time.Now(), Body: convo.ConversationCreated{}})
	for n := int64(1); ; n++ {
		message := fmt.Sprint("message ", n)
		_, err := s.Update(t.Context(), "a", id, store.Durable, func(tx store.Tx) error {
			return tx.Append(convo.Event{At: time.Now(), Body: convo.MessageGiven{
				ID: message, Place: convo.Place(n, 0), Fields: convo.MessageFields{Type: convo.User}, Text: strings.Repeat(message, 50),
			}})
		})
		if err != nil {
			t.Error(err)
			return
		}
		acks.add(message)
		select {
		case busy <- struct{}{}:
		case <-stop:
			return
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// backedUp makes a backup of the folder that tests check.
func backedUp(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.db")
	if _, err := parley.Backup(t.Context(), sound(t), file, nil, nil); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestARestoredFolderIsTheOneThatWasBackedUp(t *testing.T) {
	t.Parallel()
	folder, to := sound(t), t.TempDir()
	before := files(t, folder)
	file := filepath.Join(t.TempDir(), "b.db")
	var done, total int64
	progress := func(d, all int64) { done, total = d, all }
	if _, err := parley.Backup(t.Context(), folder, file, nil, progress); err != nil {
		t.Fatal(err)
	}
	if done == 0 || done != total {
		t.Errorf("progress ended with %d of %d", done, total)
	}
	if after := files(t, folder); after != before {
		t.Errorf("the folder was\n%s\nand is\n%s", before, after)
	}
	if _, err := parley.Restore(t.Context(), file, to, progress); err != nil {
		t.Fatal(err)
	}
	if done == 0 || done != total {
		t.Errorf("progress ended with %d of %d", done, total)
	}
	mustBeSound(t, to)
	if dump(t, to) != dump(t, folder) {
		t.Error("it is not the same")
	}
}

func TestAfterARestoreNumbersAreSkipped(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	if _, err := parley.Restore(t.Context(), backedUp(t), to, nil); err != nil {
		t.Fatal(err)
	}
	s := open(t, to, "") // in the same boot as the backup's source
	head, err := s.Head(t.Context(), "a", talk1)
	if err != nil {
		t.Fatal(err)
	}
	appendTo(t, s, talk1, convo.Event{At: time.Now(), Body: convo.ConversationChanged{}})
	events, err := s.Events(t.Context(), "a", talk1, head.LastSeq, 2)
	if err != nil || len(events) != 2 {
		t.Fatal(events, err)
	}
	if _, skipped := events[0].Body.(convo.Restarted); !skipped || events[1].Seq <= head.LastSeq+1000 {
		t.Errorf("what follows %d: %+v", head.LastSeq, events)
	}
}

func TestABackupOverwritesNothing(t *testing.T) {
	t.Parallel()
	file := backedUp(t)
	if _, err := parley.Backup(t.Context(), sound(t), file, nil, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a second backup: %v", err)
	}
	folder := sound(t)
	before := files(t, folder)
	if _, err := parley.Restore(t.Context(), file, folder, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a restore over data: %v", err)
	}
	if after := files(t, folder); after != before {
		t.Errorf("the folder was\n%s\nand is\n%s", before, after)
	}
	running := t.TempDir()
	open(t, running, "")
	if _, err := parley.Restore(t.Context(), file, running, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a restore under a server: %v", err)
	}
	other := t.TempDir()
	with := filepath.Join(t.TempDir(), "b.db")
	if _, err := parley.Backup(t.Context(), folder, with, map[string][]byte{"key": []byte("one")}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "key"), []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := parley.Restore(t.Context(), with, other, nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a restore over a key: %v", err)
	}
}

func TestABackupLeavesAFileAloneThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "b.db")
	made := false
	_, err := parley.Backup(t.Context(), sound(t), file, nil, func(int64, int64) {
		if !made {
			made = os.WriteFile(file, []byte("another one"), 0o600) == nil
		}
	})
	if convo.ErrorKind(err) != convo.Conflict || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
	if got := content(t, file); got != "another one" {
		t.Errorf("the file has %d bytes", len(got))
	}
	if list, err := filepath.Glob(file + "*"); err != nil || len(list) != 1 {
		t.Errorf("left %v, %v", list, err)
	}
}

func TestNoBackupIsMadeOfWhatCouldNotBeRestored(t *testing.T) {
	t.Parallel()
	folder := sound(t)
	path := filepath.Join(folder, "parley.db")
	data := []byte(content(t, path))
	copy(data[bytes.Index(data, []byte("other"))/4096*4096:], bytes.Repeat([]byte{0xff}, 64)) // a page of the log
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	_, err := parley.Backup(t.Context(), folder, filepath.Join(to, "b.db"), nil, nil)
	if convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "parley check") {
		t.Errorf("got %v", err)
	}
	if left := files(t, to); left != "" {
		t.Errorf("left %s", left)
	}
}

func TestARestoreRefusesWhatIsNoSoundBackup(t *testing.T) {
	t.Parallel()
	good := content(t, backedUp(t))
	truncated := good[:len(good)/2]
	damaged := []byte(good)
	copy(damaged[5*4096:], strings.Repeat("\xff", 4096))
	plain := content(t, filepath.Join(sound(t), "parley.db"))
	for what, data := range map[string]string{
		"nothing": "", "a text": "hello", "half a backup": truncated, "a damaged backup": string(damaged), "a plain database": plain,
	} {
		file, to := filepath.Join(t.TempDir(), "b.db"), t.TempDir()
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := parley.Restore(t.Context(), file, to, nil); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", what, err)
		}
		if left, err := filepath.Glob(filepath.Join(to, "parley.db*")); err != nil || len(left) > 0 {
			t.Errorf("%s left %v, %v", what, left, err)
		}
	}
	newer := backedUp(t)
	folder := t.TempDir()
	if err := os.Rename(newer, filepath.Join(folder, "parley.db")); err != nil {
		t.Fatal(err)
	}
	execute(t, folder, `PRAGMA user_version = 99`)
	if _, err := parley.Restore(t.Context(), filepath.Join(folder, "parley.db"), t.TempDir(), nil); convo.ErrorKind(err) != convo.Conflict {
		t.Errorf("a newer backup: %v", err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
