package store

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// VoteReader reads votes out of the logs of conversations.
type VoteReader interface {
	// Votes reads a page of the votes in the conversations with a contact, ordered by
	// their times, ties by id. Hidden conversations are left out.
	Votes(ctx context.Context, tenant string, q VoteQuery) ([]convo.Vote, error)
}

// VoteQuery selects votes.
type VoteQuery struct {
	Contact string   // its id
	ID      string   // the one vote with that id; "" = all
	After   Position // exclusive; the zero value starts at the end that Desc names
	Desc    bool
	Limit   int // at least 1
}
