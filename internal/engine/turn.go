package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// turnMessages is how many messages most turns add to a history, which is not copied
// once more for them.
const turnMessages = 4

func startTurn(tx store.Tx, id string) error {
	return tx.Append(convo.Event{At: now(), Turn: id, Body: convo.TurnStarted{Slot: tx.Head().NextSlot}})
}

// closeTurn ends an open turn in the log. by is who wants it so, if that is a
// client that needs no word of it.
func closeTurn(tx store.Tx, t convo.Turn, end convo.TurnEnded, by string) error {
	messages := t.Next // its user's, unless the model has said something
	if t.Usage.Total() > 0 {
		messages = min(messages, 1)
	}
	return closeCounted(tx, t, end, by, "", messages)
}

// closeCounted is closeTurn for one of which is known which model it asked, and how
// many messages of users and bots it has.
func closeCounted(tx store.Tx, t convo.Turn, end convo.TurnEnded, by, model string, messages int64) error {
	if err := beginClosing(tx, t); err != nil {
		return err
	}
	if err := spendTurn(tx, t.Usage, model, messages); err != nil {
		return err
	}
	end.Usage = t.Usage
	return tx.Append(convo.Event{At: now(), Turn: t.ID, Origin: by, Body: end})
}

// beginClosing makes a turn that never started start, so that its messages take
// their places and its readers see the whole frame.
func beginClosing(tx store.Tx, t convo.Turn) error {
	if t.State != convo.StateOpen && t.State != convo.StateQueued {
		return nil
	}
	if err := endComing(tx, t); err != nil {
		return err
	}
	return startTurn(tx, t.ID)
}

// run is a turn that runs in this process.
type run struct {
	id         string
	tenant     string
	background bool
	head       convo.Head      // the conversation when the turn started
	turn       convo.Turn      // and the turn
	past       *past           // the history before it; nil = to be read
	asked      []convo.Message // what it was asked with, if it is known here; places are indices
	given      *Given          // what it was given; nil = to be read
	kit        *kit            // what it works with; nil = to be gathered
	goesOn     bool            // the log has more of it than its start
	told       *inbox          // calls that others ended
	ctx        context.Context
	cancel     context.CancelCauseFunc
	end        TurnEnd       // for the observer
	done       chan struct{} // closed when the turn has ended, or been given up
}

// take keeps what the turn needs to know of its conversation.
func (r *run) take(head *convo.Head) {
	r.head, r.turn = *head, *head.Turn(r.id)
	r.head.Open = nil // the store's
}

// goOn is take for a turn that has run before.
func (r *run) goOn(head *convo.Head) {
	r.take(head)
	r.goesOn = true
}

// register makes a turn reachable for Stop, in the transaction that starts it,
// and counts it among what a drain waits for. It gives nil when the engine
// drains.
func (e *Engine) register(t *convo.Turn) *run {
	r := &run{id: t.ID, tenant: t.Tenant, background: t.Background, told: newInbox(), done: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining {
		return nil
	}
	r.ctx, r.cancel = context.WithCancelCause(e.ctx)
	e.active.Add(1)
	e.turns[r.id] = r
	if r.background {
		e.background[r.tenant]++
	}
	return r
}

// unregister ends a run; nil is none.
func (e *Engine) unregister(r *run) {
	if r == nil {
		return
	}
	e.mu.Lock()
	if e.turns[r.id] == r { // not the one that goes on where this one waits
		delete(e.turns, r.id)
	}
	if r.background {
		if e.background[r.tenant]--; e.background[r.tenant] == 0 {
			delete(e.background, r.tenant)
		}
	}
	e.mu.Unlock()
	r.cancel(nil)
	close(r.done)
	e.active.Done()
}

func (e *Engine) running(turn string) *run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns[turn]
}

func (e *Engine) runs(turn string) bool { return e.running(turn) != nil }

// run carries out a turn that has started, and then those that wait behind it.
func (e *Engine) run(key hub.Key, r *run) {
	for r != nil {
		next, lost := e.runOne(key, r)
		if lost != nil {
			e.log.Error("turn could not be closed", "turn", r.id, "conversation", key.Conversation, "error", lost)
			e.hub.Close(key, convo.WrapError(convo.Internal, lost, "the turn could not be written"))
		}
		r = next
	}
}

