package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// Settings reads what the actor's user said of himself. A first read makes the
// record, with what his provider says of him.
func (e *Engine) Settings(ctx context.Context, actor convo.Actor) (convo.Settings, error) {
	if err := account(actor); err != nil {
		return convo.Settings{}, err
	}
	found, err := e.store.Settings(ctx, actor.Tenant, actor.User)
	if convo.ErrorKind(err) != convo.NotFound {
		return found, err
	}
	return e.UpdateSettings(ctx, actor, func(*convo.Settings) error { return nil })
}

// UpdateSettings lets change work on the settings of the actor's user. If it fails,
// nothing changes, and its error is given.
func (e *Engine) UpdateSettings(
	ctx context.Context, actor convo.Actor, change func(*convo.Settings) error,
) (convo.Settings, error) {
	if err := account(actor); err != nil {
		return convo.Settings{}, err
	}
	changed, err := e.store.ChangeSettings(context.WithoutCancel(ctx), actor.Tenant, actor.User, func(s *convo.Settings) error {
		at := now()
		if s.Created.IsZero() {
			s.Created = at
			s.Name, s.Email = said(actor.Name), said(actor.Email)
		}
		s.Updated = at
		return change(s)
	})
	e.noteRoom(err)
	return changed, err
}

// said is a text that may be missing.
func said(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
