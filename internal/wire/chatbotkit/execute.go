package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// executeRequest gives an ability its parameters.
type executeRequest struct {
	Input     httpio.Optional[string] `json:"input" doc:"A JSON object with the ability's parameters, as text; or, if it has only one, its value."`
	ContactID httpio.Optional[string] `json:"contactId" doc:"The contact that it is carried out for, by its id or fingerprint."`
}

// executedObject is what came of an ability. It has one of result and error.
type executedObject struct {
	Usage  noTokens  `json:"usage"`
	Result jsonValue `json:"result,omitempty"`
	Error  string    `json:"error,omitempty"`
}

// noTokens is the usage of what needs no model.
type noTokens struct {
	Token int64 `json:"token"`
}

// jsonValue is any JSON value, null included.
type jsonValue convo.JSON

// MarshalJSON gives the value.
func (v jsonValue) MarshalJSON() ([]byte, error) { return v, nil }

// Describe implements [openapi.Describer].
func (*jsonValue) Describe(*openapi.Schemas) *openapi.Schema { return &openapi.Schema{} }

// executeAbility carries out an ability and answers when it is done. That the
// ability fails is an answer like others: an error's status would be asked for
// again.
func executeAbility(c *call, in executeRequest) error {
	c.ask.Render = func(result any) []byte {
		out, _ := result.(engine.Executed)
		return encode(executedObject{Result: jsonValue(out.Result), Error: out.Failure})
	}
	out, err := c.engine().ExecuteAbility(
		c.r.Context(), c.actor, c.match.Param("skillsetId"), abilities().named(c),
		engine.Execution{Input: in.Input.Value, Contact: in.ContactID.Value}, c.ask,
	)
	if err != nil {
		return err
	}
	return c.reply(out, true)
}
