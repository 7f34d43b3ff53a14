package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
)

// byWords finds records without an index: by how many of the query's words they have.
type byWords struct{ store store.Reader }

func (b byWords) Search(ctx context.Context, c retrieve.Collection, q retrieve.Query) ([]retrieve.Hit, error) {
	records, err := b.store.Records(ctx, c.Tenant, c.Dataset, store.RecordQuery{Limit: 10_000})
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(q.Text))
	var hits []retrieve.Hit
	for _, r := range records {
		found := 0
		for _, w := range words {
			if strings.Contains(strings.ToLower(r.Text), w) {
				found++
			}
		}
		must := !slices.ContainsFunc(q.Must, func(tag string) bool { return !slices.Contains(r.Tags(), tag) })
		if found > 0 && must {
			hits = append(hits, retrieve.Hit{Record: r.ID, Score: float64(found) / float64(len(words))})
		}
	}
	slices.SortStableFunc(hits, func(a, b retrieve.Hit) int { return int(1000 * (b.Score - a.Score)) })
	return hits[:min(len(hits), q.Limit)], nil
}

func (b byWords) Tagged(ctx context.Context, c retrieve.Collection, tags []string, limit int) (ids []string, whole bool, err error) {
	records, err := b.store.Records(ctx, c.Tenant, c.Dataset, store.RecordQuery{Limit: 10_000})
	for _, r := range records {
		if !slices.ContainsFunc(tags, func(tag string) bool { return !slices.Contains(r.Tags(), tag) }) {
			ids = append(ids, r.ID)
		}
	}
	return ids, len(ids) <= limit, err
}

func (byWords) Follow(context.Context, retrieve.Collection) error { return nil }
func (byWords) Purge(context.Context, retrieve.Collection, int64) (int64, error) {
	return 0, nil
}
func (byWords) Close() error { return nil }

func (b *bundle) dataset(d convo.Dataset) string {
	b.t.Helper()
	return b.object(engine.Datasets(), engine.Draft{Body: d}).ID
}

func (b *bundle) record(dataset, text, meta string) string {
	b.t.Helper()
	f := convo.RecordFields{Text: text}
	if meta != "" {
		f.Meta = convo.JSON(meta)
	}
	r, err := b.CreateRecord(b.t.Context(), b.actor, dataset, f, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.ID
}

// search gives the texts of what is found.
func (b *bundle) search(dataset, text string, filter ...engine.Condition) []string {
	b.t.Helper()
	_, found, err := b.Search(b.t.Context(), b.actor, dataset, engine.Search{Text: text, Filter: filter})
	if err != nil {
		b.t.Fatal(err)
	}
	texts := []string{}
	for _, f := range found {
		texts = append(texts, f.Record.Text)
	}
	return texts
}

func (b *bundle) wantFound(dataset, text string, want ...string) {
	b.t.Helper()
	if got := b.search(dataset, text); !slices.Equal(got, want) {
		b.t.Errorf("%q finds %q, want %q", text, got, want)
	}
}

func TestARecordsChangeIsSeenByTheNextSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	id := b.record(d, "the blue house", "")
	b.wantFound(d, "blue", "the blue house")
	if _, err := b.UpdateRecord(t.Context(), b.actor, d, id, func(f *convo.RecordFields) { f.Text = "the green house" }, nil); err != nil {
		t.Fatal(err)
	}
	b.wantFound(d, "blue")
	b.wantFound(d, "green", "the green house")
	if _, err := b.DeleteRecord(t.Context(), b.actor, d, id, nil); err != nil {
		t.Fatal(err)
	}
	b.wantFound(d, "green")
	if _, err := b.DeleteRecord(t.Context(), b.actor, d, id, nil); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("a second deletion: %v", err)
	}
}

func TestASearchIsOfItsTenantAndDataset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d, other := b.dataset(convo.Dataset{}), b.dataset(convo.Dataset{})
	b.record(d, "mine", "")
	b.wantFound(other, "mine")
	stranger := convo.Actor{Tenant: "u", Token: "x"}
	for name, err := range map[string]error{
		"search": second(b.Search(t.Context(), stranger, d, engine.Search{Text: "mine"})),
		"list":   only(b.Records(t.Context(), stranger, d, engine.List{})),
		"create": only(b.CreateRecord(t.Context(), stranger, d, convo.RecordFields{Text: "x"}, nil)),
		"attach": only(b.AttachFile(t.Context(), stranger, d, "f", nil)),
	} {
		if convo.ErrorKind(err) != convo.NotFound {
			t.Errorf("%s by another tenant: %v", name, err)
		}
	}
}

func only[T any](_ T, err error) error           { return err }
func second[T, U any](_ T, _ U, err error) error { return err }

