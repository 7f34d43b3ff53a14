package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// ContactVotes reads a page of the votes in the conversations with a contact, by
// their times: on conversations, their messages and exchanges. What they say stands as
// it is stored: of private conversations masked.
func (e *Engine) ContactVotes(ctx context.Context, actor convo.Actor, contact string, l List) (Page[convo.Vote], error) {
	var page Page[convo.Vote]
	found, err := e.Object(ctx, actor, Contacts(), contact)
	if err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q := store.VoteQuery{Contact: found.ID, Desc: l.Desc, Limit: take}
	list := "votes/" + actor.Tenant + "/" + found.ID
	if l.Cursor != "" {
		if q.After, err = e.votePosition(ctx, actor, found.ID, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if len(l.Meta) > 0 {
		return page, nil // votes have none
	}
	if page.Items, err = e.store.Votes(ctx, actor.Tenant, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.At.UnixMilli(), last.ID)
	}
	return page, nil
}

// votePosition finds where a cursor of a list of votes leads.
func (e *Engine) votePosition(ctx context.Context, actor convo.Actor, contact, list, cursor string) (store.Position, error) {
	ms, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return store.Position{Created: fromMillis(ms), ID: id}, err
	}
	found, err := e.store.Votes(ctx, actor.Tenant, store.VoteQuery{Contact: contact, ID: cursor, Limit: 1})
	if err != nil || len(found) == 0 {
		return store.Position{}, errOr(err, unknownCursor())
	}
	return store.Position{Created: found[0].At, ID: found[0].ID}, nil
}
