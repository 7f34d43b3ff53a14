package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// turnFields are what a turn may be given to work with.
type turnFields struct {
	Functions  []function `json:"functions" doc:"What the model may call in this turn."`
	Extensions extension  `json:"extensions" doc:"What the bot knows and can beside the rest, in this turn. Refused from session tokens."`
	Limits     limits     `json:"limits"`
}

// limits bound what one turn may do; the server has bounds of its own.
type limits struct {
	Iterations    someTimes `json:"iterations" doc:"Answers of the model, each with the calls in it."`
	Continuations someTimes `json:"continuations" doc:"Times that the model is asked to go on after its limit of tokens."`
	Calls         someTimes `json:"calls" doc:"Calls of functions."`
}

// given is what the engine is to know of the fields. What a session token may
// not have at all is named first.
func (t *turnFields) given(c *call) (engine.Given, error) {
	given := engine.Given{Functions: newFunctions(t.Functions), Limits: engine.TurnLimits{
		Iterations: t.Limits.Iterations.times(), Continuations: t.Limits.Continuations.times(), Calls: t.Limits.Calls.times(),
	}}
	if err := t.Extensions.allowed(c.actor); err != nil {
		return given, err
	}
	err := t.Extensions.apply(&given, c.engine().Limits().Text)
	return given, err
}

// allowed refuses the extensions of a session token: whoever holds it is not the
// one who decides what the bot is.
func (x *extension) allowed(actor convo.Actor) error {
	if actor.Session() && !x.empty() {
		return convo.Errorf(convo.Forbidden, "a session token may not use extensions")
	}
	return nil
}
