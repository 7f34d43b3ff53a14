package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// objectKey names an object.
type objectKey struct {
	tenant string
	kind   convo.ObjectKind
	id     string
}

// objectCount is where the highest number of a kind is kept: no object has the
// id "".
func objectCount(tenant string, kind convo.ObjectKind) objectKey { return objectKey{tenant, kind, ""} }

// Object implements store.ObjectReader.
func (s *Store) Object(ctx context.Context, tenant string, kind convo.ObjectKind, name string) (convo.Object, error) {
	if err := s.rlock(ctx); err != nil {
		return convo.Object{}, err
	}
	defer s.mu.RUnlock()
	return s.object(tenant, kind, name)
}

// object finds an object by its id or alias. The caller holds the lock.
func (s *Store) object(tenant string, kind convo.ObjectKind, name string) (convo.Object, error) {
	if o, ok := s.objects[objectKey{tenant, kind, name}]; ok {
		return cloneObject(o), nil
	}
	for k, o := range s.objects {
		if k.tenant == tenant && k.kind == kind && o.Alias != nil && *o.Alias == name {
			return cloneObject(o), nil
		}
	}
	return convo.Object{}, convo.Errorf(convo.NotFound, "there is no %s %q", kind, name)
}

// Objects implements store.ObjectReader.
func (s *Store) Objects(ctx context.Context, tenant string, q store.ObjectQuery) ([]convo.Object, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Object
	for k, o := range s.objects {
		wanted := k.tenant == tenant && k.kind == q.Kind && o.Parent == q.Parent && (q.Unlisted || !o.Unlisted) &&
			(q.Name == "" || o.Name != nil && *o.Name == q.Name) && (q.Number == 0 || o.Number == q.Number)
		if wanted && q.Reaches(o) && convo.MatchMeta(o.Meta, q.Meta) {
			list = append(list, o)
		}
	}
	at := func(o convo.Object) store.Position { return store.Position{Created: o.Created, ID: o.ID} }
	q.After.Created = stored(q.After.Created)
	return page(list, at, comparePositions, q.After, q.Desc, q.Limit, cloneObject), nil
}

// OpenDatasetFiles implements store.ObjectReader.
func (s *Store) OpenDatasetFiles(ctx context.Context) ([]convo.Object, error) {
	return s.objectsWhere(ctx, func(o convo.Object) bool {
		f, ok := o.Body.(convo.DatasetFile)
		return ok && !f.State.Ended()
	})
}

// PublicFile implements store.ObjectReader.
func (s *Store) PublicFile(ctx context.Context, id string) (convo.Object, error) {
	list, err := s.objectsWhere(ctx, func(o convo.Object) bool {
		return o.Kind() == convo.ObjectFile && o.ID == id && o.Visibility != nil && *o.Visibility == convo.Public
	})
	if err == nil && len(list) == 0 {
		err = convo.Errorf(convo.NotFound, "there is no %s %q", convo.ObjectFile, id)
	}
	if err != nil {
		return convo.Object{}, err
	}
	return list[0], nil
}

// objectsWhere reads objects of all tenants.
func (s *Store) objectsWhere(ctx context.Context, wanted func(convo.Object) bool) ([]convo.Object, error) {
	if err := s.rlock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	var list []convo.Object
	for _, o := range s.objects {
		if wanted(o) {
			list = append(list, cloneObject(o))
		}
	}
	return list, nil
}

// BotUsage implements store.ObjectReader.
func (s *Store) BotUsage(ctx context.Context, tenant, bot string) (store.BotUsage, error) {
	if err := s.rlock(ctx); err != nil {
		return store.BotUsage{}, err
	}
	defer s.mu.RUnlock()
	var sum store.BotUsage
	for k, c := range s.conversations {
		if k.tenant != tenant || c.head.Channel != nil || c.head.BotID == nil || *c.head.BotID != bot {
			continue
		}
		sum.Conversations++
		for _, t := range c.turns {
			if t.State == convo.StateEnded {
				sum.Tokens += t.Usage.Total()
			}
		}
		for _, m := range c.messages {
			if m.Type == convo.User || m.Type == convo.Bot {
				sum.Messages++
			}
		}
	}
	return sum, nil
}

// Object implements store.ObjectTx.
func (t *tx) Object(kind convo.ObjectKind, name string) (convo.Object, error) {
	return t.store.object(t.key.tenant, kind, name)
}

// ContactLike implements store.ObjectTx.
func (t *tx) ContactLike(email, phone string) (convo.Object, error) {
	for _, want := range []store.ObjectQuery{{Email: email}, {Phone: phone}} {
		var found *convo.Object
		for k, o := range t.store.objects {
			like := k.tenant == t.key.tenant && k.kind == convo.ObjectContact && want.Email+want.Phone != "" && want.Reaches(o)
			if like && (found == nil || cmp.Or(o.Created.Compare(found.Created), cmp.Compare(o.ID, found.ID)) < 0) {
				found = &o
			}
		}
		if found != nil {
			return cloneObject(*found), nil
		}
	}
	return convo.Object{}, convo.Errorf(convo.NotFound, "there is no %s %q", convo.ObjectContact, cmp.Or(email, phone))
}

