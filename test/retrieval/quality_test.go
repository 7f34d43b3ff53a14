//go:build !race

package retrieval

import (
	"math"
	"slices"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/retrieve/fulltext"
)

// top is how many hits are looked at, and deep how many of each kind are fused.
const (
	top  = 10
	deep = 50
)

// ranker gives the best records for a question, the best first.
type ranker func(t *testing.T, text string) []retrieve.Hit

// quality is the mean over all questions.
type quality struct{ ndcg, recall float64 }

func measure(t *testing.T, all []question, rank ranker) (q quality) {
	t.Helper()
	for _, question := range all {
		hits := rank(t, question.text)
		gain, best, found := 0.0, 0.0, 0
		for i := range min(top, max(len(hits), len(question.answers))) {
			if i < len(hits) && slices.Contains(question.answers, hits[i].Record) {
				gain += 1 / math.Log2(float64(i)+2)
				found++
			}
			if i < len(question.answers) {
				best += 1 / math.Log2(float64(i)+2)
			}
		}
		q.ndcg += gain / best / float64(len(all))
		q.recall += float64(found) / float64(min(top, len(question.answers))) / float64(len(all))
	}
	return q
}

func TestQualityOfRetrieval(t *testing.T) {
	t.Parallel()
	records, all := documentation(t), questions(t)
	known := map[string]bool{}
	for _, r := range records {
		known[r.ID] = true
	}
	for _, q := range all {
		for _, answer := range q.answers {
			if !known[answer] {
				t.Errorf("%q: there is no documentation of %s", q.text, answer)
			}
		}
	}
	t.Logf("%d questions, %d records", len(all), len(records))

	text := fulltext.Build(records)
	words := func(_ *testing.T, q string) []retrieve.Hit { return text.Search(retrieve.Query{Text: q, Limit: deep}) }
	space := newLSA(records)
	vectors := func(_ *testing.T, q string) []retrieve.Hit { return space.search(q, deep) }
	both := func(t *testing.T, q string) []retrieve.Hit { return retrieve.Fuse(words(t, q), vectors(t, q), top) }
	for _, row := range []struct {
		name  string
		rank  ranker
		floor quality // 0.02 below what docs/retrieval.md says
	}{
		{"FTS5, unicode61", table(t, records, "unicode61"), quality{}},
		{"FTS5, porter", table(t, records, "porter"), quality{}},
		{"full text", words, quality{0.507, 0.611}},
		{"LSA vectors", vectors, quality{}},
		{"full text and LSA vectors", both, quality{0.492, 0.615}},
	} {
		if row.floor == (quality{}) && !testing.Verbose() {
			continue // only there to be told
		}
		got := measure(t, all, row.rank)
		t.Logf("%-26s nDCG@10 %.3f, recall@10 %.3f", row.name, got.ndcg, got.recall)
		if got.ndcg < row.floor.ndcg || got.recall < row.floor.recall {
			t.Errorf("%s: below %+v", row.name, row.floor)
		}
	}
}

// table ranks by SQLite's FTS5 and its bm25.
func table(t *testing.T, records []convo.Record, tokenizer string) ranker {
	t.Helper()
	conn, err := sqlite.OpenConn(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(sqlitex.ExecuteTransient(conn, "CREATE VIRTUAL TABLE record USING fts5(id UNINDEXED, text, tokenize = '"+tokenizer+"')", nil))
	for _, r := range records {
		o := &sqlitex.ExecOptions{Args: []any{r.ID, r.Title + "\n" + r.Text}}
		must(sqlitex.Execute(conn, "INSERT INTO record (id, text) VALUES (?, ?)", o))
	}
	return func(t *testing.T, text string) (hits []retrieve.Hit) {
		asked := `"` + strings.Join(plainest(text), `" OR "`) + `"`
		must(sqlitex.Execute(conn, "SELECT id FROM record WHERE record MATCH ? ORDER BY rank LIMIT ?", &sqlitex.ExecOptions{
			Args: []any{asked, top},
			ResultFunc: func(s *sqlite.Stmt) error {
				hits = append(hits, retrieve.Hit{Record: s.ColumnText(0)})
				return nil
			},
		}))
		return hits
	}
}

func plainest(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