func TestAFilterHoldsRecordsToTheirMeta(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{SearchMaxRecords: new(int64(50))})
	b.record(d, "word a", `{"lang":"en","year":2020,"a":{"b":true}}`)
	b.record(d, "word b", `{"lang":"de","year":2024}`)
	b.record(d, "word c", "")
	for _, c := range []struct {
		key   string
		op    engine.Operator
		value any
		want  []string
	}{
		{"lang", engine.Equal, "en", []string{"word a"}},
		{"lang", engine.NotEqual, "en", []string{"word b", "word c"}},
		{"year", engine.Above, 2020.0, []string{"word b"}},
		{"year", engine.AtLeast, 2020.0, []string{"word a", "word b"}},
		{"year", engine.Below, 2024.0, []string{"word a"}},
		{"year", engine.AtMost, 2024.0, []string{"word a", "word b"}},
		{"year", engine.Equal, "2020", nil},
		{"a.b", engine.Equal, true, []string{"word a"}},
		{"a.c", engine.Equal, true, nil},
	} {
		got := b.search(d, "word", engine.Condition{Key: c.key, Op: c.op, Value: c.value})
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %v finds %q, want %q", c.key, c.op, c.value, got, c.want)
		}
	}
}

func TestAFilterThatFewRecordsPassFindsThemAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	for i := range 300 {
		meta := `{"n":1}`
		if i%100 == 99 {
			meta = `{"n":2}`
		}
		b.record(d, "word", meta)
	}
	if got := b.search(d, "word", engine.Condition{Key: "n", Op: engine.Above, Value: 1.0}); len(got) != 3 {
		t.Errorf("%d records, want 3", len(got))
	}
}

func TestMemoriesAreFoundByWhoseTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.contacts("ann", "ben")
	_, err := b.store.Update(t.Context(), "t", "", store.Buffered, func(tx store.Tx) error {
		for _, contact := range []string{"ann", "ben"} {
			r := convo.Record{
				Tenant: "t", Dataset: convo.MemoryDataset, ID: contact, RecordFields: convo.RecordFields{Text: "likes tea", ContactID: contact},
				Created: time.Now().UTC().Truncate(time.Millisecond),
			}
			r.Updated = r.Created
			if err := tx.PutRecord(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := b.FindMemories(t.Context(), "t", "tea", convo.Tag("contact", "ben"))
	if err != nil || len(found) != 1 || found[0].Record.ID != "ben" {
		t.Errorf("%v, %v", found, err)
	}
	if found, err = b.FindMemories(t.Context(), "u", "tea"); err != nil || len(found) != 0 {
		t.Errorf("another tenant finds %v, %v", found, err)
	}
}

func TestTheSettingsOfADatasetBoundItsSearches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	long := strings.Repeat("word ", 400) // 500 tokens
	for name, c := range map[string]struct {
		dataset convo.Dataset
		want    int
	}{
		"the defaults":      {convo.Dataset{}, 4},
		"records":           {convo.Dataset{SearchMaxRecords: new(int64(2))}, 2},
		"tokens":            {convo.Dataset{SearchMaxTokens: new(int64(1000))}, 2},
		"the first, always": {convo.Dataset{SearchMaxTokens: new(int64(1))}, 1},
		"score":             {convo.Dataset{SearchMinScore: new(0.9)}, 0},
	} {
		d := b.dataset(c.dataset)
		for range 10 {
			b.record(d, long, "")
		}
		if got := len(b.search(d, "word missing")); got != c.want {
			t.Errorf("%s: %d records, want %d", name, got, c.want)
		}
	}
}

func TestRecordsAreHeldAgainstTheLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	for text, want := range map[string]convo.Kind{
		"":                             convo.Invalid,
		" \n":                          convo.Invalid,
		"\xff":                         convo.Invalid,
		strings.Repeat("x", 256<<10+1): convo.TooLarge,
		strings.Repeat("x", 10<<20):    convo.TooLarge,
	} {
		if _, err := b.CreateRecord(t.Context(), b.actor, d, convo.RecordFields{Text: text}, nil); convo.ErrorKind(err) != want {
			t.Errorf("a text of %d bytes: %v", len(text), err)
		}
	}
	if page, err := b.Records(t.Context(), b.actor, d, engine.List{}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d records are there, %v", len(page.Items), err)
	}
}

func TestRecordsAreListedInPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.dataset(convo.Dataset{})
	var want []string
	for range 5 {
		want = append(want, b.record(d, "x", ""))
	}
	for _, byID := range []bool{false, true} {
		var got []string
		l := engine.List{Take: 2}
		for {
			page, err := b.Records(t.Context(), b.actor, d, l)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Items {
				got = append(got, r.ID)
				l.Cursor = r.ID
			}
			if len(page.Items) == 0 {
				break
			}
			if !byID {
				l.Cursor = page.Cursor
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if _, err := b.Records(t.Context(), b.actor, d, engine.List{Cursor: "nothing"}); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("an unknown cursor: %v", err)
	}
}