// runOne carries out one turn and gives the next one, which its end started. An
// error says that the turn could not be closed: its readers have to be sent
// away, and the next admission or the next start closes it.
func (e *Engine) runOne(key hub.Key, r *run) (next *run, err error) {
	defer e.unregister(r)
	var observed TurnObservation
	r.ctx, observed = e.observer.TurnStarted(r.ctx, TurnStart{
		Conversation: key.Conversation, Turn: r.id, Front: r.turn.Front, Waited: r.turn.Started.Sub(r.turn.Opened), GoesOn: r.goesOn,
	})
	defer func() { observed.Ended(r.end) }()
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("turn panicked", "turn", r.id, "panic", p, "stack", string(debug.Stack()))
			next, err = e.giveUp(key, r, fmt.Errorf("panic: %v", p))
		}
	}()
	next, err = e.carryOut(key, r)
	if err != nil && !errors.Is(err, ErrDeleted) {
		e.log.Error("turn failed", "turn", r.id, "conversation", key.Conversation, "error", err)
		return e.giveUp(key, r, err)
	}
	return next, nil
}

// giveUp closes a turn whose own end could not be written.
func (e *Engine) giveUp(key hub.Key, r *run, cause error) (*run, error) {
	r.end.Ended = convo.TurnEnded{Reason: convo.EndFailed, Failure: failure(cause)}
	return e.closeUnfinished(e.over, key, r.id, r, r.end.Ended, "")
}

// carryOut runs one turn from its prompt to its end, or until it waits.
func (e *Engine) carryOut(key hub.Key, r *run) (*run, error) {
	l, err := e.prepare(key, r)
	if err != nil {
		return e.endEarly(key, r, err)
	}
	log := e.openTurnLog(key, r.turn, l.kit.config)
	defer log.close()
	l.sink, r.end.Choice = log, l.choice
	reason, failed := l.start(r.ctx, r.goesOn)
	if errors.Is(failed, errWaits) {
		r.end.Waits = true
		return nil, nil
	}
	if failed != nil && r.left() {
		r.end.Waits = true
		return nil, e.suspend(l, log)
	}
	if failed != nil {
		_ = l.fail() // what cannot be written fails at the end, too
	}
	end := e.ending(r.ctx, reason, failed)
	end.Usage = l.progress.usage
	r.end.Ended = end
	return e.endTurn(r, l, log, end)
}

// left reports whether the turn is left as it is, to go on at the next start.
func (r *run) left() bool { return r.background && errors.Is(context.Cause(r.ctx), errShutdown) }

// suspend writes what is left of a turn in the background that goes on at the next
// start.
func (e *Engine) suspend(l *loop, log *turnLog) error {
	if err := l.leave(e.over); err != nil {
		return err
	}
	rest, err := log.finish()
	if err != nil {
		return err
	}
	return e.update(e.ctx, log.key, store.Durable, func(tx store.Tx) error { return appendAll(tx, rest) })
}

// endEarly ends a turn that did not come to ask its model.
func (e *Engine) endEarly(key hub.Key, r *run, cause error) (*run, error) {
	if r.left() {
		r.end.Waits = true
		return nil, nil
	}
	end := e.ending(r.ctx, "", cause)
	r.end.Ended = end
	if r.goesOn {
		return e.closeUnfinished(e.ctx, key, r.id, r, end, stopper(r.ctx))
	}
	return e.handOver(key, func(tx store.Tx) error {
		if tx.Head() == nil || tx.Head().Turn(r.id) == nil {
			return nil
		}
		return closeTurn(tx, *tx.Head().Turn(r.id), end, stopper(r.ctx))
	})
}

// endTurn commits the end of a turn, what is left of its answer, and the start
// of the next turn. If nobody else wrote meanwhile, the turn is remembered for
// the next one.
func (e *Engine) endTurn(r *run, l *loop, log *turnLog, end convo.TurnEnded) (*run, error) {
	rest, err := log.finish()
	if err != nil {
		return nil, err
	}
	var last convo.Head
	alone := false // nobody else wrote since the turn started
	next, err := e.handOverThen(log.key, func(tx store.Tx) error {
		alone = tx.Head() != nil && tx.Head().LastSeq == r.head.LastSeq+log.written
		if err := appendAll(tx, rest); err != nil {
			return err
		}
		if err := spendTurn(tx, end.Usage, l.choice.ID, l.said()); err != nil {
			return err
		}
		err := tx.Append(convo.Event{At: now(), Turn: r.id, Origin: stopper(r.ctx), Body: end})
		last = *tx.Head()
		return err
	}, func() {
		if r.past != nil && alone && len(last.Open) == 0 {
			e.pasts.put(log.key, r.past.then(last, r.turn, append(r.question(), l.mine...)))
		}
	})
	e.endWaits(r.id)
	if err == nil {
		e.label(log.key, last, r.turn, end)
		e.compactAfter(log.key, last, l, end.Reason)
	}
	return next, err
}

// question is what the turn was asked with, in its place.
func (r *run) question() []convo.Message {
	asked := slices.Clone(r.asked)
	for i := range asked {
		asked[i].Place = convo.Place(r.turn.Slot, asked[i].Place)
	}
	return asked
}

