package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// TurnInput is what a stateful turn is asked with.
type TurnInput struct {
	Text       *string // the user's new message; nil = go on from what is stored
	Given      Given
	Zone       string // IANA time zone for the time of day in the prompt; "" = UTC
	Front      string // through which front it was asked
	Background bool   // nobody waits for it: after a crash it goes on, once
	// Entities are what the caller knows of the text, as those of [NewMessage].
	Entities []convo.Entity
	// Attachments are files of the message, up to [MaxAttachments] of them; without a
	// text, they are all of it.
	Attachments []Content

	files      []convo.File // that wait for the message
	brought    brought      // those that come with it
	dispatch   *dispatch    // its events are read on a channel
	transcript bool         // the text was spoken
}

// Complete admits a turn: when it returns, the user's message is durable and
// the turn will run, whatever becomes of the caller. Errors had no effect.
func (e *Engine) Complete(ctx context.Context, actor convo.Actor, conversation string, in TurnInput, ask *Ask) (*Reading, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return nil, err
	}
	if err := e.enter(&e.active); err != nil {
		return nil, err
	}
	defer e.active.Done()
	if err := e.checkTurnInput(&in); err != nil {
		return nil, err
	}
	in.Given.Session = actor.Session() && in.Text == nil
	// Before the turn exists, so that all of it is published to this one.
	reading := &Reading{e: e, key: key, Conversation: conversation, sub: e.hub.Subscribe(key), own: true}
	joined, err := e.admit(ctx, actor, in, ask, reading)
	if err = e.explain(key, err); err != nil {
		reading.sub.Cancel()
		return nil, err
	}
	if ask.replayed() {
		reading.Turn, reading.Replayed = joined.Turn, true
		return reading, e.explain(key, reading.find(ctx))
	}
	return reading, nil
}

// checkTurnInput refuses what no conversation takes.
func (e *Engine) checkTurnInput(in *TurnInput) error {
	if in.Text == nil && len(in.Attachments) > 0 {
		in.Text = new(string)
	}
	if err := checkAttachments(in.Attachments); err != nil {
		return err
	}
	if in.Text != nil {
		if err := e.checkText(*in.Text); err != nil {
			return err
		}
	}
	if err := checkEntities(in.Entities); err != nil {
		return err
	}
	return e.checkGiven(in.Given)
}

// checkTurn refuses what cannot work before anything is stored, and gives the
// history that the turn will have if nothing comes between, and what it works with.
func (e *Engine) checkTurn(ctx context.Context, key hub.Key, in TurnInput, fresh bool) (*past, *kit, claim, error) {
	p, head, choice, err := e.recall(ctx, key, fresh)
	if err != nil {
		return nil, nil, claim{}, err
	}
	k, err := e.newKit(ctx, key.Tenant, in.Given, settingOf(head))
	if err != nil {
		return nil, nil, claim{}, err
	}
	orders, err := e.orders(ctx, head, &in.Given, false)
	if err != nil {
		return nil, nil, claim{}, err
	}
	if in.Text != nil && !fresh { // else it was judged before
		if err := e.judge(ctx, key, head.Config, in.Entities, *in.Text); err != nil {
			return nil, nil, claim{}, err
		}
	}
	h := history{
		backstory: orders, latest: choice.MaxMessages, window: choice.Window,
		tools: k.tokens(), now: note{at: now(), zone: in.Zone}, shows: e.imagesFor(choice),
	}
	if p != nil {
		h.messages, h.notes, h.from = slices.Clip(p.messages), p.notes, p.from
	}
	if in.Text != nil {
		m, err := e.render(ctx, convo.Message{
			Place: convo.Place(head.NextSlot, 0), MessageFields: convo.MessageFields{Type: convo.User}, Text: *in.Text,
			Parts: partsOf(*in.Text, slices.Concat(in.files, in.brought.files)...),
		}, reachOf(choice).bytes()/fileShare, in.brought.own)
		if err != nil {
			return nil, nil, claim{}, err
		}
		h.messages = append(h.messages, m)
	}
	h.foreshow()
	prompt, err := assemble(h)
	if err != nil && p != nil && p.recalled {
		return e.checkTurn(ctx, key, in, true)
	}
	return p, k, newClaim(key.Tenant, head.BotID, choice, count(prompt.messages)+h.tools), err
}

