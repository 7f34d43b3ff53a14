package engine_test

import (
	"errors"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// handbook is a declared dataset with files by their paths; nil has none.
func handbook(files map[string]string) engine.DeclaredDataset {
	d := engine.DeclaredDataset{ID: "handbook", Name: new("Handbook"), Where: "parley.yaml:3"}
	for path, content := range files {
		d.Files = append(d.Files, engine.DeclaredFile{Path: path, Open: func() (io.ReadCloser, error) {
			if content == "" {
				return nil, errors.New("permission denied")
			}
			return io.NopCloser(strings.NewReader(content)), nil
		}})
	}
	return d
}

// declare declares datasets as a start would, and waits until their files are indexed.
func (b *bundle) declare(datasets ...engine.DeclaredDataset) {
	b.t.Helper()
	if err := b.DeclareDatasets(b.t.Context(), "t", datasets); err != nil {
		b.t.Fatal(err)
	}
	for _, d := range datasets {
		for _, e := range b.declared(d.ID) {
			b.entry(d.ID, e.File.ID, convo.IndexDone)
		}
	}
}

// declared gives the files of a dataset by their names.
func (b *bundle) declared(dataset string) map[string]engine.DatasetEntry {
	b.t.Helper()
	page, err := b.DatasetFiles(b.t.Context(), b.actor, dataset, engine.List{})
	if err != nil {
		b.t.Fatal(err)
	}
	files := map[string]engine.DatasetEntry{}
	for _, e := range page.Items {
		files[*e.File.Name] = e
	}
	return files
}

func TestADeclaredDatasetHasItsFilesAndReadsAgainOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(handbook(map[string]string{"docs/a.md": "# Leave\n\nThirty days.", "docs/b.md": "Lunch is at noon."}))
	b.wantFound("handbook", "thirty", "Thirty days.")
	first := b.declared("handbook")

	b.stop()
	b.start()
	b.declare(handbook(map[string]string{"docs/a.md": "# Leave\n\nForty days.", "docs/b.md": "Lunch is at noon."}))
	b.wantFound("handbook", "thirty")
	b.wantFound("handbook", "forty", "Forty days.")
	second := b.declared("handbook")
	if !reflect.DeepEqual(second["docs/b.md"], first["docs/b.md"]) {
		t.Errorf("a file that is what it was has become %+v, was %+v", second["docs/b.md"], first["docs/b.md"])
	}
	if a := second["docs/a.md"]; a.File.ID != first["docs/a.md"].File.ID || a.Entry.Upload == first["docs/a.md"].Entry.Upload {
		t.Errorf("the changed file is %+v", a)
	}
}

func TestAFileThatIsDeclaredNoMoreLeavesItsDataset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(handbook(map[string]string{"a.md": "first text", "b.md": "second text"}))
	own := b.source("own.txt", "text/plain", "third text")
	b.attach("handbook", own)
	b.entry("handbook", own, convo.IndexDone)

	b.declare(handbook(nil)) // they could not be found out
	b.declare(handbook(map[string]string{"a.md": "", "b.md": "second text"}))
	if got := slices.Sorted(maps.Keys(b.declared("handbook"))); !slices.Equal(got, []string{"a.md", "b.md", "own.txt"}) {
		t.Errorf("the files are %q", got)
	}
	b.wantFound("handbook", "first", "first text") // a.md cannot be read now
	b.declare(handbook(map[string]string{"b.md": "second text"}))
	if got := slices.Sorted(maps.Keys(b.declared("handbook"))); !slices.Equal(got, []string{"b.md", "own.txt"}) {
		t.Errorf("the files are %q", got)
	}
	b.wantFound("handbook", "first")
	b.wantFound("handbook", "third", "third text")
}

func TestTheConfigurationsFilesWinOverOthersContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	declaration := handbook(map[string]string{"a.md": "what the file says"})
	b.declare(declaration)
	file := b.declared("handbook")["a.md"].File.ID
	b.fill(file, "a.md", "text/markdown", "what somebody sent")
	b.entry("handbook", file, convo.IndexDone)
	b.wantFound("handbook", "somebody", "what somebody sent")
	b.declare(declaration)
	b.wantFound("handbook", "somebody")
	b.wantFound("handbook", "file", "what the file says")

	if _, err := b.DeleteTenantFile(t.Context(), b.actor, file, nil); err != nil {
		t.Fatal(err)
	}
	b.declare(declaration)
	b.wantFound("handbook", "file", "what the file says")
	if _, err := b.DeleteObject(t.Context(), b.actor, engine.Datasets(), "handbook", nil); err != nil {
		t.Fatal(err)
	}
	b.declare(declaration)
	b.wantFound("handbook", "file", "what the file says")
}

func TestADatasetThatIsDeclaredNoMoreIsInNoList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.declare(handbook(map[string]string{"a.md": "a text"}))
	if err := b.DeclareDatasets(t.Context(), "t", nil); err != nil {
		t.Fatal(err)
	}
	page, err := b.ListObjects(t.Context(), b.actor, engine.Datasets(), engine.List{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("the datasets are %v, %v", page.Items, err)
	}
	b.wantFound("handbook", "text", "a text")
	b.declare(handbook(nil))
	if page, err = b.ListObjects(t.Context(), b.actor, engine.Datasets(), engine.List{}); err != nil || len(page.Items) != 1 {
		t.Errorf("declared again: %v, %v", page.Items, err)
	}
	other := convo.Actor{Tenant: "u", Token: "x"}
	if _, err := b.Object(t.Context(), other, engine.Datasets(), "handbook"); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another tenant: %v", err)
	}
}

func TestADeclaredFileThatIsTooLargeIsToldAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var log strings.Builder
	b.stop()
	b.log = slog.New(slog.NewTextHandler(&log, nil))
	b.start()
	d := handbook(map[string]string{"a.md": "a small text"})
	d.Files = append(d.Files, engine.DeclaredFile{Path: "large.md", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(endless{}, engine.DefaultLimits().File+1)), nil
	}})
	b.declare(d)
	b.wantFound("handbook", "small", "a small text")
	if _, has := b.declared("handbook")["large.md"]; has {
		t.Error("the dataset has the large file")
	}
	if !strings.Contains(log.String(), "large.md") || !strings.Contains(log.String(), "too large") {
		t.Errorf("the operator is told %q", log.String())
	}
	_, err := b.store.Object(t.Context(), "t", convo.ObjectFile, "large.md")
	if convo.ErrorKind(err) != convo.NotFound {
		t.Error(err)
	}
}
