package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Draft is an object as a caller makes or changes it.
type Draft struct {
	convo.ObjectFields
	Body convo.ObjectBody
	// Value is a secret's, in clear; nil leaves it as it is, "" forgets it. It
	// is sealed before it is stored, and no method gives it back.
	Value *string
}

// Place names the list that objects are in: those of a kind, and what they
// belong to, by its id or alias, where they belong to something.
type Place struct {
	Kind   convo.ObjectKind
	Parent string
}

// CreateObject makes an object of the actor's tenant.
func (e *Engine) CreateObject(ctx context.Context, actor convo.Actor, at Place, draft Draft, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	if err := e.checkDraft(ctx, at.Kind, draft); err != nil {
		return convo.Object{}, err
	}
	var made convo.Object
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		made, err = e.putNew(tx, actor, at, draft)
		return made, err
	})
	return made, err
}

// putNew stores a new object.
func (e *Engine) putNew(tx store.Tx, actor convo.Actor, at Place, draft Draft) (convo.Object, error) {
	parent, err := findParent(tx, at)
	if err != nil {
		return convo.Object{}, err
	}
	created := now()
	made := convo.Object{
		Tenant: actor.Tenant, ID: newID(), Parent: parent, ObjectFields: draft.ObjectFields, Body: draft.Body,
		Created: created, Updated: created,
	}
	if err := e.complete(tx, &made, convo.Object{}, draft.Value); err != nil {
		return made, err
	}
	return made, putNoted(tx, made, "create")
}

// complete fills in what callers do not write themselves, and resolves what the
// object names beside what it named before.
func (e *Engine) complete(tx store.Tx, o *convo.Object, before convo.Object, value *string) error {
	if o.Alias != nil && *o.Alias == "" {
		o.Alias = nil
	}
	if value != nil {
		o.Sealed = e.sealSecret(*o, *value)
	}
	switch b := o.Body.(type) {
	case convo.BotConfig:
		return completeBot(tx, o, b, before)
	case convo.Ability:
		return completeAbility(tx, o, b, before)
	case convo.Contact:
		completeContact(o, before)
	}
	return nil
}

// findParent gives the id of what the objects of a place belong to.
func findParent(tx store.Tx, at Place) (string, error) {
	kind := at.Kind.Parent()
	if kind == "" {
		return "", nil
	}
	parent, err := tx.Object(kind, at.Parent)
	if err != nil {
		return "", unknownObject(kind, at.Parent, err)
	}
	return parent.ID, nil
}

// findObject gives an object of a place, inside a transaction.
func findObject(tx store.Tx, at Place, name string) (convo.Object, error) {
	parent, err := findParent(tx, at)
	if err != nil {
		return convo.Object{}, err
	}
	o, err := tx.Object(at.Kind, name)
	if err != nil {
		return o, unknownObject(at.Kind, name, err)
	}
	if o.Parent != parent {
		return convo.Object{}, missingObject(at.Kind, name)
	}
	return o, nil
}

// Object reads one object by its id or alias.
func (e *Engine) Object(ctx context.Context, actor convo.Actor, at Place, name string) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	parent, err := e.parentID(ctx, actor, at)
	if err != nil {
		return convo.Object{}, err
	}
	o, err := e.store.Object(ctx, actor.Tenant, at.Kind, name)
	if err != nil {
		return convo.Object{}, unknownObject(at.Kind, name, err)
	}
	if o.Parent != parent {
		return convo.Object{}, missingObject(at.Kind, name)
	}
	return o, nil
}

// parentID is findParent outside a transaction.
func (e *Engine) parentID(ctx context.Context, actor convo.Actor, at Place) (string, error) {
	kind := at.Kind.Parent()
	if kind == "" {
		return "", nil
	}
	parent, err := e.store.Object(ctx, actor.Tenant, kind, at.Parent)
	return parent.ID, unknownObject(kind, at.Parent, err)
}

// ListObjects reads a page of the objects of a place, by creation.
func (e *Engine) ListObjects(ctx context.Context, actor convo.Actor, at Place, l List) (Page[convo.Object], error) {
	var page Page[convo.Object]
	if err := account(actor); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q := store.ObjectQuery{Kind: at.Kind, Desc: l.Desc, Limit: take, Meta: l.Meta}
	if q.Parent, err = e.parentID(ctx, actor, at); err != nil {
		return page, err
	}
	list := string(at.Kind) + "/" + actor.Tenant + "/" + q.Parent
	if l.Cursor != "" {
		if q.After, err = e.objectPosition(ctx, actor, at, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if page.Items, err = e.store.Objects(ctx, actor.Tenant, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.Created.UnixMilli(), last.ID)
	}
	return page, nil
}

func (e *Engine) objectPosition(ctx context.Context, actor convo.Actor, at Place, list, cursor string) (store.Position, error) {
	ms, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return store.Position{Created: fromMillis(ms), ID: id}, err
	}
	o, err := e.Object(ctx, actor, at, cursor)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownCursor()
	}
	return store.Position{Created: o.Created, ID: o.ID}, err
}

// UpdateObject lets change work on what is stored of an object. It may be called
// more than once. It gives the object as it is then.
func (e *Engine) UpdateObject(
	ctx context.Context, actor convo.Actor, at Place, name string, change func(*Draft), ask *Ask,
) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	asked := Draft{Body: emptyBody(at.Kind)}
	change(&asked)
	if err := e.checkModel(ctx, modelOf(asked.Body)); err != nil {
		return convo.Object{}, err
	}
	var changed convo.Object
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (any, error) {
		before, err := findObject(tx, at, name)
		if err != nil {
			return nil, err
		}
		changed, err = e.putChanged(tx, before, change)
		return changed, err
	})
	return changed, err
}

