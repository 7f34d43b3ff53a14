package engine_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// source makes a file with content.
func (b *bundle) source(name, mediaType, content string) string {
	b.t.Helper()
	id := b.object(engine.TenantFiles(), engine.Draft{ObjectFields: convo.ObjectFields{Name: &name}, Body: convo.Stored{}}).ID
	b.fill(id, name, mediaType, content)
	return id
}

// sourceOf makes a file that a dataset has, and waits until its records are found.
func (b *bundle) sourceOf(dataset, name, mediaType, content string) string {
	b.t.Helper()
	id := b.source(name, mediaType, content)
	b.attach(dataset, id)
	b.entry(dataset, id, convo.IndexDone)
	return id
}

func (b *bundle) fill(id, name, mediaType, content string) {
	b.t.Helper()
	c := engine.Content{Name: name, MediaType: mediaType, Reader: strings.NewReader(content)}
	if _, err := b.FillTenantFile(b.t.Context(), b.actor, id, c, nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) attach(dataset, file string) {
	b.t.Helper()
	if _, err := b.AttachFile(b.t.Context(), b.actor, dataset, file, nil); err != nil {
		b.t.Fatal(err)
	}
}

// entry waits until a file of a dataset is in a state.
func (b *bundle) entry(dataset, file string, state convo.IndexState) convo.DatasetFile {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		page, err := b.DatasetFiles(b.t.Context(), b.actor, dataset, engine.List{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range page.Items {
			if e.File.ID == file && e.Entry.State == state {
				return e.Entry
			}
			if time.Now().After(deadline) {
				b.t.Fatalf("the file is %+v, want it %s", e.Entry, state)
			}
		}
		b.Idle()
	}
}

func TestAFileBecomesRecords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.source("guide.md", "text/markdown", "# Tea\n\nPour water of 80 degrees.\n\n# Coffee\n\nGrind the beans.\n")
	b.attach(d, f)
	entry := b.entry(d, f, convo.IndexDone)
	if entry.Done == 0 || entry.Done != entry.Total {
		t.Errorf("the progress is %d of %d", entry.Done, entry.Total)
	}
	page, err := b.Records(t.Context(), b.actor, d, engine.List{})
	if err != nil || int64(len(page.Items)) != entry.Total {
		t.Fatalf("%d records, %v", len(page.Items), err)
	}
	for i, r := range page.Items {
		if r.File != f || r.Place != int64(i+1) || r.Source == nil || *r.Source != "guide.md" {
			t.Errorf("record %d is %+v", i, r)
		}
	}
	if got := b.search(d, "beans"); len(got) != 1 || !strings.Contains(got[0], "Grind the beans.") {
		t.Errorf("%q", got)
	}
}

func TestNewContentTakesThePlaceOfTheOld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.sourceOf(d, "a.txt", "text/plain", "old words")
	b.fill(f, "a.txt", "text/plain", "new words")
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "new words")
	if _, err := b.SyncDatasetFile(t.Context(), b.actor, d, f, nil); err != nil {
		t.Fatal(err)
	}
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "new words")
}

func TestAFileThatCannotBeReadSaysWhyAndWhatWasThereAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.sourceOf(d, "a.txt", "text/plain", "old words")
	b.fill(f, "a.bin", "application/octet-stream", "\x00\x01\x02\x03\xff\xfe\x00\x00\x07")
	if entry := b.entry(d, f, convo.IndexFailed); entry.Error == "" {
		t.Error("it does not say why")
	}
	b.wantFound(d, "words", "old words")
	b.fill(f, "a.txt", "text/plain", "good words")
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "good words")
}

func TestADetachedFileLeavesItsRecordsOrTakesThemAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, remove := range []bool{false, true} {
		d := b.dataset(convo.Dataset{})
		b.record(d, "other words", "")
		f := b.source("a.txt", "text/plain", "some words")
		b.attach(d, f)
		b.entry(d, f, convo.IndexDone)
		if _, err := b.DetachFile(t.Context(), b.actor, d, f, remove, nil); err != nil {
			t.Fatal(err)
		}
		want := []string{"other words", "some words"}
		if remove {
			want = want[:1]
		}
		b.wantFound(d, "words", want...)
		if page, err := b.DatasetFiles(t.Context(), b.actor, d, engine.List{}); err != nil || len(page.Items) != 0 {
			t.Errorf("the dataset has %d files, %v", len(page.Items), err)
		}
		if _, err := b.DetachFile(t.Context(), b.actor, d, f, remove, nil); convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("detached again: %v", err)
		}
	}
}

func TestTheEventLogTellsWhatWasDoneToDatasets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	id := b.record(d, "secret words", "")
	if _, err := b.DeleteRecord(t.Context(), b.actor, d, id, nil); err != nil {
		t.Fatal(err)
	}
	f := b.sourceOf(d, "a.txt", "text/plain", "some words")
	if _, err := b.DetachFile(t.Context(), b.actor, d, f, true, nil); err != nil {
		t.Fatal(err)
	}
	page, err := b.Entries(t.Context(), b.actor, engine.List{Take: 100})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range page.Items {
		got = append(got, e.Type)
		if e.IDs["datasetId"] != d && !strings.HasPrefix(e.Type, "file.") {
			t.Errorf("%s concerns %v", e.Type, e.IDs)
		}
	}
	want := []string{"dataset.create", "record.create", "record.delete", "file.create", "file.upload", "dataset.file.attach", "dataset.file.detach"}
	if !slices.Equal(got, want) {
		t.Errorf("the event log has %q, want %q", got, want)
	}
}

func TestAFileThatIsLeavingMayComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.sourceOf(d, "a.txt", "text/plain", "some words")
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		// As a detachment leaves it whose process died.
		file, err := tx.Object(convo.ObjectFile, f)
		if err != nil {
			return err
		}
		stored, _ := file.Body.(convo.Stored)
		stored.Datasets = nil
		file.Body = stored
		entry, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(d, f))
		if err != nil {
			return err
		}
		entry.Body = convo.DatasetFile{File: f, Type: engine.SourceFile, State: convo.IndexLeaves}
		return errors.Join(tx.PutObject(file), tx.PutObject(entry))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.attach(d, f)
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "some words")
	b.fill(f, "a.txt", "text/plain", "other words")
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "other words")
}

func TestWhatLeavesWhenAProcessDiesIsGoneAfterTheNextStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.sourceOf(d, "a.txt", "text/plain", "some words")
	b.stop()
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		entry, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(d, f))
		if err != nil {
			return err
		}
		entry.Body = convo.DatasetFile{File: f, Type: engine.SourceFile, State: convo.IndexLeaves}
		return tx.PutObject(entry)
	})
	if err != nil {
		t.Fatal(err)
	}
	b.start()
	b.Idle()
	b.wantFound(d, "words")
	if _, err := b.store.Object(t.Context(), "t", convo.ObjectDatasetFile, convo.DatasetFileID(d, f)); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("the entry is still there: %v", err)
	}
}

func TestADeletedFileIsNotFoundAnyMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	f := b.sourceOf(d, "a.txt", "text/plain", "some words")
	if _, err := b.DeleteTenantFile(t.Context(), b.actor, f, nil); err != nil {
		t.Fatal(err)
	}
	b.wantFound(d, "words")
}

func TestIndexingGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{RecordMaxTokens: new(int64(16))})
	var text strings.Builder
	for i := range 1000 {
		text.WriteString("Paragraph " + strings.Repeat(string(rune('a'+i%26)), 60) + ".\n\n")
	}
	f := b.source("a.txt", "text/plain", text.String())
	b.attach(d, f)
	for range 5 { // each stops somewhere
		b.stop()
		b.start()
	}
	entry := b.entry(d, f, convo.IndexDone)
	seen := map[int64]bool{}
	l := engine.List{Take: 1000}
	for {
		page, err := b.Records(t.Context(), b.actor, d, l)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			break
		}
		for _, r := range page.Items {
			if seen[r.Place] {
				t.Fatalf("place %d is there twice", r.Place)
			}
			seen[r.Place] = true
		}
		l.Cursor = page.Cursor
	}
	if int64(len(seen)) != entry.Total || entry.Done != entry.Total {
		t.Errorf("%d records, %d of %d done", len(seen), entry.Done, entry.Total)
	}
}

// oneAddress is a fetcher of one content.
type oneAddress struct{ content *string }

func (o oneAddress) Fetch(_ context.Context, address string) (engine.Fetched, error) {
	if address != "https://example.com/a.txt" {
		return engine.Fetched{}, convo.Errorf(convo.Invalid, "not there")
	}
	return engine.Fetched{ReadCloser: io.NopCloser(strings.NewReader(*o.content)), Name: "a.txt", MediaType: "text/plain"}, nil
}

func TestASyncReadsTheAddressAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	content := "first words"
	b.stop()
	b.fetcher = oneAddress{&content}
	b.start()
	d := b.dataset(convo.Dataset{})
	f := b.object(engine.TenantFiles(), engine.Draft{Body: convo.Stored{}}).ID
	fill := func(address string) error {
		_, err := b.FillTenantFile(t.Context(), b.actor, f, engine.Content{Address: address}, nil)
		return err
	}
	if err := fill("https://example.com/other"); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("an address with nothing: %v", err)
	}
	if err := fill("https://example.com/a.txt"); err != nil {
		t.Fatal(err)
	}
	b.attach(d, f)
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "first words")
	content = "second words"
	if _, err := b.SyncTenantFile(t.Context(), b.actor, f, nil); err != nil {
		t.Fatal(err)
	}
	b.entry(d, f, convo.IndexDone)
	b.wantFound(d, "words", "second words")
}

func TestAFileThatIsTooLargeChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.source("a.txt", "text/plain", "some words")
	c := engine.Content{Reader: io.LimitReader(endless{}, 26<<20)}
	if _, err := b.FillTenantFile(t.Context(), b.actor, f, c, nil); convo.ErrorKind(err) != convo.TooLarge {
		t.Errorf("too large: %v", err)
	}
	c = engine.Content{Reader: io.MultiReader(strings.NewReader("x"), broken{})}
	if _, err := b.FillTenantFile(t.Context(), b.actor, f, c, nil); !errors.Is(err, errBroken) {
		t.Errorf("broken off: %v", err)
	}
	o, err := b.Object(t.Context(), b.actor, engine.TenantFiles(), f)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(b.OpenFile(t.Context(), engine.ContentOf(o))); err != nil || string(text) != "some words" {
		t.Errorf("%q, %v", text, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{}

var errBroken = errors.New("broken off")

func (broken) Read([]byte) (int, error) { return 0, errBroken }
