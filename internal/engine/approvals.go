package engine

import (
	"cmp"
	"context"
	"encoding/json"
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

// prepareAnswer checks a SaidAnswer, SaidOutput or SaidInterruptEnd. It is refused if
// the input of an approval does not fit the schema of the call, which waits on.
func (e *Engine) prepareAnswer(ctx context.Context, key hub.Key, said Said) (*reply, error) {
	r := &reply{said: said}
	switch s := said.(type) {
	case SaidOutput:
		r.output = boundOutput(s.Output)
		return r, nil
	case SaidAnswer:
		r.approved, r.input = s.Approved, s.Input
	case SaidInterruptEnd:
		r.value = boundOutput(s.Value)
	}
	if r.input == nil && r.value == nil {
		return r, nil
	}
	head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
	if err != nil {
		return nil, err
	}
	_, call := r.find(&head)
	if call == nil || call.Runs == convo.RunsUser {
		return r, nil // the transaction says what to make of it
	}
	if r.value != nil {
		if r.approved, r.input, err = approval(r.value); err != nil {
			return nil, err
		}
	}
	if r.approved && r.input != nil {
		r.input, err = e.checkInput(ctx, key, call, r.input)
	}
	return r, err
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

// approval reads what the user said to an interrupt that asks for the approval of a
// call: {approved, input?}, alone or as the member "value".
func approval(value convo.JSON) (approved bool, input convo.JSON, err error) {
	type answer struct {
		Approved *bool           `json:"approved"`
		Input    json.RawMessage `json:"input"`
		Value    json.RawMessage `json:"value"`
	}
	var said answer
	err = json.Unmarshal(value, &said)
	if err == nil && said.Approved == nil && len(said.Value) > 0 {
		within := said.Value
		said = answer{}
		err = json.Unmarshal(within, &said)
	}
	if err != nil || said.Approved == nil {
		return false, nil, convo.Errorf(convo.Invalid, "the answer to the interrupt must say approved: true or false")
	}
	if len(said.Input) > 0 && string(said.Input) != "null" {
		input = convo.JSON(said.Input)
	}
	return *said.Approved, input, nil
}

// checkInput holds the input that a user has edited to the schema of its call.
func (e *Engine) checkInput(ctx context.Context, key hub.Key, call *convo.OpenCall, input convo.JSON) (convo.JSON, error) {
	events, err := e.store.Events(ctx, key.Tenant, key.Conversation, call.Seq-1, 1)
	if err != nil {
		return nil, err
	}
	var asked convo.Asked
	if len(events) > 0 {
		if requested, ok := events[0].Body.(convo.ToolRequested); ok {
			asked = requested.Asked
		}
	}
	compiled, err := e.schemas.Compile(call.Name, asked.Input)
	if err != nil {
		return nil, err
	}
	edited, _ := argumentsOf(string(input))
	if err := compiled.Check(edited); err != nil {
		return nil, err
	}
	return edited, nil
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
