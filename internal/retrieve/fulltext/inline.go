package fulltext

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// Inline is an index of some records in memory. It may be used by many goroutines.
type Inline struct{ view *view }

// Build makes an index of records, each of which has another ID. It takes about a
// second for 10 MiB of text.
func Build(records []convo.Record) *Inline {
	b := newBuilder().build(records, nil)
	return &Inline{&view{parts: []*part{whole(newSegment(0, 1, b))}}}
}

// Search finds the best records of a query, as retrieve.Texts does.
func (x *Inline) Search(q retrieve.Query) []retrieve.Hit {
	held := func(_ context.Context, s *segment) (*body, error) { return s.held.Load(), nil }
	// Nothing is read and nothing can take long, so nobody can end it.
	hits, _ := x.view.search(context.Background(), held, &scorer{}, newQuestion(q))
	return hits
}
