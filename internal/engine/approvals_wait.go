package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// expireAsked ends a call whose user, or whose client, has not answered in time.
func (e *Engine) expireAsked(w *wait) error {
	done := func(bool) {}
	err := e.update(e.over, w.key, store.Durable, func(tx store.Tx) (err error) {
		done(false) // the transaction runs again
		done = func(bool) {}
		if tx.Head() == nil || tx.Head().Turn(w.turn) == nil {
			return errWaitOver
		}
		call := tx.Head().Turn(w.turn).Call(w.call)
		if call == nil || !asks(*call) && !outside(*call) {
			return errWaitOver
		}
		if call.Started != 0 && time.Since(time.UnixMilli(call.Started)) < w.limit {
			return errWaitSoon // it was approved at this moment
		}
		var words []word
		for _, body := range endsOf(*call, newID(), convo.JSON(expiredOutput), convo.ToolExpired) {
			words = append(words, word{body: body})
		}
		told, err := e.tell(tx, w.turn, words)
		if err == nil {
			done = told
		}
		return err
	})
	done(err == nil)
	return err
}

// ClaimClientCall lets a socket session carry out a call that runs in a client, if
// the one that was to is gone. One that waits for its approval is carried out by the
// new session then; claimed is false if there is nothing to carry out, or it is in
// good hands. gone must not block.
func (e *Engine) ClaimClientCall(ctx context.Context, actor convo.Actor, conversation, call, to string, gone func(session string) bool) (claimed bool, err error) {
	key, err := within(actor, conversation)
	if err != nil {
		return false, err
	}
	err = e.update(ctx, key, store.Buffered, func(tx store.Tx) error {
		claimed = false // the transaction may run again
		if tx.Head() == nil {
			return unknownConversation(conversation)
		}
		if err := own(actor, tx.Head().Conversation); err != nil {
			return err
		}
		t, open := (&reply{said: SaidOutput{Call: call}}).find(tx.Head())
		if open == nil || open.Runs != convo.RunsClient {
			return nil
		}
		holder := cmp.Or(open.To, t.Origin)
		if holder == to || !gone(holder) {
			return nil
		}
		claimed = true
		offered := convo.ToolOffered{ID: open.ID, Message: open.Message, To: to}
		return tx.Append(convo.Event{At: now(), Turn: t.ID, Body: offered})
	})
	return claimed && err == nil, err
}
