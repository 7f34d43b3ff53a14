package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// errDispatched ends an admission that asked for what was dispatched already.
var errDispatched = errors.New("the turn was dispatched before")

// dispatch is what an admission has to do so that its turn is read on a channel.
// A nil dispatch does nothing.
type dispatch struct {
	channel string
	hidden  bool     // the conversation is made for it
	body    [32]byte // what is asked for
}

// newDispatch names the channel of a turn, unless its caller has. A repeat is
// known by the bytes of its request and by its conversation, "" without one.
func newDispatch(channel, conversation string, ask *Ask) (*dispatch, error) {
	d := &dispatch{channel: channel, hidden: conversation == ""}
	if channel == "" {
		var id [16]byte
		_, _ = rand.Read(id[:]) // never fails
		d.channel = "dispatch-" + hex.EncodeToString(id[:])
	} else if err := convo.CheckChannel(channel); err != nil {
		return nil, err
	}
	if ask == nil {
		_, _ = rand.Read(d.body[:]) // equal to no other
		return d, nil
	}
	d.body = sha256.Sum256(append([]byte(conversation+"\x00"), ask.Body[:]...))
	return d, nil
}

// same looks at a turn that was dispatched to the channel before. It gives
// errDispatched if it is this one.
func (d *dispatch) same(other convo.Dispatch) error {
	if other.Body == d.body {
		return errDispatched
	}
	return convo.Errorf(convo.Conflict, "this channelId was used with another body; name another one, or leave it out")
}

// begin makes sure that the channel is free.
func (d *dispatch) begin(tx store.Tx) error {
	if d == nil {
		return nil
	}
	other, taken, err := tx.Dispatch(d.channel)
	if err != nil || !taken {
		return err
	}
	return d.same(other)
}

// end makes the turn known on its channel.
func (d *dispatch) end(tx store.Tx, turn string) error {
	if d == nil {
		return nil
	}
	return tx.PutDispatch(convo.Dispatch{Channel: d.channel, Turn: turn, Hidden: d.hidden, Body: d.body, Created: now()})
}

// answer is what the request's answer is rendered of.
func (d *dispatch) answer() any {
	if d == nil {
		return nil
	}
	return d.channel
}

// recorded is the turn that answers repeats of a request: a dispatch is
// answered with its channel.
func (d *dispatch) recorded(turn string) string {
	if d == nil {
		return turn
	}
	return ""
}

// Dispatch admits a turn as Complete does, and gives the channel on which its
// events can be read: the one that is named, or a new one for "". The turn runs
// on its own, and goes on, once, after a crash. The same request with the same
// channel gives it again and admits nothing.
func (e *Engine) Dispatch(ctx context.Context, actor convo.Actor, conversation string, in TurnInput, channel string, ask *Ask) (string, error) {
	key, err := owned(actor, conversation)
	if err != nil {
		return "", err
	}
	d, err := newDispatch(channel, conversation, ask)
	if err != nil {
		return "", err
	}
	in.Background, in.dispatch = true, d
	return e.dispatched(ctx, actor, d, func() error {
		if err := e.checkTurnInput(&in); err != nil {
			return err
		}
		_, err := e.admit(ctx, actor, in, ask, &Reading{e: e, key: key, Conversation: conversation})
		return e.explain(key, err)
	})
}

// DispatchStateless is Dispatch for a turn without a conversation of the
// caller's. It runs in one of its own, which nobody sees and which goes with the
// channel.
func (e *Engine) DispatchStateless(ctx context.Context, actor convo.Actor, in StatelessInput, channel string, ask *Ask) (string, error) {
	if err := account(actor); err != nil {
		return "", err
	}
	d, err := newDispatch(channel, "", ask)
	if err != nil {
		return "", err
	}
	return e.dispatched(ctx, actor, d, func() error {
		key := hub.Key{Tenant: actor.Tenant, Conversation: newID()}
		if len(in.Attachments) == 0 {
			return e.dispatchHidden(ctx, actor, key, in, brought{}, d, ask)
		}
		if err := checkAttachments(in.Attachments); err != nil {
			return err
		}
		if _, repeats, err := e.repeatsTurn(ctx, key, actor, ask); repeats || err != nil {
			return err
		}
		b, err := e.bring(ctx, key, in.Attachments)
		if err != nil {
			return err
		}
		if err = e.roomInBackground(actor.Tenant); err == nil { // others may have begun meanwhile
			err = e.dispatchHidden(ctx, actor, key, in, b, d, ask)
		}
		if err != nil || ask.replayed() {
			err = errors.Join(err, e.dropBrought(ctx, b))
		}
		return err
	})
}

