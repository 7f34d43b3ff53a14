package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// maxAgents bounds the list of agents, which has no pages: of more, the oldest are
// in it.
const maxAgents = 10_000

// Agents lists the bots of the actor's tenant, the oldest first, for protocols that
// know them by their numbers.
func (e *Engine) Agents(ctx context.Context, actor convo.Actor) ([]convo.Object, error) {
	if err := account(actor); err != nil {
		return nil, err
	}
	var all []convo.Object
	q := store.ObjectQuery{Kind: convo.ObjectBot, Limit: MaxTake}
	for len(all) < maxAgents {
		page, err := e.store.Objects(ctx, actor.Tenant, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < q.Limit {
			break
		}
		last := page[len(page)-1]
		q.After = store.Position{Created: last.Created, ID: last.ID}
	}
	return all, nil
}

// Agent reads a bot by its number; also one that is in no list.
func (e *Engine) Agent(ctx context.Context, actor convo.Actor, number int64) (convo.Object, error) {
	missing := convo.Errorf(convo.NotFound, "there is no agent with the number %d", number)
	if err := account(actor); err != nil || number <= 0 {
		return convo.Object{}, errOr(err, missing)
	}
	q := store.ObjectQuery{Kind: convo.ObjectBot, Number: number, Unlisted: true, Limit: 1}
	found, err := e.store.Objects(ctx, actor.Tenant, q)
	if err != nil || len(found) == 0 {
		return convo.Object{}, errOr(err, missing)
	}
	return found[0], nil
}

// errOr gives err, or where that is nil the other one.
func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
