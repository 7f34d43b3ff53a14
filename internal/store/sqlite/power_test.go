package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// syncs keeps, of every file of a folder, what it held when SQLite last synced
// it: what a machine finds on its disk that loses power and all that its kernel
// had not written yet. It stands between SQLite and the system as a VFS, and
// hands everything on.
type syncs struct {
	mu     sync.Mutex // guards all below
	folder string
	paths  map[uintptr]string // of open files
	synced map[string][]byte  // by path
	count  int                // of syncs
	keep   []any              // functions that C code points to
}

// forever keeps what C code points to: the VFS stays registered.
var forever []*syncs

// at looks at memory of C code.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// copyOf copies a struct of C code, to memory of C code.
func copyOf[T any](tls *libc.TLS, p uintptr) (uintptr, *T) {
	c := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*at[T](p))))
	*at[T](c) = *at[T](p)
	return c, at[T](c)
}

// cFunc makes a function of a pointer of C code.
func cFunc[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p})) }

func (s *syncs) pointer(f any) uintptr {
	s.keep = append(s.keep, f)
	return (*[2]uintptr)(unsafe.Pointer(&f))[1]
}

type (
	openFunc = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, outFlags uintptr) int32
	syncFunc = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// watch registers the VFS in front of the system's own.
func watch(t testing.TB, folder string) *syncs {
	t.Helper()
	s := &syncs{folder: folder, paths: make(map[uintptr]string), synced: make(map[string][]byte)}
	tls := libc.NewTLS()
	defer tls.Close()
	if rc := sqlite3.Xsqlite3_initialize(tls); rc != 0 {
		t.Fatalf("sqlite3_initialize: %d", rc)
	}
	address, vfs := copyOf[sqlite3.Tsqlite3_vfs](tls, sqlite3.Xsqlite3_vfs_find(tls, 0))
	name, err := libc.CString("watched")
	if err != nil {
		t.Fatal(err)
	}
	vfs.FzName, vfs.FpNext = name, 0
	open := cFunc[openFunc](vfs.FxOpen)
	methods := make(map[uintptr]uintptr) // ours by theirs
	vfs.FxOpen = s.pointer(openFunc(func(tls *libc.TLS, v, path, file uintptr, flags int32, out uintptr) int32 {
		rc := open(tls, v, path, file, flags, out)
		theirs := at[uintptr](file) // a file begins with a pointer to its methods
		if rc != 0 || path == 0 || *theirs == 0 {
			return rc
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.paths[file] = libc.GoString(path)
		ours, ok := methods[*theirs]
		if !ok {
			var copied *sqlite3.Tsqlite3_io_methods
			ours, copied = copyOf[sqlite3.Tsqlite3_io_methods](tls, *theirs)
			copied.FxSync = s.pointer(s.sync(cFunc[syncFunc](copied.FxSync)))
			methods[*theirs] = ours
		}
		*theirs = ours
		return rc
	}))
	forever = append(forever, s)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, address, 1); rc != 0 {
		t.Fatalf("sqlite3_vfs_register: %d", rc)
	}
	return s
}

// sync makes the function that is called in the place of the system's.
func (s *syncs) sync(system syncFunc) syncFunc {
	return func(tls *libc.TLS, file uintptr, flags int32) int32 {
		rc := system(tls, file, flags)
		s.mu.Lock()
		defer s.mu.Unlock()
		if path := s.paths[file]; rc == 0 && strings.HasPrefix(path, s.folder) {
			if data, err := os.ReadFile(path); err == nil {
				s.synced[path] = data
				s.count++
			}
		}
		return rc
	}
}

// cut gives a folder as a machine finds it that lost power now.
func (s *syncs) cut(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	folder := t.TempDir()
	for path, data := range s.synced {
		name := filepath.Base(path)
		if name != "parley.db" && name != "parley.db-wal" {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestWhatIsDurableSurvivesALossOfPower drops all writes since the last sync, at
// random moments: what was acknowledged as durable is there with everything that
// was written before it, and of what came after a beginning. That something is
// lost at times proves that the test can fail.
func TestWhatIsDurableSurvivesALossOfPower(t *testing.T) {
	t.Parallel()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	disk := watch(t, folder)
	s := open(t, folder, "first")
	r := rand.New(rand.NewPCG(1, 1))
	put(t, s, convo.ConversationCreated{}, convo.TurnOpened{})
	written, durable, lost, cuts := 2, 0, 0, 0
	for n := range 600 {
		level := store.Buffered
		if r.IntN(10) == 0 {
			level = store.Durable
		}
		_, err := s.Update(t.Context(), "a", "c", level, func(tx store.Tx) error {
			var body convo.Body = convo.Delta{Message: "m", Type: convo.Bot, Text: fmt.Sprint(written, " ")}
			if n%7 == 0 { // enough for several checkpoints
				body = given(fmt.Sprint("g", n), tx.Head().NextSlot, noise(r, 20_000))
			}
			memory := convo.Record{Tenant: "a", Dataset: convo.MemoryDataset, ID: fmt.Sprint(n), Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}
			if err := tx.PutRecord(memory); err != nil {
				return err
			}
			return tx.Append(convo.Event{At: time.UnixMilli(1e12), Turn: "t", Body: body})
		})
		if err != nil {
			t.Fatal(err)
		}
		written++
		if level == store.Buffered && r.IntN(10) == 0 { // one that only wants to be sure
			level = store.Durable
			if _, err := s.Update(t.Context(), "a", "c", level, func(store.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if level == store.Durable {
			durable = written
		}
		if durable == 0 || r.IntN(12) > 0 {
			continue
		}
		cuts++
		found := eventsAfterCut(t, disk.cut(t))
		if found < durable || found > written {
			t.Fatalf("after cut %d there are %d events; %d were durable, %d written", cuts, found, durable, written)
		}
		lost += written - found
	}
	t.Logf("%d cuts, %d syncs, %d buffered events lost", cuts, disk.count, lost)
	if cuts == 0 || lost == 0 {
		t.Error("nothing was ever lost: the test cannot fail")
	}
}

// eventsAfterCut opens a folder, counts its events, each of which but the first two
// came with a record, and writes to it.
func eventsAfterCut(t *testing.T, folder string) int {
	t.Helper()
	s := open(t, folder, "second")
	events, err := s.Events(t.Context(), "a", "c", 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
	}
	c, err := s.Collection(t.Context(), "a", convo.MemoryDataset)
	if err != nil || c.Records != int64(len(events)-2) || c.Records != c.Change-store.FirstChange(c.Number) {
		t.Fatalf("beside %d events there is %+v, %v", len(events), c, err)
	}
	next := put(t, s, convo.Delta{Message: "m", Type: convo.Bot, Text: "after"})
	if next[0].Seq != int64(len(events))+1_000_000 {
		t.Fatalf("the first number after the cut is %d", next[0].Seq)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return len(events)
}

func given(id string, slot int64, text string) convo.MessageGiven {
	return convo.MessageGiven{ID: id, Place: convo.Place(slot, 0), Text: text}
}

// noise is a text that gets no smaller.
func noise(r *rand.Rand, size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}
