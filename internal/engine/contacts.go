package engine

import (
	"context"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Contacts is the place of contacts. The alias of one is its fingerprint, which
// callers choose as they like: unlike other aliases it may hold any characters.
func Contacts() Place { return Place{Kind: convo.ObjectContact} }

// checkContact holds the fields of a contact against the rules.
func (e *Engine) checkContact(fingerprint *string, b convo.Contact) error {
	if f := text(fingerprint); len(f) > maxAlias || !utf8.ValidString(f) {
		return convo.Errorf(convo.Invalid, "fingerprint must be valid UTF-8 of at most %d bytes", maxAlias)
	}
	return e.checkTexts(b.Email, b.Phone, b.Nick, b.Preferences)
}

// completeContact sees to it that a contact has a fingerprint: the one that it had,
// or one that is made up.
func completeContact(o *convo.Object, before convo.Object) {
	switch {
	case o.Alias != nil:
	case before.Alias != nil:
		o.Alias = before.Alias
	default:
		o.Alias = new(newID())
	}
}

// EnsureContact gives the contact with the draft's fingerprint, and makes it where
// there is none. Fields of it that are empty are filled with the draft's; what it
// says already stays.
func (e *Engine) EnsureContact(ctx context.Context, actor convo.Actor, draft Draft, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	if err := e.checkEnsure(ctx, draft); err != nil {
		return convo.Object{}, err
	}
	var contact convo.Object
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		contact, err = tx.Object(convo.ObjectContact, text(draft.Alias))
		if convo.ErrorKind(err) == convo.NotFound {
			contact, err = e.putNew(tx, actor, Contacts(), draft)
			return contact, err
		}
		if err != nil {
			return nil, err
		}
		contact, err = putFilled(tx, contact, draft)
		return contact, err
	})
	return contact, err
}

func (e *Engine) checkEnsure(ctx context.Context, draft Draft) error {
	if text(draft.Alias) == "" {
		return convo.Errorf(convo.Invalid, "fingerprint is missing; send the text by which you know the contact")
	}
	return e.checkDraft(ctx, convo.ObjectContact, draft)
}

// putFilled stores a contact with those fields of the draft that it lacks. One that
// lacks nothing is left as it is.
func putFilled(tx store.Tx, contact convo.Object, draft Draft) (convo.Object, error) {
	b, _ := contact.Body.(convo.Contact)
	given, _ := draft.Body.(convo.Contact)
	filled := false
	for _, field := range []struct {
		dst   **string
		value *string
	}{
		{&contact.Name, draft.Name}, {&contact.Description, draft.Description},
		{&b.Email, given.Email}, {&b.Phone, given.Phone}, {&b.Nick, given.Nick}, {&b.Preferences, given.Preferences},
	} {
		if text(*field.dst) == "" && text(field.value) != "" {
			*field.dst, filled = field.value, true
		}
	}
	if contact.Meta == nil && draft.Meta != nil {
		contact.Meta, filled = draft.Meta, true
	}
	if b.Verified.IsZero() && !given.Verified.IsZero() {
		b.Verified, filled = given.Verified, true
	}
	if !filled {
		return contact, nil
	}
	contact.Body, contact.Updated = b, now()
	return contact, putNoted(tx, contact, "update")
}

// UpsertContact makes or changes the contact of a conversation. It is the one with
// the fingerprint that change gives, or else with the e-mail address, or else with
// the telephone number; where change gives none of these, the one that the
// conversation has. A contact that is found by other things keeps its fingerprint.
func (e *Engine) UpsertContact(ctx context.Context, actor convo.Actor, conversation string, change func(*Draft), ask *Ask) (convo.Object, error) {
	key, err := owned(actor, conversation)
	if err != nil {
		return convo.Object{}, err
	}
	asked := Draft{Body: convo.Contact{}}
	change(&asked)
	if err := e.checkDraft(ctx, convo.ObjectContact, asked); err != nil {
		return convo.Object{}, err
	}
	alike, err := e.contactLike(ctx, actor, asked)
	if err != nil {
		return convo.Object{}, err
	}
	var contact convo.Object
	err = e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		head := tx.Head()
		if head == nil {
			return nil, unknownConversation(conversation)
		}
		found, err := findContact(tx, head, asked, alike)
		if err != nil {
			return nil, err
		}
		if contact, err = e.putUpserted(tx, actor, found, change); err != nil {
			return nil, err
		}
		return contact, linkContact(tx, actor, contact.ID)
	})
	return contact, err
}

// contactLike finds the contact that has the draft's address or number; "" if
// there is none. Of several it is the oldest.
func (e *Engine) contactLike(ctx context.Context, actor convo.Actor, draft Draft) (id string, err error) {
	b, _ := draft.Body.(convo.Contact)
	for _, q := range []store.ObjectQuery{{Email: text(b.Email)}, {Phone: text(b.Phone)}} {
		if q.Email == "" && q.Phone == "" {
			continue
		}
		q.Kind, q.Limit = convo.ObjectContact, 1
		found, err := e.store.Objects(ctx, actor.Tenant, q)
		if err != nil || len(found) > 0 {
			return firstID(found), err
		}
	}
	return "", nil
}

func firstID(objects []convo.Object) string {
	if len(objects) == 0 {
		return ""
	}
	return objects[0].ID
}

// findContact gives the contact that is meant, with an id if there is one.
func findContact(tx store.Tx, head *convo.Head, asked Draft, alike string) (convo.Object, error) {
	b, _ := asked.Body.(convo.Contact)
	names := []string{text(asked.Alias), alike}
	if text(asked.Alias) == "" && text(b.Email) == "" && text(b.Phone) == "" {
		names = []string{text(head.ContactID)}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		found, err := tx.Object(convo.ObjectContact, name)
		if err == nil || convo.ErrorKind(err) != convo.NotFound {
			return found, err
		}
	}
	return convo.Object{}, nil
}

// putUpserted stores what change makes of a contact, which may be a new one.
func (e *Engine) putUpserted(tx store.Tx, actor convo.Actor, found convo.Object, change func(*Draft)) (convo.Object, error) {
	if found.ID == "" {
		draft := Draft{Body: convo.Contact{}}
		change(&draft)
		return e.putNew(tx, actor, Contacts(), draft)
	}
	return e.putChanged(tx, found, func(d *Draft) {
		change(d)
		d.Alias = found.Alias
	})
}

// linkContact makes a contact that of the transaction's conversation.
func linkContact(tx store.Tx, actor convo.Actor, contact string) error {
	head := tx.Head()
	if text(head.ContactID) == contact {
		return nil
	}
	fields := head.Fields
	fields.ContactID = &contact
	if err := tx.Append(convo.Event{At: now(), Origin: actor.Token, Body: changed(actor, head.Fields, fields)}); err != nil {
		return err
	}
	return noteConversation(tx, "update")
}

// ContactConversations reads a page of the conversations with a contact, by creation.
func (e *Engine) ContactConversations(ctx context.Context, actor convo.Actor, contact string, l List) (Page[convo.Conversation], error) {
	found, err := e.Object(ctx, actor, Contacts(), contact)
	if err != nil {
		return Page[convo.Conversation]{}, err
	}
	return e.conversations(ctx, actor, l, found.ID)
}