// PutObject implements store.ObjectTx.
func (t *tx) PutObject(o convo.Object) error {
	if o.ID == "" || o.Body == nil || o.Tenant != t.key.tenant {
		return convo.Errorf(convo.Internal, "an object needs an id, a body and the transaction's tenant")
	}
	kind := o.Kind()
	if parent := kind.Parent(); parent != "" || o.Parent != "" {
		if _, ok := t.store.objects[objectKey{o.Tenant, parent, o.Parent}]; !ok {
			return convo.Errorf(convo.NotFound, "there is no %s %q", parent, o.Parent)
		}
	}
	for k, other := range t.store.objects {
		if k.tenant != o.Tenant || k.kind != kind || k.id == o.ID {
			continue
		}
		if err := clash(o, other); err != nil {
			return err
		}
	}
	o = cloneObject(o)
	o.Created, o.Updated = stored(o.Created), stored(o.Updated)
	t.setObject(objectKey{o.Tenant, kind, o.ID}, &o)
	count := objectCount(o.Tenant, kind)
	if o.Number > t.store.numbers[count] {
		before := t.store.numbers[count]
		t.undo = append(t.undo, func() { t.store.numbers[count] = before })
		t.store.numbers[count] = o.Number
	}
	return nil
}

// clash says what of an object is another one's of its kind already.
func clash(o, other convo.Object) error {
	switch {
	case o.Alias != nil && (*o.Alias == other.ID || other.Alias != nil && *o.Alias == *other.Alias):
		return store.AliasTaken(o.Kind(), *o.Alias)
	case other.Alias != nil && *other.Alias == o.ID:
		return store.AliasTaken(o.Kind(), o.ID)
	case o.Number != 0 && o.Number == other.Number:
		return store.NumberTaken(o.Kind(), o.Number)
	}
	return nil
}

// setObject stores an object, or removes it with nil.
func (t *tx) setObject(k objectKey, o *convo.Object) {
	before, had := t.store.objects[k]
	t.undo = append(t.undo, func() {
		delete(t.store.objects, k)
		if had {
			t.store.objects[k] = before
		}
	})
	delete(t.store.objects, k)
	if o != nil {
		t.store.objects[k] = *o
	}
	if file, ok := before.Body.(convo.Stored); ok {
		t.dropContent(file.Upload)
	}
	if o == nil && k.kind == convo.ObjectDataset {
		t.dropCollection(k.id)
	}
}

// DeleteObject implements store.ObjectTx.
func (t *tx) DeleteObject(kind convo.ObjectKind, id string) error {
	k := objectKey{t.key.tenant, kind, id}
	if _, ok := t.store.objects[k]; !ok {
		return convo.Errorf(convo.NotFound, "there is no %s %q", kind, id)
	}
	t.setObject(k, nil)
	for child, o := range t.store.objects {
		if child.tenant == k.tenant && child.kind.Parent() == kind && o.Parent == id {
			t.setObject(child, nil)
		}
	}
	return nil
}

// NextNumber implements store.ObjectTx.
func (t *tx) NextNumber(kind convo.ObjectKind) (int64, error) {
	return t.store.numbers[objectCount(t.key.tenant, kind)] + 1, nil
}

func cloneObject(o convo.Object) convo.Object {
	f := &o.ObjectFields
	f.Name, f.Description, f.Meta = clone(f.Name), clone(f.Description), bytes.Clone(f.Meta)
	f.Alias, f.BlueprintID, f.Visibility = clone(f.Alias), clone(f.BlueprintID), clone(f.Visibility)
	o.Sealed = bytes.Clone(o.Sealed)
	switch b := o.Body.(type) {
	case convo.BotConfig:
		b.Config = cloneConfig(b.Config)
		o.Body = b
	case convo.Ability:
		b.SecretID, b.FileID, b.BotID, b.SpaceID = clone(b.SecretID), clone(b.FileID), clone(b.BotID), clone(b.SpaceID)
		o.Body = b
	case convo.Secret:
		b.Config = bytes.Clone(b.Config)
		o.Body = b
	case convo.Dataset:
		b.Store, b.Reranker, b.Separators = clone(b.Store), clone(b.Reranker), clone(b.Separators)
		b.RecordMaxTokens, b.SearchMinScore = clone(b.RecordMaxTokens), clone(b.SearchMinScore)
		b.SearchMaxRecords, b.SearchMaxTokens = clone(b.SearchMaxRecords), clone(b.SearchMaxTokens)
		b.MatchInstruction, b.MismatchInstruction = clone(b.MatchInstruction), clone(b.MismatchInstruction)
		o.Body = b
	case convo.Stored:
		b.Datasets, b.At = slices.Clone(b.Datasets), stored(b.At)
		o.Body = b
	case convo.Contact:
		b.Email, b.Phone, b.Nick, b.Preferences = clone(b.Email), clone(b.Phone), clone(b.Nick), clone(b.Preferences)
		b.Verified = stored(b.Verified)
		o.Body = b
	case convo.Skillset, convo.Rating, convo.DatasetFile:
	default:
		panic(fmt.Sprintf("memory: objects of type %T cannot be copied", b))
	}
	return o
}
