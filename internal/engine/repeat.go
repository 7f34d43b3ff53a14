package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// For how long a repeat of a request is recognised.
const (
	keyedFor  = 24 * time.Hour   // with an Idempotency-Key
	brokenFor = 10 * time.Second // without: after its end, or after a restart
)

// unkeyedFor is how long what is known of a request without a key is kept once
// it has ended: long beyond any repeat that joins it.
const unkeyedFor = time.Hour

// Ask is a request that may change something, as far as repeats of it are
// concerned. A front makes one for every such request, passes it to one
// operation, and then reports how its answer fared: Written when the last byte
// went out, Delivered when no error came back for a moment after that, or
// Broken. A nil *Ask is a request that is never repeated.
type Ask struct {
	Key       string   // the Idempotency-Key, "" = none
	Operation string   // method and path
	Body      [32]byte // SHA-256 of the body
	// Render gives the answer for the operation's result (nil for operations
	// without one), so that it is stored in the transaction of the effect.
	Render func(result any) []byte

	repeats *repeats
	log     store.Requests
	id      convo.RequestID
	attempt string // of the record that this request wrote or joined; "" = none
	turn    string // that it opened or joined; "" = none
	replay  []byte
	joined  bool
}

// Replay gives the stored answer of the request that this one repeats. ok is
// false if it repeats none, or one that opened a turn: that one is read.
func (a *Ask) Replay() (body []byte, ok bool) {
	if a == nil || !a.joined || a.replay == nil {
		return nil, false
	}
	return a.replay, true
}

func (a *Ask) replayed() bool { return a != nil && a.joined }

// Written reports that the last byte of the answer went out without an error:
// from here on an equal request is a new one.
func (a *Ask) Written() { a.report(deliveryWritten) }

// Delivered reports that no error followed either.
func (a *Ask) Delivered() {
	if a == nil || a.attempt == "" {
		return
	}
	a.log.MarkWritten(a.id, a.attempt)
	a.repeats.delivered(a.attempt)
}

// Broken reports that the connection broke before the answer was complete, or
// with an error right after: a repeat joins this request.
func (a *Ask) Broken() { a.report(deliveryBroken) }

func (a *Ask) report(d deliveryState) {
	if a != nil && a.attempt != "" {
		a.repeats.set(a.attempt, delivery{state: d, since: time.Now(), turn: a.turn})
	}
}

type deliveryState uint8

const (
	deliveryOpen deliveryState = iota + 1
	deliveryWritten
	deliveryBroken
)

// repeats knows how the answers of this process's requests fared, by attempt.
type repeats struct {
	mu    sync.Mutex
	ready time.Time // since when this process answers
	state map[string]delivery
}

type delivery struct {
	state deliveryState
	since time.Time
	turn  string
}

func newRepeats() *repeats { return &repeats{state: map[string]delivery{}} }

func (r *repeats) set(attempt string, d delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state[attempt] = d
}

func (r *repeats) forget(attempt string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.state, attempt)
}

// delivered forgets an attempt that is marked as written. The mark itself comes
// with a later commit: while unmarked records still count as broken, because
// the process before this one may have left them, this one is remembered.
func (r *repeats) delivered(attempt string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.ready) < brokenFor {
		r.state[attempt] = delivery{state: deliveryWritten, since: time.Now()}
		return
	}
	delete(r.state, attempt)
}

