package engine

import (
	"context"
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// DeclaredBot is a bot as the configuration declares it. What is nil or 0 is
// left as it is.
type DeclaredBot struct {
	ID                string
	Number, Folder    int64
	Name, Description *string
	Config            convo.Config
	Where             string // in the configuration, for errors
}

// DeclareBots makes a tenant's bots what the configuration says of them, all or
// none. What is declared wins over what was changed since; a bot that is
// declared no more works on, and is in no list. Nothing is written where
// nothing differs.
func (e *Engine) DeclareBots(ctx context.Context, tenant string, bots []DeclaredBot) error {
	for _, b := range bots {
		err := e.checkShape(Draft{
			ObjectFields: convo.ObjectFields{Name: b.Name, Description: b.Description}, Body: convo.BotConfig{Config: b.Config},
		})
		if err == nil {
			err = e.checkDeclaredModel(ctx, b.Config.Model)
		}
		if err != nil {
			return declaredError(b, err)
		}
	}
	_, err := e.store.Update(ctx, tenant, "", store.Durable, func(tx store.Tx) error {
		for _, b := range bots {
			if err := e.declareBot(tx, tenant, b); err != nil {
				return declaredError(b, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	ids := make(map[string]bool, len(bots))
	for _, b := range bots {
		ids[b.ID] = true
	}
	return e.retire(ctx, tenant, convo.ObjectBot, ids)
}

// checkDeclaredModel refuses a model string that can never work. A provider that
// cannot be asked now may answer later.
func (e *Engine) checkDeclaredModel(ctx context.Context, spec *string) error {
	if err := e.checkModel(ctx, spec); convo.ErrorKind(err) == convo.Invalid {
		return err
	}
	return nil
}

func declaredError(b DeclaredBot, err error) error {
	return fmt.Errorf("%s: agent %q: %w", b.Where, b.ID, err)
}

// declareBot writes one bot, if it differs from what it is.
func (e *Engine) declareBot(tx store.Tx, tenant string, b DeclaredBot) error {
	before, err := tx.Object(convo.ObjectBot, b.ID)
	exists := err == nil && before.ID == b.ID // else the id is another one's alias
	switch {
	case err != nil && convo.ErrorKind(err) != convo.NotFound:
		return err
	case !exists:
		before = convo.Object{Tenant: tenant, ID: b.ID, Body: convo.BotConfig{}, Created: now(), Updated: now()}
	}
	o := before
	body, _ := o.Body.(convo.BotConfig)
	body.Config = b.Config.Over(body.Config)
	body.Declared = true
	if b.Folder != 0 {
		body.Folder = b.Folder
	}
	if b.Number != 0 {
		o.Number = b.Number
	}
	if b.Name != nil {
		o.Name = b.Name
	}
	if b.Description != nil {
		o.Description = b.Description
	}
	o.Body, o.Unlisted = body, false
	unchecked := convo.Object{Body: body} // a skillset that the file names may be made later
	if err := completeBot(tx, &o, body, unchecked); err != nil {
		return err
	}
	if exists && sameBot(o, before) {
		return nil
	}
	o.Updated = now()
	return tx.PutObject(o)
}

// sameBot reports whether a declaration changes nothing.
func sameBot(a, b convo.Object) bool {
	x, _ := a.Body.(convo.BotConfig)
	y, _ := b.Body.(convo.BotConfig)
	same := func(p, q *string) bool { return (p == nil) == (q == nil) && text(p) == text(q) }
	return a.Number == b.Number && a.Unlisted == b.Unlisted && same(a.Name, b.Name) && same(a.Description, b.Description) &&
		x.Folder == y.Folder && x.Declared == y.Declared && same(x.Model, y.Model) && same(x.Backstory, y.Backstory) &&
		same(x.SkillsetID, y.SkillsetID) && sameFlag(x.Privacy, y.Privacy) && sameFlag(x.Moderation, y.Moderation) &&
		sameFlag(x.Unmasked, y.Unmasked)
}

func sameFlag(p, q *bool) bool { return (p == nil) == (q == nil) && (p == nil || *p == *q) }

// retire takes out of the lists what the configuration declared once, and does no
// more.
func (e *Engine) retire(ctx context.Context, tenant string, kind convo.ObjectKind, declared map[string]bool) error {
	q := store.ObjectQuery{Kind: kind, Limit: MaxTake}
	for more := true; more; {
		page, err := e.store.Objects(ctx, tenant, q)
		if err != nil {
			return err
		}
		for _, o := range page {
			q.After = store.Position{Created: o.Created, ID: o.ID}
			if !wasDeclared(o) || declared[o.ID] {
				continue
			}
			if err := e.unlist(ctx, tenant, kind, o.ID); err != nil {
				return err
			}
		}
		more = len(page) == q.Limit
	}
	return nil
}

func wasDeclared(o convo.Object) bool {
	switch b := o.Body.(type) {
	case convo.BotConfig:
		return b.Declared
	case convo.Dataset:
		return b.Declared
	}
	return false
}

func (e *Engine) unlist(ctx context.Context, tenant string, kind convo.ObjectKind, id string) error {
	_, err := e.store.Update(ctx, tenant, "", store.Durable, func(tx store.Tx) error {
		o, err := tx.Object(kind, id)
		if err != nil {
			return err
		}
		o.Unlisted = true
		return tx.PutObject(o)
	})
	return err
}
