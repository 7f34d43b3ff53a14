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
	var contact convo.Object
	err = e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		head := tx.Head()
		if head == nil {
			return nil, unknownConversation(conversation)
		}
		found, err := findContact(tx, head, asked)
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

// findContact gives the contact that is meant, with an id if there is one.
func findContact(tx store.Tx, head *convo.Head, asked Draft) (found convo.Object, err error) {
	b, _ := asked.Body.(convo.Contact)
	name := text(asked.Alias)
	known := text(b.Email) != "" || text(b.Phone) != ""
	if name == "" && !known {
		name = text(head.ContactID)
	}
	if name != "" {
		found, err = tx.Object(convo.ObjectContact, name)
	}
	if known && (name == "" || convo.ErrorKind(err) == convo.NotFound) {
		found, err = tx.ContactLike(text(b.Email), text(b.Phone))
	}
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Object{}, nil
	}
	return found, err
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
