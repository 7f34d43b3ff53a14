package engine

import (
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/privacy"
	"github.com/parleyhq/parley/internal/store"
)

// Privacy: inside the engine texts may be clear. They are masked where they leave it:
// on their way to the store, in one place, which all transactions of conversations
// pass ([maskingTx]); and on their way to providers and tools ([secrecy]). They are
// restored for those who read a turn, in one place too ([Engine.reveal]).

// private reports whether a configuration keeps personal data from the model.
func private(c convo.Config) bool { return c.Privacy != nil && *c.Privacy }

// maskingTx is a transaction of a conversation that masks what is appended to its
// log, if the conversation is private at that moment.
type maskingTx struct {
	store.Tx
	e      *Engine
	key    hub.Key
	config *convo.Config // what counts for the conversation; nil = not known yet

	base *vault         // what the store had before
	own  *privacy.Vault // a fork of it, once something was masked
	put  bool           // something was added, which counts only with the commit

	before  []heldBefore // what was held of parts, the latest last
	passed  string       // the part of a user's message that was judged last
	deleted bool

	known []convo.Entity // what the caller says of the texts
	found []convo.Entity // in the message that was given last
}

// masking is the transaction of a conversation as the engine uses it.
func (e *Engine) masking(key hub.Key, tx store.Tx) *maskingTx {
	return &maskingTx{Tx: tx, e: e, key: key}
}

// decide says what counts for the conversation, where that is known already.
func decide(tx store.Tx, c convo.Config) {
	if m, ok := tx.(*maskingTx); ok {
		m.config = &c
	}
}

// know adds entities of a caller: wherever their texts stand in what is stored from
// here on, they are masked.
func know(tx store.Tx, entities []convo.Entity) {
	if m, ok := tx.(*maskingTx); ok {
		m.known = append(m.known, entities...)
	}
}

// foundIn gives the entities of the message that was given last: nil if the
// conversation is not private.
func foundIn(tx store.Tx) []convo.Entity {
	if m, ok := tx.(*maskingTx); ok {
		return m.found
	}
	return nil
}

// Append implements store.Tx.
func (t *maskingTx) Append(event convo.Event) error {
	if !masked(event.Body) {
		return t.Tx.Append(event)
	}
	config, err := t.configFor(event.Body)
	if err != nil {
		return err
	}
	if private(config) || moderated(config) {
		if t.hold(event.Body) {
			return nil
		}
		if ended, ok := event.Body.(convo.PartEnded); ok {
			if err := t.release(event, ended, config); err != nil {
				return err
			}
		}
	}
	return t.add(event, private(config))
}

// add appends an event, masked if it is private, and stores then what is behind its
// placeholders.
func (t *maskingTx) add(event convo.Event, private bool) error {
	if !private {
		return t.Tx.Append(event)
	}
	err := t.open()
	if err == nil {
		event.Body = t.mask(event.Body)
		err = t.Tx.Append(event)
	}
	added := t.ownAdded(err)
	if err != nil || len(added) == 0 {
		return err
	}
	t.put = true
	if t.base, err = t.e.putVault(t.Tx, t.key, t.base, t.own, added); err != nil {
		return err
	}
	t.own = t.base.fork() // what was put is never changed again
	return nil
}

func (t *maskingTx) ownAdded(err error) []privacy.Entry {
	if err != nil {
		return nil
	}
	return t.own.Added()
}

// configFor gives what counts for an event: for one that changes the conversation,
// what it says itself.
func (t *maskingTx) configFor(body convo.Body) (convo.Config, error) {
	switch b := body.(type) {
	case convo.ConversationCreated:
		t.config = nil
		return t.configOf(b.Fields)
	case convo.ConversationChanged:
		t.config = nil
		return t.configOf(b.Fields)
	}
	if t.Head() == nil {
		return convo.Config{}, nil // the store refuses it
	}
	return t.configOf(t.Head().Fields)
}

// configOf gives what counts for the conversation with those fields: what it says
// itself, or else what its bot says at this moment.
func (t *maskingTx) configOf(f convo.Fields) (convo.Config, error) {
	if t.config != nil {
		return *t.config, nil
	}
	config := f.Config
	if text(f.BotID) != "" && (f.Privacy == nil || f.Moderation == nil || private(f.Config)) {
		o, err := t.Object(convo.ObjectBot, *f.BotID)
		if err != nil && convo.ErrorKind(err) != convo.NotFound { // one that is gone has no turns any more
			return config, err
		}
		config = config.Over(configOfBot(o))
	}
	t.config = &config
	return config, nil
}

// mask gives an event's body as it is stored.
func (t *maskingTx) mask(body convo.Body) convo.Body {
	knowAll(t.own, t.known)
	t.known = nil
	given, ok := body.(convo.MessageGiven)
	if !ok {
		return rewrite(body, masker{t.own})
	}
	var text string
	text, t.found = t.own.Mask(given.Text)
	if t.found == nil {
		t.found = []convo.Entity{} // nil would say that nothing is masked here
	}
	if given.Parts != nil {
		return rewrite(body, masker{t.own})
	}
	given.Text = ""
	given, _ = rewrite(given, masker{t.own}).(convo.MessageGiven)
	given.Text = text
	return given
}

// open gets the vault as the transaction sees it.
func (t *maskingTx) open() error {
	if t.own != nil {
		return nil
	}
	rows, err := t.Vault()
	if err != nil {
		return err
	}
	t.base, _ = t.e.vaults.get(t.key)
	if t.base == nil || !t.base.is(rows) {
		t.base = t.e.openVault(t.key, rows)
	}
	t.own = t.base.fork()
	return nil
}

// over ends the transaction: what it has added counts only if it was committed.
func (t *maskingTx) over(err error) {
	switch {
	case t == nil:
	case err == nil && t.deleted:
		t.e.vaults.drop(t.key)
		t.e.held.drop(t.key)
	case err != nil:
		for _, b := range slices.Backward(t.before) {
			t.e.held.set(t.key, b.part, b.text)
		}
		t.before = nil
		if t.put {
			t.e.vaults.drop(t.key)
		}
	}
}

// The most values that a caller may name at once, and the most bytes of one: a model
// that repeats its placeholder has it shown as often.
const (
	mostEntities = 10_000
	maxEntity    = 4 << 10
)

// checkEntities refuses values that are not kept from a model because they are too
// long, or too many.
func checkEntities(known []convo.Entity) error {
	if len(known) > mostEntities {
		return convo.Errorf(convo.Invalid, "entities has %d members; send at most %d", len(known), mostEntities)
	}
	for i, entity := range known {
		if len(entity.Text) > maxEntity {
			return convo.Errorf(convo.Invalid, "entities[%d].text has %d bytes; a value may have %d: name its parts", i, len(entity.Text), maxEntity)
		}
	}
	return nil
}

// knowAll has a vault know what a caller says of his texts.
func knowAll(v *privacy.Vault, known []convo.Entity) {
	for _, entity := range known {
		replacement := ""
		if entity.Replacement != nil {
			replacement = entity.Replacement.Text
		}
		v.Know(entity.Type, entity.Text, replacement)
	}
}

// errRunsAgain ends a transaction of which nothing was written because it runs again.
var errRunsAgain = errors.New("the transaction runs again")