// errOrphan sends an admission back to close a turn that nobody carries out.
var errOrphan = errors.New("the turn before this one was given up")

// errGrown sends an admission back to look at the history again, which has
// grown since.
var errGrown = errors.New("the conversation has changed")

// maxChecks is how often the history of a turn is looked at again; in a
// conversation that grows all the time the turn is admitted unchecked then.
const maxChecks = 3

// admit admits a turn with what it brings, which is read before anything is done.
func (e *Engine) admit(ctx context.Context, actor convo.Actor, in TurnInput, ask *Ask, reading *Reading) (joined convo.Request, err error) {
	if len(in.Attachments) == 0 {
		return e.admitWhole(ctx, actor, in, ask, reading)
	}
	if _, err := e.store.Head(ctx, reading.key.Tenant, reading.key.Conversation); err != nil {
		return e.refuse(ctx, reading.key, actor, ask, err)
	}
	joined, repeats, err := e.repeatsTurn(ctx, reading.key, actor, ask)
	if repeats || err != nil {
		return joined, err
	}
	if in.brought, err = e.bring(ctx, reading.key, in.Attachments); err != nil {
		return joined, err
	}
	if in.dispatch != nil { // others may have begun meanwhile
		err = e.roomInBackground(reading.key.Tenant)
	}
	if err == nil {
		joined, err = e.admitWhole(ctx, actor, in, ask, reading)
	}
	if err != nil || ask.replayed() {
		err = errors.Join(err, e.dropBrought(ctx, in.brought))
	}
	return joined, err
}

// admitWhole opens, queues and, if nothing runs before it, starts the turn. A turn
// whose end could not be written, and that would block the queue, is closed.
func (e *Engine) admitWhole(ctx context.Context, actor convo.Actor, in TurnInput, ask *Ask, reading *Reading) (convo.Request, error) {
	for try := 0; ; try++ {
		var err error
		if in.Text != nil {
			if in.files, err = e.unsent(ctx, reading.key); err != nil {
				return convo.Request{}, err
			}
		}
		p, k, need, err := e.checkTurn(ctx, reading.key, in, try > 0)
		if err != nil {
			return e.refuse(ctx, reading.key, actor, ask, err)
		}
		if try == maxChecks {
			p = nil
		}
		reading.Turn = newID()
		if err := e.quotas.admit(ctx, reading.Turn, need); err != nil {
			return e.refuse(ctx, reading.key, actor, ask, err)
		}
		joined, err := e.tryAdmit(ctx, actor, in, ask, reading, p, k)
		if err != nil || ask.replayed() {
			e.quotas.drop(reading.Turn)
		}
		switch {
		case errors.Is(err, errOrphan):
			if err := e.closeOrphan(ctx, reading.key); err != nil {
				return joined, err
			}
		case !errors.Is(err, errGrown):
			return joined, err
		}
	}
}

