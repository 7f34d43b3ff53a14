package engine

import (
	"context"
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// ErrLate says that an answer came too late, or to a call that does not wait for
// one: it had no effect, and means no harm.
var ErrLate = errors.New("the call does not wait for this answer")

// reply is what a client says about a call that waits for it, checked as far as that
// can be done before the transaction. What a call asks and with which schema never
// changes.
type reply struct {
	said     Said // SaidAnswer, SaidOutput or SaidInterruptEnd
	approved bool
	input    convo.JSON // nil = as it was proposed
	value    convo.JSON // of an interrupt, as it came
	output   convo.JSON
}

// find gives the open call that a reply is about, and its turn.
func (r *reply) find(head *convo.Head) (*convo.Turn, *convo.OpenCall) {
	for i := range head.Open {
		if call := r.in(&head.Open[i]); call != nil {
			return &head.Open[i], call
		}
	}
	return nil, nil
}

// in gives the open call of a turn that a reply is about, or nil.
func (r *reply) in(t *convo.Turn) *convo.OpenCall {
	switch s := r.said.(type) {
	case SaidAnswer:
		return t.Call(s.Call)
	case SaidOutput:
		return t.Call(s.Call)
	case SaidInterruptEnd:
		for i := range t.Calls {
			if s.Interrupt != "" && t.Calls[i].Interrupt == s.Interrupt {
				return &t.Calls[i]
			}
		}
	}
	return nil
}

// answerAsked writes what a client said about a call of a turn, in the transaction of
// the conversation: the first answer counts. done has to be called when the
// transaction is over, also when it runs again. ErrLate and errNotOpen had no effect;
// [Engine.explainAnswer] tells more about the second.
func (e *Engine) answerAsked(tx store.Tx, turn string, r *reply, origin string) (done func(committed bool), err error) {
	head := tx.Head()
	if head == nil || head.Turn(turn) == nil {
		return nil, ErrLate
	}
	t := head.Turn(turn)
	call := r.in(t)
	if call == nil {
		return nil, errNotOpen
	}
	words, err := r.words(t, *call, origin)
	if err != nil {
		return nil, err
	}
	key, id := hub.Key{Tenant: head.Tenant, Conversation: head.ID}, call.ID
	told, err := e.tell(tx, turn, words)
	if err != nil {
		return nil, err
	}
	open := openCall(tx.Head().Turn(turn), id)
	var begun *convo.OpenCall
	if open != nil && open.Runs == convo.RunsClient && open.Started != 0 {
		kept := *open
		begun = &kept
	}
	return func(committed bool) {
		if committed {
			e.waits.removeCall(turn, id)
		}
		if committed && begun != nil {
			e.beginWait(key, turn, *begun, time.Now())
		}
		told(committed)
	}, nil
}

// words are what a reply makes of a call.
func (r *reply) words(t *convo.Turn, call convo.OpenCall, origin string) ([]word, error) {
	switch s := r.said.(type) {
	case SaidOutput:
		if call.Runs != convo.RunsClient || call.Started == 0 {
			return nil, ErrLate
		}
		outcome := convo.ToolDone
		if s.Failed {
			outcome = convo.ToolFailed
		}
		return []word{{call.Ended(newID(), r.output, outcome), origin}}, nil
	case SaidAnswer:
		if call.Asks != convo.AsksConfirm || !asks(call) {
			return nil, ErrLate
		}
		return r.decide(nil, t, call, origin), nil
	}
	ended := word{convo.InterruptEnded{ID: call.Interrupt, Call: call.ID, Message: call.Message, Value: r.value}, origin}
	if call.Runs == convo.RunsUser {
		return []word{ended, {call.Ended(newID(), r.value, convo.ToolDone), ""}}, nil
	}
	return r.decide([]word{ended}, t, call, origin), nil
}

// decide adds what approves or rejects a call. A call of a client begins with its
// approval, without the turn; of one whose request was deleted nothing is left that
// could.
func (r *reply) decide(words []word, t *convo.Turn, call convo.OpenCall, origin string) []word {
	answered := convo.ToolAnswered{ID: call.ID, Message: call.Message, Name: call.Name, Approved: r.approved}
	if r.approved && call.Arguments != nil {
		answered.Input = call.Arguments
		if r.input != nil {
			answered.Input = r.input
		}
		call.Arguments = answered.Input
	}
	words = append(words, word{answered, origin})
	switch {
	case !r.approved:
		return append(words, word{call.Ended(newID(), convo.JSON(rejectedOutput), convo.ToolRejected), ""})
	case call.Runs != convo.RunsClient:
		return words
	case call.Arguments == nil:
		return append(words, word{call.Ended(newID(), cancelledOutput(), convo.ToolCancelled), ""})
	}
	return append(words, word{startInClient(call, t.Origin), ""})
}

// explainAnswer tells why an answer to a call that is not open has no effect: ErrLate
// if the turn knows the call or the interrupt, else it is refused.
func (e *Engine) explainAnswer(ctx context.Context, key hub.Key, turn string, r *reply) error {
	t, err := e.store.Turn(ctx, key.Tenant, key.Conversation, turn)
	if err != nil {
		return err
	}
	known := false
	err = e.eachOf(ctx, key, t, func(event convo.Event) {
		switch b := event.Body.(type) {
		case convo.ToolRequested:
			known = known || r.names(b.ID)
		case convo.InterruptStarted:
			known = known || r.names(b.ID)
		}
	})
	switch {
	case err != nil:
		return err
	case known:
		return ErrLate
	}
	return unknownCall()
}

// names reports whether the reply is about a call or an interrupt with that id.
func (r *reply) names(id string) bool {
	switch s := r.said.(type) {
	case SaidAnswer:
		return s.Call == id
	case SaidOutput:
		return s.Call == id
	case SaidInterruptEnd:
		return s.Interrupt == id
	}
	return false
}

func unknownCall() error {
	return convo.Errorf(convo.NotFound, "the exchange has no such call or interrupt")
}