// putChanged stores what change makes of an object.
func (e *Engine) putChanged(tx store.Tx, before convo.Object, change func(*Draft)) (convo.Object, error) {
	draft := Draft{ObjectFields: before.ObjectFields, Body: before.Body}
	change(&draft)
	if err := e.checkShape(draft); err != nil {
		return convo.Object{}, err
	}
	after := before
	after.ObjectFields, after.Body, after.Updated = draft.ObjectFields, draft.Body, now()
	if err := e.complete(tx, &after, before, draft.Value); err != nil {
		return after, err
	}
	return after, putNoted(tx, after, "update")
}

// DeleteObject removes an object and what belongs to it; with a contact go its
// memories. What names it keeps doing so, and fails when it is used. It gives what is
// gone.
func (e *Engine) DeleteObject(ctx context.Context, actor convo.Actor, at Place, name string, ask *Ask) (gone convo.Object, err error) {
	if err := account(actor); err != nil {
		return gone, err
	}
	err = e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if gone, err = findObject(tx, at, name); err != nil {
			return nil, err
		}
		if err := tx.DeleteObject(at.Kind, gone.ID); err != nil {
			return nil, err
		}
		return gone, noteObject(tx, gone, "delete")
	})
	if err == nil && at.Kind == convo.ObjectContact && !ask.replayed() {
		e.forgetNow(ctx, actor.Tenant, gone.ID)
	}
	return gone, err
}

// checkDraft refuses what cannot be stored, before a transaction begins.
func (e *Engine) checkDraft(ctx context.Context, kind convo.ObjectKind, draft Draft) error {
	if draft.Body == nil || draft.Body.ObjectKind() != kind {
		return convo.Errorf(convo.Internal, "an object of the kind %s cannot be made of %T", kind, draft.Body)
	}
	if err := e.checkShape(draft); err != nil {
		return err
	}
	return e.checkModel(ctx, modelOf(draft.Body))
}

// checkShape holds the fields of an object against the rules.
func (e *Engine) checkShape(draft Draft) error {
	f := draft.ObjectFields
	if err := e.checkTexts(f.Name, f.Description, f.BlueprintID, draft.Value); err != nil {
		return err
	}
	if err := e.checkMeta(f.Meta); err != nil {
		return err
	}
	if b, ok := draft.Body.(convo.Contact); ok {
		return e.checkContact(f.Alias, b)
	}
	if err := checkAlias(f.Alias); err != nil {
		return err
	}
	if v := text(f.Visibility); v != "" && !slices.Contains([]string{convo.Private, convo.Protected, convo.Public}, v) {
		return convo.Errorf(convo.Invalid, "visibility must be private, protected or public")
	}
	switch b := draft.Body.(type) {
	case convo.BotConfig:
		return e.checkTexts(b.Backstory)
	case convo.Ability:
		return e.checkTexts(&b.Instruction, b.SpaceID)
	case convo.Secret:
		return e.checkSecret(b)
	case convo.Rating:
		return e.checkText(b.Reason)
	case convo.Dataset:
		return e.checkDataset(b)
	}
	return nil
}

// maxAlias is how many characters an alias may have, as an id.
const maxAlias = 256

// checkAlias holds an alias against the rules of ids: it stands in paths as it is.
func checkAlias(alias *string) error {
	ok := len(text(alias)) <= maxAlias
	for _, c := range []byte(text(alias)) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-')
	}
	if !ok {
		return convo.Errorf(convo.Invalid, "alias must be letters, digits, - and _, at most %d", maxAlias)
	}
	return nil
}

func modelOf(body convo.ObjectBody) *string {
	if b, ok := body.(convo.BotConfig); ok {
		return b.Model
	}
	return nil
}

// emptyBody is the body of an object of which nothing was said.
func emptyBody(kind convo.ObjectKind) convo.ObjectBody {
	switch kind {
	case convo.ObjectBot:
		return convo.BotConfig{}
	case convo.ObjectSkillset:
		return convo.Skillset{}
	case convo.ObjectAbility:
		return convo.Ability{}
	case convo.ObjectSecret:
		return convo.Secret{}
	case convo.ObjectRating:
		return convo.Rating{}
	case convo.ObjectDataset:
		return convo.Dataset{}
	case convo.ObjectFile:
		return convo.Stored{}
	case convo.ObjectContact:
		return convo.Contact{}
	}
	return nil
}

// refer makes the id of what a field names by its id or alias. What stood in the
// field before is left alone: it may be gone.
func refer(tx store.Tx, field string, kind convo.ObjectKind, name, before *string) (*string, error) {
	if text(name) == "" || before != nil && *before == *name {
		return name, nil
	}
	o, err := tx.Object(kind, *name)
	if err != nil {
		return nil, unknownReference(field, kind, *name, err)
	}
	return &o.ID, nil
}

// unknownReference names the field where the error is that there is no such object.
func unknownReference(field string, kind convo.ObjectKind, name string, err error) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Errorf(convo.NotFound, "%s: there is no %s %q", field, kind, clip(name))
	}
	return err
}

// unknownObject is what an id that does not exist, or is another tenant's, gets.
func unknownObject(kind convo.ObjectKind, name string, err error) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return missingObject(kind, name)
	}
	return err
}

func missingObject(kind convo.ObjectKind, name string) error {
	return convo.Errorf(convo.NotFound, "%s %q not found", kind, clip(name))
}
