package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// halfIndexed makes a dataset with a file as a process leaves them that indexes it anew:
// two records of the making "old", and some of the three of the making "new". The file
// has no content, so that nothing goes on.
func (b *bundle) halfIndexed(entry convo.DatasetFile, made int) (dataset, file string) {
	b.t.Helper()
	dataset = b.dataset(convo.Dataset{})
	file = b.object(engine.TenantFiles(), engine.Draft{Body: convo.Stored{}}).ID
	b.attach(dataset, file)
	_, err := b.store.Update(b.t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(dataset, file))
		if err != nil {
			return err
		}
		entry.File, entry.Type = file, engine.SourceFile
		o.Body = entry
		for i, making := range slices.Concat(slices.Repeat([]string{"old"}, 2), slices.Repeat([]string{"new"}, made)) {
			r := convo.Record{
				Tenant: "t", Dataset: dataset, ID: fmt.Sprint(making, i), File: file, Upload: making, Created: o.Created, Updated: o.Created,
				RecordFields: convo.RecordFields{Text: making},
			}
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return tx.PutObject(o)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return dataset, file
}

// makings are those of the records of a dataset.
func (b *bundle) makings(dataset string) string {
	b.t.Helper()
	list, err := b.store.Records(b.t.Context(), "t", dataset, store.RecordQuery{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Upload)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestAFileThatIsTakenOutWhileItIsIndexedLeavesWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	runs := func(done int64) convo.DatasetFile {
		return convo.DatasetFile{State: convo.IndexRuns, Upload: "new", Done: done, Total: 3}
	}
	for name, c := range map[string]struct {
		entry  convo.DatasetFile
		made   int
		synced bool
		want   string
	}{
		"in the middle":                     {entry: runs(2), made: 2, want: "old old"},
		"when all new records are there":    {entry: runs(3), made: 3, want: "new new new"},
		"when it has not begun":             {entry: convo.DatasetFile{State: convo.IndexWaits}, want: "old old"},
		"when it waits to begin once more":  {entry: runs(1), made: 1, synced: true, want: "old old"},
		"when it waits behind all of them":  {entry: runs(3), made: 3, synced: true, want: "new new new"},
		"when it could not be read":         {entry: convo.DatasetFile{State: convo.IndexFailed, Upload: "new"}, want: "old old"},
		"when it was indexed (nothing new)": {entry: convo.DatasetFile{State: convo.IndexDone, Upload: "old", Done: 2, Total: 2}, want: "old old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			dataset, file := b.halfIndexed(c.entry, c.made)
			if c.synced {
				if _, err := b.SyncDatasetFile(t.Context(), b.actor, dataset, file, nil); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.DetachFile(t.Context(), b.actor, dataset, file, false, nil); err != nil {
				t.Fatal(err)
			}
			if got := b.makings(dataset); got != c.want {
				t.Errorf("there are records of %q, want %q", got, c.want)
			}
			if open, err := b.store.OpenDatasetFiles(t.Context()); err != nil || len(open) != 0 {
				t.Errorf("%v: %d files are left to do", err, len(open))
			}
		})
	}
}

func TestWhatIsLeftOfAFileThatWasTakenOutGoesAfterACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dataset, _ := b.halfIndexed(convo.DatasetFile{State: convo.IndexLeaves, Upload: "new", Done: 2, Total: 3}, 2)
	b.stop()
	b.start()
	b.Idle()
	if got := b.makings(dataset); got != "old old" {
		t.Errorf("there are records of %q", got)
	}
}

func TestAMakingThatWasGivenUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dataset, file := b.halfIndexed(convo.DatasetFile{State: convo.IndexRuns, Upload: "new", Done: 2, Total: 3}, 2)
	if _, err := b.SyncDatasetFile(t.Context(), b.actor, dataset, file, nil); err != nil {
		t.Fatal(err)
	}
	page, err := b.DatasetFiles(t.Context(), b.actor, dataset, engine.List{})
	if err != nil || page.Items[0].Entry.Done != 0 || page.Items[0].Entry.Total != 0 {
		t.Errorf("%v: while it waits it is shown as %+v", err, page.Items[0].Entry)
	}
	b.fill(file, "a.txt", "text/plain", "One paragraph.\n")
	entry := b.entry(dataset, file, convo.IndexDone)
	if got := b.makings(dataset); got != entry.Upload {
		t.Errorf("there are records of %q, want %q", got, entry.Upload)
	}
}
