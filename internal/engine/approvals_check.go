package engine

import (
	"context"
	"encoding/json"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/tool"
)

// prepareAnswer checks a SaidAnswer, SaidOutput or SaidInterruptEnd. It is refused if
// the input of an approval does not fit the schema of the call, which waits on.
func (e *Engine) prepareAnswer(ctx context.Context, key hub.Key, said Said) (r *reply, err error) {
	r = &reply{said: said}
	switch s := said.(type) {
	case SaidOutput:
		r.output, err = e.boundFor(ctx, key, s.Output)
		return r, err
	case SaidAnswer:
		r.approved, r.input = s.Approved, s.Input
	case SaidInterruptEnd:
		r.value, err = e.boundFor(ctx, key, s.Value)
	}
	if err != nil {
		return nil, err
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

// checkInput holds the input that a user has edited to the schema of its call. It is
// no longer than an output may be: the model reads it as often.
func (e *Engine) checkInput(ctx context.Context, key hub.Key, call *convo.OpenCall, input convo.JSON) (convo.JSON, error) {
	if len(input) > tool.MaxOutput {
		return nil, convo.Errorf(convo.Invalid, "the input has %d bytes; the limit is %d", len(input), tool.MaxOutput)
	}
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
