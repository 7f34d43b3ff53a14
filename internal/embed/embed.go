// Package embed is the port to services that turn texts into vectors, so that texts
// which mean the like are near each other.
//
// A driver promises that a call ends when its context does, that it gives one vector
// for each text, all of the same length, none of them all zeros, that an error of it
// is a *convo.Error whose text may be shown and holds no key, and that it sends
// nothing but the texts.
package embed

import "context"

// Embedder is what a driver implements. It may be used by many goroutines.
type Embedder interface {
	// Space names what makes vectors comparable: the provider, the model and what
	// else their meaning depends on.
	Space() string

	// Embed gives the vectors of texts, in their order. At most Batch at once.
	Embed(ctx context.Context, purpose Purpose, texts []string) ([][]float32, error)

	// Batch is how many texts a call takes.
	Batch() int
}

// Purpose says what a vector is for; some services make different ones.
type Purpose uint8

// The purposes.
const (
	Passage  Purpose = iota + 1 // something that is to be found
	Question                    // what is looked for
)
