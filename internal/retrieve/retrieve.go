// Package retrieve is the port to what finds records: by their words, and by the
// vectors of what they mean.
//
// An index is made of a dataset's records, which the store keeps; it can be lost and
// made again. A driver promises, and retrievetest checks:
//
//   - A search sees every change of the dataset that was committed before it began,
//     and nothing of another dataset or tenant.
//   - The best hits come first, ties in the order of the records' ids; the same
//     data and query give the same hits.
//   - Its memory is bounded, whatever the size of the datasets; what it has not in
//     memory it takes from the store.
//   - A search ends when its context does.
//
// Scores go from 0 to 1. What they mean is said in docs/retrieval.md.
package retrieve

import "context"

// Collection is a dataset of a tenant.
type Collection struct{ Tenant, Dataset string }

// Query is what is looked for.
type Query struct {
	Text  string
	Limit int      // hits at most
	Must  []string // tags that a record must have, all of them: see convo.Record.Tags
}

// Hit is a record that was found.
type Hit struct {
	Record string
	Score  float64
}

// Texts finds records by their words. Any word of the query may match.
type Texts interface {
	Search(ctx context.Context, c Collection, q Query) ([]Hit, error)

	// Tagged gives the records that have all of some tags, at least one, in no order.
	// whole is false, and there are none, if they are more than limit.
	Tagged(ctx context.Context, c Collection, tags []string, limit int) (records []string, whole bool, err error)

	// Follow reads what changed, so that the next search need not.
	Follow(ctx context.Context, c Collection) error

	// Purge has the store keep no words of records that were gone before. It gives the
	// change up to which that is so, and does nothing where that is since.
	Purge(ctx context.Context, c Collection, since int64) (change int64, err error)

	// Close writes what is worth keeping and lets the memory go.
	Close() error
}

// Vectors finds records by their vectors in a space.
type Vectors interface {
	// Search gives the records whose vectors point most nearly where this one does.
	// Of among, each of which is another one, all are looked at, however few they are;
	// nil = all records. A vector of another length than those of the space is Invalid.
	Search(ctx context.Context, c Collection, space string, vector []float32, limit int, among []string) ([]Hit, error)

	// Close writes what is worth keeping and lets the memory go.
	Close() error
}