// dispatchHidden admits a turn with what it brings, in a conversation of its own.
func (e *Engine) dispatchHidden(ctx context.Context, actor convo.Actor, key hub.Key, in StatelessInput, b brought, d *dispatch, ask *Ask) error {
	in.Given.Alone = true
	prepared, err := e.prepareStateless(ctx, actor, in, b)
	if err != nil {
		_, err = e.refuse(ctx, key, actor, ask, err)
		return err
	}
	in.ContactID = prepared.contact
	if i := lastUser(in.Messages, func(m NewMessage) convo.MessageType { return m.Type }); i >= 0 {
		in.Messages = slices.Clone(in.Messages)
		in.Messages[i].brought = b.files
	}
	if err := e.quotas.admit(ctx, prepared.id, prepared.claim); err != nil {
		return err
	}
	if err = e.admitHidden(ctx, actor, key, prepared.id, in, d, ask); err != nil || ask.replayed() {
		e.quotas.drop(prepared.id)
	}
	return err
}

// dispatched carries out an admission, unless its turn was dispatched before,
// and gives the channel.
func (e *Engine) dispatched(ctx context.Context, actor convo.Actor, d *dispatch, admit func() error) (string, error) {
	if err := e.enter(&e.active); err != nil {
		return "", err
	}
	defer e.active.Done()
	other, err := e.store.Dispatch(ctx, actor.Tenant, d.channel)
	switch {
	case err == nil:
		err = d.same(other)
	case convo.ErrorKind(err) == convo.NotFound:
		if err = e.roomInBackground(actor.Tenant); err == nil {
			err = admit()
		}
		if err == nil {
			e.channels.ring(channelKey{actor.Tenant, d.channel})
		}
	}
	if errors.Is(err, errDispatched) {
		err = nil
	}
	return d.channel, err
}

// roomInBackground refuses a turn in the background of a tenant that has as many
// as it may: each is a model call that no connection holds. Turns that wait, in a
// queue or for others, do not count.
func (e *Engine) roomInBackground(tenant string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.background[tenant] < e.limits.Background {
		return nil
	}
	return &convo.Error{
		Kind: convo.RateLimited, RetryAfter: time.Second,
		Message: fmt.Sprintf("%d dispatched turns run already, as many as may at once; try again when one has ended", e.limits.Background),
	}
}

// admitHidden makes a conversation for a turn and starts it, in one transaction.
func (e *Engine) admitHidden(ctx context.Context, actor convo.Actor, key hub.Key, turn string, in StatelessInput, d *dispatch, ask *Ask) error {
	sealed, err := e.sealInput(turn, in.Given)
	if err != nil {
		return err
	}
	e.observer.Asked(ctx, key.Conversation, turn)
	var started *run
	_, err = e.onceTurn(ctx, key, actor, ask, "", func(tx store.Tx) (any, error) {
		e.unregister(started) // the transaction may run again
		started = nil
		if err := d.begin(tx); err != nil {
			return nil, err
		}
		know(tx, in.Entities)
		if err := createHidden(tx, actor, in, d); err != nil {
			return nil, err
		}
		if _, err := openTurn(tx, actor, turn, TurnInput{Zone: in.Zone, Front: in.Front, Background: true}, sealed); err != nil {
			return nil, err
		}
		if err := d.end(tx, turn); err != nil {
			return nil, err
		}
		var err error
		if started, err = e.startNext(tx); err == nil && started == nil {
			err = errDraining()
		}
		return d.answer(), err
	})
	if err != nil || ask.replayed() {
		e.unregister(started)
		return err
	}
	go e.run(key, started)
	return nil
}

// createHidden makes the conversation of a turn that was asked for without one.
func createHidden(tx store.Tx, actor convo.Actor, in StatelessInput, d *dispatch) error {
	at := now()
	fields := convo.Fields{BotID: in.BotID, ContactID: in.ContactID, Config: in.Config, Channel: &d.channel}
	if err := tx.Append(convo.Event{At: at, Origin: actor.Token, Body: convo.ConversationCreated{Fields: fields}}); err != nil {
		return err
	}
	for _, m := range in.Messages {
		if _, err := addMessage(tx, actor, m, at); err != nil {
			return err
		}
	}
	return nil
}

// StopDispatch ends the turn that was dispatched to a channel, as Stop does.
func (e *Engine) StopDispatch(ctx context.Context, actor convo.Actor, channel string, ask *Ask) (int, error) {
	if err := account(actor); err != nil {
		return 0, err
	}
	if err := convo.CheckChannel(channel); err != nil {
		return 0, err
	}
	d, err := e.store.Dispatch(ctx, actor.Tenant, channel)
	if convo.ErrorKind(err) == convo.NotFound {
		err = convo.Errorf(convo.NotFound, "no turn was dispatched to this channel")
	}
	if err != nil {
		return 0, err
	}
	return e.Stop(ctx, actor, d.Conversation, d.Turn, ask)
}