// orphan reports whether nobody carries out a turn that runs, as the log has it, nor
// will: a drain leaves those in the background to the next start.
func (e *Engine) orphan(t *convo.Turn) bool {
	if t == nil || t.State != convo.StateRunning {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns[t.ID] == nil && !(t.Background && e.draining)
}

// closeOrphan closes the active turn of a conversation if nobody carries it out.
func (e *Engine) closeOrphan(ctx context.Context, key hub.Key) error {
	head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
	if err != nil || !e.orphan(head.Active()) {
		return err
	}
	err = e.closeIdleTurn(ctx, key, head.Active().ID, convo.EndInterrupted, "")
	if errors.Is(err, errRuns) {
		return nil // somebody does after all
	}
	return err
}

// refuse gives the reason why a turn cannot be had, unless the request repeats one
// that had its turn: what has become of the conversation since does not matter
// to that one.
func (e *Engine) refuse(ctx context.Context, key hub.Key, actor convo.Actor, ask *Ask, why error) (convo.Request, error) {
	if ask == nil {
		return convo.Request{}, why
	}
	return e.onceTurn(ctx, key, actor, ask, "", func(store.Tx) (any, error) { return nil, why })
}

// tryAdmit is admit in one transaction.
func (e *Engine) tryAdmit(ctx context.Context, actor convo.Actor, in TurnInput, ask *Ask, reading *Reading, p *past, k *kit) (joined convo.Request, err error) {
	sealed, err := e.sealInput(reading.Turn, in.Given)
	if err != nil {
		return joined, err
	}
	e.observer.Asked(ctx, reading.Conversation, reading.Turn)
	var started *run
	joined, err = e.onceTurn(ctx, reading.key, actor, ask, in.dispatch.recorded(reading.Turn), func(tx store.Tx) (any, error) {
		e.unregister(started) // the transaction may run again
		started = nil
		if err := in.dispatch.begin(tx); err != nil {
			return nil, err
		}
		head := tx.Head()
		if head == nil {
			return nil, unknownConversation(reading.Conversation)
		}
		if e.orphan(head.Active()) {
			return nil, errOrphan
		}
		if waiting(head) >= e.limits.Queue {
			return nil, convo.Errorf(convo.Conflict, "%d turns wait in this conversation already; try again when one has ended", e.limits.Queue)
		}
		idle := len(head.Open) == 0
		if p != nil && idle && !p.holds(head) {
			return nil, errGrown
		}
		reading.after = head.LastSeq
		decide(tx, k.config)
		know(tx, in.Entities)
		asked, err := openTurn(tx, actor, reading.Turn, in, sealed)
		if err != nil {
			return nil, err
		}
		if err := in.dispatch.end(tx, reading.Turn); err != nil {
			return nil, err
		}
		started, err = e.startNext(tx)
		if started != nil && idle {
			started.given = &in.Given
			if asked == nil || asked.Parts == nil || in.transcript { // else its files are read
				started.past = p
			}
			if asked != nil && started.past != nil {
				started.asked = []convo.Message{*asked}
			}
			if p != nil { // else its bot or its configuration may have changed since
				started.kit = k
			}
		}
		if err == nil && tx.Head().Active() == nil {
			err = errDraining()
		}
		return in.dispatch.answer(), err
	})
	if err != nil || ask.replayed() {
		e.unregister(started)
		return joined, err
	}
	if started != nil {
		go e.run(reading.key, started)
	}
	return joined, nil
}

// waiting counts the turns behind the active one.
func waiting(head *convo.Head) int {
	n := len(head.Open)
	if head.Active() != nil {
		n--
	}
	return n
}

// transcriptType is the media type of what was spoken.
const transcriptType = "text/plain"

// openTurn writes what a turn is asked with, and gives its message, if it has
// one.
func openTurn(tx store.Tx, actor convo.Actor, id string, in TurnInput, sealed []byte) (*convo.Message, error) {
	at := now()
	add := func(body convo.Body) error {
		return tx.Append(convo.Event{At: at, Turn: id, Origin: actor.Token, Body: body})
	}
	if err := add(convo.TurnOpened{Front: in.Front, Zone: in.Zone, Background: in.Background}); err != nil {
		return nil, err
	}
	if err := putInput(tx, id, sealed); err != nil {
		return nil, err
	}
	if in.Text == nil {
		return nil, add(convo.TurnQueued{})
	}
	m := convo.Message{ID: newID(), Turn: id, MessageFields: convo.MessageFields{Type: convo.User}, Text: *in.Text}
	given := convo.MessageGiven{ID: m.ID, Fields: m.MessageFields, Text: m.Text}
	if in.transcript {
		given.Parts = []convo.Part{{ID: newID(), MediaType: transcriptType, End: len(m.Text), Transcript: true}}
	} else {
		var err error
		if given.Parts, err = take(tx, m.Text, in.files, in.brought.files); err != nil {
			return nil, err
		}
		m.Parts = given.Parts
	}
	if err := add(given); err != nil {
		return nil, err
	}
	return &m, add(convo.TurnQueued{})
}
