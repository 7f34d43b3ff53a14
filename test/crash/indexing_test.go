package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// indexed is a dataset of a scene with a file of it.
type indexed struct {
	*scene
	dataset, file string
}

// entry is how far the records of a file have got.
type entry struct {
	Status   string
	Error    string
	Progress struct{ Done, Total int }
}

func newIndexed(ctx context.Context, t *testing.T) *indexed {
	t.Helper()
	i := &indexed{scene: newScene(t, "parley")}
	i.dataset = i.create(ctx, t, "/v1/dataset/create", map[string]any{"recordMaxTokens": 16})
	i.file = i.create(ctx, t, "/v1/file/create", map[string]any{"name": "words"})
	i.create(ctx, t, "/v1/dataset/"+i.dataset+"/file/"+i.file+"/attach", map[string]any{})
	return i
}

// create gives the id in the answer of a request.
func (i *indexed) create(ctx context.Context, t *testing.T, path string, body map[string]any) string {
	t.Helper()
	var created struct{ ID string }
	if err := i.client.object(ctx, http.MethodPost, path, "", body, &created); err != nil {
		t.Fatal(err)
	}
	return created.ID
}

// unique is a word of letters alone: of others the parts are found, too.
func unique(prefix string, k int) string {
	digits := strings.NewReplacer("0", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j")
	return digits.Replace(fmt.Sprintf("%s%dx", prefix, k))
}

// upload sends paragraphs, each with a word that no other has.
func (i *indexed) upload(ctx context.Context, t *testing.T, prefix string, n int) {
	t.Helper()
	var text strings.Builder
	for k := range n {
		fmt.Fprintf(&text, "The paragraph of %s stands here alone, and nothing else.\n\n", unique(prefix, k))
	}
	i.create(ctx, t, "/v1/file/"+i.file+"/upload", map[string]any{"file": "data:text/plain," + text.String()})
}

func (i *indexed) entry(ctx context.Context, t *testing.T) entry {
	t.Helper()
	var page struct{ Items []entry }
	if err := i.client.object(ctx, http.MethodGet, "/v1/dataset/"+i.dataset+"/file/list", "", nil, &page); err != nil || len(page.Items) != 1 {
		t.Fatal(page, err)
	}
	return page.Items[0]
}

// until waits until the records have got somewhere.
func (i *indexed) until(ctx context.Context, t *testing.T, enough func(entry) bool) {
	t.Helper()
	for {
		e := i.entry(ctx, t)
		if enough(e) {
			return
		}
		select {
		case <-time.After(5 * time.Millisecond): // to ask all the time would hold the work up
		case <-ctx.Done():
		}
		if e.Status == "failed" || ctx.Err() != nil {
			t.Fatalf("the file is %+v, %v", e, ctx.Err())
		}
	}
}

// found gives the texts of the records with a word.
func (i *indexed) found(ctx context.Context, t *testing.T, word string) []string {
	t.Helper()
	var f struct{ Records []struct{ Text string } }
	if err := i.client.object(ctx, http.MethodPost, "/v1/dataset/"+i.dataset+"/search", "", map[string]any{"search": word}, &f); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range f.Records {
		texts = append(texts, r.Text)
	}
	return texts
}

// mustBeWhole holds the dataset to the paragraphs that were uploaded: each is there
// once, and nothing else.
func (i *indexed) mustBeWhole(ctx context.Context, t *testing.T, prefix string, n int) {
	t.Helper()
	times := map[string]int{}
	err := i.client.lines(ctx, http.MethodGet, "/v1/dataset/"+i.dataset+"/record/list", "", nil, func(l line) {
		var r struct{ Text string }
		if err := json.Unmarshal(l.Data, &r); err != nil {
			t.Error(err)
		}
		for word := range strings.FieldsSeq(r.Text) {
			if strings.HasSuffix(word, "x") {
				times[word]++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		word := unique(prefix, k)
		if times[word] != 1 {
			t.Errorf("%s is there %d times", word, times[word])
		}
		if k%97 == 0 {
			if texts := i.found(ctx, t, word); len(texts) != 1 || !strings.Contains(texts[0], word) {
				t.Errorf("%s finds %q", word, texts)
			}
		}
	}
	if len(times) != n {
		t.Errorf("there are %d words, want %d", len(times), n)
	}
}

func TestIndexingGoesOnAfterKills(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	const n = 5000
	i := newIndexed(ctx, t)
	i.upload(ctx, t, "first", n)
	i.restart(ctx, t) // perhaps before it began
	for kill := 1; kill <= 3; kill++ {
		i.until(ctx, t, func(e entry) bool { return e.Status == "indexed" || e.Progress.Done > kill*n/5 })
		i.restart(ctx, t)
	}
	i.until(ctx, t, func(e entry) bool { return e.Status == "indexed" })
	i.mustBeWhole(ctx, t, "first", n)

	// The old records answer until the new ones are there, whenever the server dies.
	i.upload(ctx, t, "second", n)
	i.until(ctx, t, func(e entry) bool { return e.Status == "indexed" || e.Progress.Done > n/3 })
	i.restart(ctx, t)
	if e := i.entry(ctx, t); e.Progress.Done < n {
		if texts := i.found(ctx, t, unique("first", 17)); len(texts) != 1 && i.entry(ctx, t).Status != "indexed" {
			t.Errorf("while the new records are made, the old paragraph finds %q", texts)
		}
	}
	i.until(ctx, t, func(e entry) bool { return e.Status == "indexed" })
	i.mustBeWhole(ctx, t, "second", n)
	i.server.Kill()
	i.mustBeSound(t)
}
