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
	open := *head.Turn(turn).Call(call)
	if open.Started == 0 {
		return nil, errNotOpen
	}
	v, err := vaultIn(tx)
	if err != nil {
		return nil, err
	}
	return e.tell(tx, turn, []word{{body: open.Ended(newID(), boundOutput(v, output), outcome)}})
}

// word is what somebody outside says about a call, and who that is.
type word struct {
	body   convo.Body
	origin string // "" = the server
}

// tell writes what was said about the calls of a turn, in the transaction of who
// said it, and lets the turn go on if it has something to do then. done is that of
// answerIn.
func (e *Engine) tell(tx store.Tx, turn string, all []word) (done func(committed bool), err error) {
	told := make([]convo.Body, 0, len(all))
	for _, s := range all {
		body, ok := current(tx.Head(), turn, s.body)
		if !ok {
			return nil, errNotOpen
		}
		if err := tx.Append(convo.Event{At: now(), Turn: turn, Origin: s.origin, Body: body}); err != nil {
			return nil, err
		}
		told = append(told, body)
	}
	key := hub.Key{Tenant: tx.Head().Tenant, Conversation: tx.Head().ID}
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
			r.told.put(told)
		}
	}, nil
}

// resume lets a waiting turn go on if it has something to do. It gives nil if it has
// not, or if the engine drains: then the next start resumes it.
func (e *Engine) resume(tx store.Tx, turn string) (*run, error) {
	t := tx.Head().Turn(turn)
	if t.State != convo.StateWaiting || waits(t.Calls) && !due(t.Calls) {
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

// inbox takes what others wrote about calls to the run of their turn. It never
// holds up who puts something in.
type inbox struct {
	mu   sync.Mutex
	said []convo.Body
	came chan struct{} // has room for one
}

func newInbox() *inbox { return &inbox{came: make(chan struct{}, 1)} }

func (b *inbox) put(said []convo.Body) {
	b.mu.Lock()
	b.said = append(b.said, said...)
	b.mu.Unlock()
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// take gives what has come.
func (b *inbox) take() []convo.Body {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}
