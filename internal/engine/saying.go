package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Say writes what a client says in a conversation that it has open, in one
// transaction, and starts what follows from it: when it returns, a user's message
// that ended is durable and its turn will run, and an exchange that was stopped has
// ended.
//
// It gives an error for each thing that was said: nil if it was taken, or dropped
// because it came too late to matter; ErrLate for an answer that came too late; a
// *Refused if nothing of it was stored. An exchange that fails once others may
// have seen it ends in the log, with the reason as its failure's code, and that is
// no error here. The second error is for all: nothing was stored, or the end of an
// exchange that was stopped could not be waited for.
//
// A client may have lost the beginning of what it says. So what has no start gets
// one, and what belongs to something that has ended is dropped.
func (e *Engine) Say(ctx context.Context, actor convo.Actor, conversation string, s Saying) ([]error, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return nil, err
	}
	known, err := e.lookUp(context.WithoutCancel(ctx), actor, key, s)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		view, err := e.foresee(ctx, key, s, try > 0)
		if err != nil {
			return nil, e.explain(key, err)
		}
		if try == maxChecks {
			view.forget()
		}
		u, err := e.trySay(ctx, actor, key, s, known, view)
		switch {
		case e.judgeSaid(ctx, key, known, err):
		case errors.Is(err, errOrphan):
			if err := e.closeOrphan(ctx, key); err != nil {
				return nil, err
			}
		case errors.Is(err, errGrown):
		case err != nil:
			return nil, e.explain(key, err)
		default:
			return u.errs, e.explain(key, e.settleSaid(ctx, key, u))
		}
	}
}

// durable reports whether what is said is answered for when it was stored.
func (s Saying) durable() bool {
	for _, said := range s.Said {
		switch said.(type) {
		case SaidMessageEnd, SaidStop, SaidAnswer, SaidOutput, SaidInterruptEnd:
			return true
		}
	}
	return false
}

// trySay is Say in one transaction.
func (e *Engine) trySay(ctx context.Context, actor convo.Actor, key hub.Key, s Saying, known *knowledge, view *prospect) (*utterance, error) {
	level := store.Buffered
	if s.durable() {
		level = store.Durable
	}
	var u *utterance
	err := e.update(ctx, key, level, func(tx store.Tx) error {
		u.undo() // the transaction may run again
		u = &utterance{e: e, tx: tx, saying: s, known: known, view: view, errs: make([]error, len(s.Said)), at: now()}
		head := tx.Head()
		if head == nil || own(actor, head.Conversation) != nil {
			return unknownConversation(key.Conversation)
		}
		if view.asked() && e.orphan(head.Active()) {
			return errOrphan
		}
		if view.stale(head) {
			return errGrown
		}
		return u.all()
	})
	if err != nil {
		u.undo()
		return nil, err
	}
	return u, nil
}

// settleSaid carries out what follows from a transaction that was committed.
func (e *Engine) settleSaid(ctx context.Context, key hub.Key, u *utterance) error {
	for _, turn := range u.open {
		e.idle.touch(key, turn)
	}
	for _, turn := range u.complete {
		e.idle.forget(turn)
		e.quotas.reserve(turn, u.view.claim)
		e.observer.Asked(ctx, key.Conversation, turn)
	}
	for _, t := range u.closed {
		e.idle.forget(t.ID)
		e.observer.Closed(t.Front, t.Reason)
	}
	for _, done := range u.done {
		done(true)
	}
	if u.started != nil {
		go e.run(key, u.started)
	}
	for i, turn := range u.strange {
		u.errs[i] = e.strangeAnswer(ctx, key, turn, u.known.replies[i])
	}
	for _, turn := range u.stops {
		if err := e.stop(ctx, key, turn, u.saying.From); err != nil {
			return err
		}
	}
	return nil
}
