package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Watch is a conversation's log for somebody who keeps many of them open and wants
// no goroutine for one that is quiet. It is gap-free and in order, as a [Reading]
// is.
type Watch struct {
	e   *Engine
	key hub.Key
	sub *hub.Subscription
}

// Watch watches a conversation, which need not exist: notify is called, and must
// return at once, whenever there may be more to read. Cancel it when done.
func (e *Engine) Watch(tenant, conversation string, notify func()) *Watch {
	key := hub.Key{Tenant: tenant, Conversation: conversation}
	return &Watch{e: e, key: key, sub: e.hub.Notify(key, notify)}
}

// Cancel ends the watch.
func (w *Watch) Cancel() { w.sub.Cancel() }

// Next gives events after that number, in order. None means that there are no more
// yet, and that notify will be called when there are, or was called meanwhile.
// After the conversation was deleted it is ErrDeleted. The slice is shared: do not
// change it.
func (w *Watch) Next(ctx context.Context, after int64) ([]convo.Event, error) {
	events, whole, err := w.sub.Fresh(after)
	if err != nil {
		return nil, err
	}
	if whole || len(events) > 0 {
		events, err = w.e.reveal(ctx, w.key, events)
		return events, gone(ctx, err)
	}
	return w.Read(ctx, after, firstPage)
}

// Read reads up to limit events after that number from the store.
func (w *Watch) Read(ctx context.Context, after int64, limit int) ([]convo.Event, error) {
	events, err := w.e.store.Events(ctx, w.key.Tenant, w.key.Conversation, after, limit)
	if err == nil {
		events, err = w.e.reveal(ctx, w.key, events)
	}
	return events, gone(ctx, err)
}

// State is where a log ends, and which turns are open there.
type State struct {
	Last int64
	Open []convo.Turn
}

// From is the number before the first event that what is open depends on.
func (s State) From() int64 {
	from := s.Last
	for _, t := range s.Open {
		from = min(from, t.OpenedSeq-1)
	}
	return from
}

// State reads where the log ends now, for that actor: a conversation that is not
// his is unknown to him.
func (w *Watch) State(ctx context.Context, actor convo.Actor) (State, error) {
	if _, err := within(actor, w.key.Conversation); err != nil || actor.Tenant != w.key.Tenant {
		return State{}, unknownConversation(w.key.Conversation)
	}
	head, err := w.e.store.Head(ctx, w.key.Tenant, w.key.Conversation)
	if convo.ErrorKind(err) == convo.NotFound || err == nil && (head.Channel != nil || own(actor, head.Conversation) != nil) {
		return State{}, unknownConversation(w.key.Conversation)
	}
	return State{Last: head.LastSeq, Open: head.Open}, err
}

// state is State for a conversation whose actor was checked.
func (w *Watch) state(ctx context.Context) (State, error) {
	head, err := w.e.store.Head(ctx, w.key.Tenant, w.key.Conversation)
	return State{Last: head.LastSeq, Open: head.Open}, gone(ctx, err)
}

// Adopted reads the user messages that a turn with that slot adopts, in their order,
// as [Engine.Exchange] gives them.
func (w *Watch) Adopted(ctx context.Context, slot int64) ([]convo.Message, error) {
	adopted, err := w.e.outside(ctx, w.key, slot)
	return adopted, gone(ctx, err)
}

// Begin gives the number before the first event that what was open behind that
// event depends on: the opening of the oldest turn that was open then, or the number
// itself.
func (w *Watch) Begin(ctx context.Context, at int64) (int64, error) {
	if at == 0 {
		return 0, nil
	}
	then, err := w.Read(ctx, at-1, 1)
	if err != nil || len(then) == 0 {
		return at, err
	}
	turns, err := w.e.store.TurnsOpened(ctx, w.key.Tenant, w.key.Conversation, store.TurnQuery{After: at + 1, Desc: true, Limit: recentTurns})
	if err != nil {
		return 0, gone(ctx, err)
	}
	state, err := w.state(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range slices.Concat(turns, state.Open) {
		if t.OpenedSeq <= at && (t.State != convo.StateEnded || !t.Ended.Before(then[0].At)) {
			at = min(at, t.OpenedSeq-1)
		}
	}
	return at, nil
}

// recentTurns is how many turns before a number are looked at for one that was open
// there: only so many more can have been asked for behind one that runs.
const recentTurns = 64
