// Package moderate is the port to services that judge whether a text may be said.
//
// A driver promises that a call ends when its context does, and that an error of it is
// a *convo.Error whose text may be shown and holds neither a key nor the text. No
// verdict is an error, never a text that passes.
package moderate

import "context"

// Moderator is what a driver implements. It may be used by many goroutines.
type Moderator interface {
	// Judge says whether a text is one that the service flags, and as what: the names
	// of its categories, in their order, without any if it gives none.
	Judge(ctx context.Context, text string) (Verdict, error)
}

// Verdict is what a service says of a text.
type Verdict struct {
	Flagged    bool
	Categories []string // with Flagged
}