// prune forgets deliveries that nobody came back for, unless their turn is still
// open: its repeats join it until its end.
func (r *repeats) prune(before time.Time, open []convo.Turn) {
	live := make(map[string]bool, len(open))
	for _, t := range open {
		live[t.ID] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for attempt, d := range r.state {
		if d.state != deliveryOpen && d.since.Before(before) && !live[d.turn] {
			delete(r.state, attempt)
		}
	}
}

// broken reports whether the answer of an attempt is known to have broken off,
// or has to be taken for broken because the process that gave it is gone.
func (r *repeats) broken(attempt string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.state[attempt]; ok {
		return d.state == deliveryBroken
	}
	return time.Since(r.ready) < brokenFor
}

// begin names the request and its attempt. Two requests are the same when the
// token, the operation and the body are; or, with a key, when the tenant, the
// operation and the key are. Those of two users never are.
func (e *Engine) begin(actor convo.Actor, a *Ask) {
	if a.attempt != "" {
		return
	}
	a.name(actor)
	a.repeats, a.log, a.attempt = e.repeats, e.store, newID()
	// Before the record can be found, so that nobody takes it for one that a
	// process before this one left behind.
	e.repeats.set(a.attempt, delivery{state: deliveryOpen})
}

// name gives the request its id.
func (a *Ask) name(actor convo.Actor) {
	h := sha256.New()
	write := func(parts ...string) {
		for _, p := range parts {
			n := len(p)
			h.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
			h.Write([]byte(p))
		}
	}
	if a.Key != "" {
		write("key", actor.Tenant, a.Operation, a.Key)
	} else {
		write("body", actor.Tenant, actor.Token, a.Operation, string(a.Body[:]))
	}
	if actor.User != "" { // an application's users have one token between them
		write("user", actor.User)
	}
	h.Sum(a.id[:0])
}

// Repeats reports whether a request most likely repeats one that was carried out
// or is being, so that what it is answered with has happened already. It changes
// nothing, and may take a request for a repeat that the operation itself will
// not: one with another body, or of a turn that ended too long ago.
func (e *Engine) Repeats(ctx context.Context, actor convo.Actor, a *Ask) (bool, error) {
	a.name(actor)
	e.shared.mu.Lock()
	shared := e.shared.runs[a.id] != nil
	e.shared.mu.Unlock()
	if shared {
		return true, nil
	}
	r, ok, err := e.store.Request(ctx, a.id)
	switch {
	case err != nil || !ok:
		return false, err
	case r.Keyed:
		return time.Since(r.Created) < keyedFor, nil
	}
	return !r.Written && e.repeats.broken(r.Attempt), nil
}

// abandon forgets an attempt that had no effect.
func (a *Ask) abandon() {
	a.repeats.forget(a.attempt)
	a.attempt = ""
}

// errJoined ends a transaction that found the request done already.
var errJoined = errors.New("a repeat of an earlier request")

// once runs fn in a transaction of a conversation, and stores the request's
// record with it; or, if the request repeats one that was done, joins that one.
func (e *Engine) once(ctx context.Context, key hub.Key, actor convo.Actor, ask *Ask, fn func(store.Tx) (any, error)) error {
	_, err := e.onceTurn(ctx, key, actor, ask, "", fn)
	e.pasts.drop(key)
	if err == nil {
		e.noted(key.Tenant)
	}
	return err
}

// onceTurn is once for a request that opens a turn, or joins the record's one.
func (e *Engine) onceTurn(ctx context.Context, key hub.Key, actor convo.Actor, ask *Ask, turn string, fn func(store.Tx) (any, error)) (joined convo.Request, err error) {
	if ask != nil {
		e.begin(actor, ask)
	}
	err = e.update(ctx, key, store.Durable, func(tx store.Tx) error {
		if ask != nil {
			found, ok, err := e.repeated(tx, ask)
			if err != nil {
				return err
			}
			if ok {
				joined = found
				return errJoined
			}
		}
		result, err := fn(tx)
		if err != nil || ask == nil {
			return err
		}
		return tx.PutRequest(e.record(key, ask, turn, result))
	})
	switch {
	case errors.Is(err, errJoined):
		return joined, e.join(ask, joined)
	case err != nil && ask != nil:
		ask.abandon()
	case ask != nil:
		ask.turn = turn
	}
	return joined, err
}

func (e *Engine) record(key hub.Key, ask *Ask, turn string, result any) convo.Request {
	r := convo.Request{
		ID: ask.id, Keyed: ask.Key != "", Body: ask.Body, Attempt: ask.attempt, Tenant: key.Tenant,
		Conversation: key.Conversation, Turn: turn, Created: now(),
	}
	if turn == "" {
		r.Answer = e.sealer.Seal(ask.Render(result), ask.id[:])
	}
	return r
}

// join makes ask a reader of an earlier request's answer.
func (e *Engine) join(ask *Ask, r convo.Request) error {
	e.repeats.forget(ask.attempt)
	ask.attempt, ask.turn, ask.joined = r.Attempt, r.Turn, true
	if r.Turn != "" {
		return nil
	}
	answer, err := e.sealer.Open(r.Answer, r.ID[:])
	ask.replay = answer
	return err
}

// repeated finds the request that ask repeats, by the rules of the contract:
// with a key, for a day; without one, only a request whose connection broke
// before its answer was complete, while its turn runs and a moment after.
func (e *Engine) repeated(tx store.Tx, ask *Ask) (convo.Request, bool, error) {
	r, ok, err := tx.Request(ask.id)
	if err != nil || !ok {
		return r, false, err
	}
	if r.Keyed {
		return r, time.Since(r.Created) < keyedFor, e.sameBody(r, ask)
	}
	if r.Written || !e.repeats.broken(r.Attempt) {
		return r, false, nil
	}
	if r.Turn == "" {
		return r, e.recent(r.Created), nil
	}
	t, err := tx.Turn(r.Turn)
	if convo.ErrorKind(err) == convo.NotFound {
		return r, false, nil
	}
	if err != nil || t.State != convo.StateEnded {
		return r, err == nil, err
	}
	stopped := t.Reason == convo.EndStopped && t.Failure == nil // by a caller, not by a shutdown
	return r, !stopped && e.recent(t.Ended), nil
}

// recent reports whether a repeat of what ended then still counts as one: for
// a moment after the end, or after this process began to answer.
func (e *Engine) recent(ended time.Time) bool {
	e.repeats.mu.Lock()
	ready := e.repeats.ready
	e.repeats.mu.Unlock()
	if ended.Before(ready) {
		ended = ready
	}
	return time.Since(ended) < brokenFor
}

func (e *Engine) sameBody(r convo.Request, ask *Ask) error {
	if r.Body != ask.Body && time.Since(r.Created) < keyedFor {
		return convo.Errorf(convo.Unprocessable, "this Idempotency-Key was used with another body; use a new key for a new request")
	}
	return nil
}