// handOver ends a turn in a durable transaction that starts the next one, or lets
// the active one go on if it waits for nothing any more.
func (e *Engine) handOver(key hub.Key, end func(store.Tx) error) (*run, error) {
	return e.handOverThen(key, end, func() {})
}

// handOverThen is handOver with something to do once the end is written and before
// anybody knows of it.
func (e *Engine) handOverThen(key hub.Key, end func(store.Tx) error, then func()) (*run, error) {
	var next *run
	_, err := e.updatedThen(e.ctx, key, store.Durable, func(tx store.Tx) error {
		e.unregister(next) // the transaction may run again
		next = nil
		if err := end(tx); err != nil || tx.Head() == nil {
			return err
		}
		var err error
		if active := tx.Head().Active(); active != nil {
			next, err = e.resume(tx, active.ID)
		} else {
			next, err = e.startNext(tx)
		}
		return err
	}, then)
	if err != nil {
		e.unregister(next)
		return nil, err
	}
	return next, nil
}

// startNext starts the oldest queued turn, if nothing is active and the engine
// does not drain, and makes it reachable.
func (e *Engine) startNext(tx store.Tx) (*run, error) {
	t := tx.Head().NextQueued()
	if t == nil || tx.Head().Active() != nil {
		return nil, nil
	}
	r := e.register(t)
	if r == nil {
		return nil, nil
	}
	if err := startTurn(tx, r.id); err != nil {
		e.unregister(r)
		return nil, err
	}
	r.take(tx.Head())
	return r, nil
}

// prepare finds the model and what a turn works with, and reads its history with the
// images that it shows.
func (e *Engine) prepare(key hub.Key, r *run) (*loop, error) {
	l, err := e.prepareTexts(key, r)
	if err == nil {
		err = e.show(r.ctx, &l.history, nil)
	}
	return l, err
}

func (e *Engine) prepareTexts(key hub.Key, r *run) (*loop, error) {
	head, choice, err := e.choose(r.ctx, r.head)
	if err != nil {
		return nil, err
	}
	if !r.goesOn {
		if err := e.quotas.start(r.ctx, r.id, newClaim(head.Tenant, head.BotID, choice, 0)); err != nil {
			return nil, err
		}
	}
	if err := e.equip(r, head); err != nil {
		return nil, err
	}
	l := &loop{e: e, key: key, turn: r.id, origin: r.turn.Origin, choice: choice, kit: r.kit, told: r.told}
	r.kit.config = head.Config
	if l.secrets, err = e.keeps(r.ctx, key, head.Config); err != nil {
		return nil, err
	}
	l.progress.sources = r.head.Sources
	orders, err := e.orders(r.ctx, head, r.given, r.turn.Alias != "")
	if err != nil {
		return nil, err
	}
	l.history = history{
		backstory: orders, latest: choice.MaxMessages, window: choice.Window,
		tools: r.kit.tokens(), now: note{at: r.turn.Started, zone: r.turn.Zone}, turn: r.id, shows: e.imagesFor(choice),
	}
	l.lookup = e.lookupFor(key.Tenant, settingOf(head), r.given)
	h := &l.history
	if p := r.past; p != nil && p.reach == reachOf(choice) {
		h.messages = make([]convo.Message, 0, len(p.messages)+turnMessages)
		h.messages = append(append(h.messages, p.messages...), r.question()...)
		h.notes, h.from = p.notes, p.from
		return l, nil
	}
	reach := reachOf(choice)
	if reach.latest > 0 {
		reach.latest += int(r.turn.Next) // what it has made itself does not count
	}
	if h.messages, h.from, err = e.load(r.ctx, r.head, r.turn.Slot, reach); err != nil {
		return nil, err
	}
	if h.notes, err = e.loadNotes(r.ctx, r.head, h.messages); err != nil {
		return nil, err
	}
	if r.goesOn {
		l.progress.starts = l.kit.open(h.messages[:len(h.messages)-h.made()]).starts
		err = e.eachOf(r.ctx, key, r.turn, func(event convo.Event) { l.catchUp(event, r.head.LastSeq) })
	}
	return l, err
}

// equip gathers what a turn works with, unless its admission has. head has the
// configuration that counts.
func (e *Engine) equip(r *run, head convo.Head) (err error) {
	if r.given == nil {
		given, err := e.readInput(r.ctx, r.turn)
		if err != nil {
			return err
		}
		r.given = &given
	}
	if r.kit == nil {
		r.kit, err = e.newKit(r.ctx, r.turn.Tenant, *r.given, settingOf(head))
	}
	return err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
