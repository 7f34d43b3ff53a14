package sqlite_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	parley "github.com/parleyhq/parley/internal/store/sqlite"
)

// confidential is a text that is not deflated to nothing.
func confidential(n int) string {
	said := make([]byte, 3*n*n) // some lie in the rows themselves, some in many pages
	if _, err := rand.Read(said); err != nil {
		panic(err) // which it says it never gives
	}
	return fmt.Sprintf("confidential %d ", n) + string(said)
}

// knowing makes a dataset with records, and memories of a contact, whose texts are
// confidential up to a size.
func knowing(t testing.TB, s store.Store, records, sizes int) {
	t.Helper()
	_, err := s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
		if err := tx.PutObject(convo.Object{Tenant: "a", ID: "d", Body: convo.Dataset{}}); err != nil {
			return err
		}
		for n := range records {
			for _, dataset := range []string{"d", convo.MemoryDataset} {
				r := convo.Record{Tenant: "a", Dataset: dataset, ID: fmt.Sprint(n), File: "f", Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}
				r.Text, r.Name, r.ContactID = confidential(n%sizes), new(fmt.Sprint("confidential name ", n)), "c"
				if err := tx.PutRecord(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatDeletedRecordsSaidIsInNoBackup(t *testing.T) {
	t.Parallel()
	const records = 90
	folder := t.TempDir()
	s := open(t, folder, "")
	knowing(t, s, records, 80)
	if err := s.PutPiece(t.Context(), "u", 0, time.UnixMilli(1), []byte(confidential(300))); err != nil {
		t.Fatal(err)
	}
	do := func(conversation string, fn func(store.Tx) error) {
		t.Helper()
		if _, err := s.Update(t.Context(), "a", conversation, store.Durable, fn); err != nil {
			t.Fatal(err)
		}
	}
	do(talk1, func(tx store.Tx) error {
		if err := tx.PutObject(convo.Object{Tenant: "a", ID: "file", Body: convo.Stored{Upload: "u"}}); err != nil {
			return err
		}
		if err := tx.Append(convo.Event{Body: convo.ConversationCreated{}}); err != nil {
			return err
		}
		return tx.PutVault([]byte(confidential(200)))
	})
	if backup := backupOf(t, folder); bytes.Count(backup, []byte("confidential")) < 3*records {
		t.Fatal("a backup does not show the texts, so this test proves nothing")
	}
	do(talk1, store.Tx.Delete)
	do("", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectFile, "file") })
	do("", func(tx store.Tx) error {
		_, err := tx.ForgetContact("c", 1000)
		return err
	})
	do("", func(tx store.Tx) error { return tx.DeleteRecord("d", "79") })
	do("", func(tx store.Tx) error {
		_, err := tx.DeleteRecordsOf("d", "f", store.Makings{}, 30)
		return err
	})
	do("", func(tx store.Tx) error {
		return tx.PutRecord(convo.Record{Tenant: "a", Dataset: "d", ID: "78", Created: time.UnixMilli(1), Updated: time.UnixMilli(1)})
	})
	do("", func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, "d") })
	if err := s.PruneRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(backupOf(t, folder), []byte("confidential")); n > 0 {
		t.Errorf("a backup has %d texts that were deleted", n)
	}
	mustBeSound(t, folder)
}

// TestADatasetGoesInSmallSteps counts the transactions in which a dataset goes: one
// writer after the other gets in between.
func TestADatasetGoesInSmallSteps(t *testing.T) {
	t.Parallel()
	const records = 1200
	folder := t.TempDir()
	var commits atomic.Int64
	s, err := parley.Open(t.Context(), folder, parley.Options{Committed: func(int) { commits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	knowing(t, s, records, 10)
	list, err := s.Records(t.Context(), "a", "d", store.RecordQuery{Limit: records})
	if err != nil {
		t.Fatal(err)
	}
	var vectors []convo.Vector
	for _, r := range list {
		vectors = append(vectors, convo.Vector{Record: r.ID, Change: r.Change, Values: []float32{1, 2, 3}})
	}
	segment := convo.Segment{ID: "s", To: list[0].Change}
	for _, err := range []error{
		s.PutVectors(t.Context(), "a", "d", "x", vectors),
		s.PutSegment(t.Context(), "a", "d", "i", segment, make([]byte, 20*256<<10), nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	commits.Store(0)
	_, err = s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error { return tx.DeleteObject(convo.ObjectDataset, "d") })
	if err != nil || commits.Load() != 1 {
		t.Fatalf("the dataset went in %d commits: %v", commits.Load(), err)
	}
	if n := rowsOf(t, folder, "records"); n != 2*records {
		t.Errorf("%d records are left, so the dataset did not go in small steps", n)
	}
	if err := s.PruneRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := commits.Load(); n < 1+records/500+20/16+records/100 {
		t.Errorf("all of it went in %d commits", n)
	}
	for table, want := range map[string]int{
		"records": records, "collections": 1, "vectors": 0, "spaces": 0, "segments": 0, "segment_pieces": 0,
	} {
		if n := rowsOf(t, folder, table); n != want {
			t.Errorf("%d rows of %s are left, want %d", n, table, want)
		}
	}
}

// TestLargeRecordsGoInSmallSteps counts as well: what a step writes anew, so that
// nothing stays on the disk, is bounded in bytes, too.
func TestLargeRecordsGoInSmallSteps(t *testing.T) {
	t.Parallel()
	const records, size = 48, 256 << 10
	folder := t.TempDir()
	var commits atomic.Int64
	s, err := parley.Open(t.Context(), folder, parley.Options{Committed: func(int) { commits.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
		if err := tx.PutObject(convo.Object{Tenant: "a", ID: "d", Body: convo.Dataset{}}); err != nil {
			return err
		}
		for n := range records {
			r := convo.Record{Tenant: "a", Dataset: "d", ID: fmt.Sprint(n), Created: time.UnixMilli(1), Updated: time.UnixMilli(1)}
			r.Text = confidential(296)[:size] // 3 * 296 * 296 bytes
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), "a", "", store.Durable, func(tx store.Tx) error {
		return tx.DeleteObject(convo.ObjectDataset, "d")
	}); err != nil {
		t.Fatal(err)
	}
	commits.Store(0)
	if err := s.PruneRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, want := commits.Load(), int64(1+records*size/(5<<20)); n < want {
		t.Errorf("they went in %d commits, want %d at least", n, want)
	}
	if n := rowsOf(t, folder, "records") + rowsOf(t, folder, "collections"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// rowsOf counts the rows of a table.
func rowsOf(t testing.TB, folder, table string) (n int) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(folder, "parley.db"), sqlite.OpenReadOnly)
	if err == nil {
		err = sqlitex.ExecuteTransient(conn, "SELECT count(*) FROM "+table, &sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error { n = stmt.ColumnInt(0); return nil },
		})
	}
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestASegmentThatWasNeverCompleteIsRemoved leaves one behind as a crash does.
func TestASegmentThatWasNeverCompleteIsRemoved(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder, "")
	knowing(t, s, 1, 80)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, folder, `
		INSERT INTO segments VALUES (7, 1, 'i', NULL, 0, 5, 3);
		INSERT INTO segment_pieces VALUES (7 << 20, x'010203'), ((7 << 20) + 1, x'04')`)
	mustBeSound(t, folder)
	s = open(t, folder, "")
	if err := s.PruneRecords(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := rowsOf(t, folder, "segments") + rowsOf(t, folder, "segment_pieces"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
