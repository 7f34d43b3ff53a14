package engine

import (
	"errors"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// errNotOpen says that a call has no answer to wait for: it has ended, or has not
// begun.
var errNotOpen = errors.New("the call is not open")

// answerIn ends a call that waits for somebody outside, in the transaction of who
// answers it: an answer counts once, whoever comes first. Once nothing is left to
// wait for, a waiting turn goes on. done has to be called when the transaction is
// over, also when it runs again; it starts that turn, or tells the one that still
// runs here. errNotOpen: the call has ended, or never was.
func (e *Engine) answerIn(tx store.Tx, turn, call string, output convo.JSON, outcome convo.ToolOutcome) (done func(committed bool), err error) {
	head := tx.Head()
	if head == nil || head.Turn(turn) == nil || head.Turn(turn).Call(call) == nil {
		return nil, errNotOpen
	}
	t, open := head.Turn(turn), *head.Turn(turn).Call(call)
	if open.Started == 0 {
		return nil, errNotOpen
	}
	ended := open.Ended(newID(), boundOutput(output), outcome)
	ended.Place = convo.Place(t.Slot, t.Next)
	if err := tx.Append(convo.Event{At: now(), Turn: turn, Body: ended}); err != nil {
		return nil, err
	}
	key := hub.Key{Tenant: head.Tenant, Conversation: head.ID}
	resumed, err := e.resume(tx, turn)
	if err != nil {
		return nil, err
	}
	return func(committed bool) {
		switch r := e.running(turn); {
		case !committed:
			e.unregister(resumed)
		case resumed != nil:
			go e.run(key, resumed)
		case r != nil:
			r.told.put(ended)
		}
	}, nil
}

// resume lets a waiting turn go on if nothing is left to wait for. It gives nil if
// something is, or if the engine drains: then the next start resumes it.
func (e *Engine) resume(tx store.Tx, turn string) (*run, error) {
	t := tx.Head().Turn(turn)
	if t.State != convo.StateWaiting || waits(t.Calls) {
		return nil, nil
	}
	r := e.register(t)
	if r == nil {
		return nil, nil
	}
	if err := tx.Append(convo.Event{At: now(), Turn: turn, Body: convo.TurnResumed{}}); err != nil {
		e.unregister(r)
		return nil, err
	}
	r.goOn(tx.Head())
	return r, nil
}

// inbox takes the ends of calls to a run that did not write them itself. It never
// holds up who puts one in.
type inbox struct {
	mu   sync.Mutex
	ends []convo.ToolEnded
	came chan struct{} // has room for one
}

func newInbox() *inbox { return &inbox{came: make(chan struct{}, 1)} }

func (b *inbox) put(end convo.ToolEnded) {
	b.mu.Lock()
	b.ends = append(b.ends, end)
	b.mu.Unlock()
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// take gives what has come.
func (b *inbox) take() []convo.ToolEnded {
	b.mu.Lock()
	defer b.mu.Unlock()
	ends := b.ends
	b.ends = nil
	return ends
}
