package chatbotkit

import (
	"bytes"
	"regexp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// function is something that the caller lets the model call.
type function struct {
	Name        identifier              `json:"name" required:"true" doc:"Unique among the functions of the turn."`
	Description string                  `json:"description" doc:"What it is for, for the model."`
	Parameters  httpio.Optional[object] `json:"parameters" doc:"A JSON Schema of the arguments, which are an object; none unless given. At most 256 KiB and 100 levels."`
	Result      functionResult          `json:"result"`
	Call        functionCall            `json:"call"`
}

// functionCall makes the model call a function.
type functionCall struct {
	Start bool `json:"start" doc:"The model has to call it before anything else."`
	End   bool `json:"end" doc:"The model has to call it last; a call of it ends the turn."`
}

// newFunctions gives the functions to the engine, which knows more of what they
// may be: that names are unique, and how large a schema is.
func newFunctions(list []function) []engine.Function {
	var functions []engine.Function
	for _, f := range list {
		functions = append(functions, engine.Function{
			Name: string(f.Name), Description: f.Description, Parameters: convo.JSON(f.Parameters.Value),
			Result: f.Result.given, Start: f.Call.Start, End: f.Call.End,
		})
	}
	return functions
}

// identifier is the name of a function.
type identifier string

const identifierPattern = `^[A-Za-z_$][A-Za-z0-9_$]{0,63}$`

var identifierExpression = regexp.MustCompile(identifierPattern)

// DecodeField implements [httpio.Field].
func (n *identifier) DecodeField(path string, value []byte) error {
	var text httpio.Optional[string]
	if err := text.DecodeField(path, value); err != nil {
		return err
	}
	if !text.Null && !identifierExpression.MatchString(text.Value) {
		return convo.Errorf(convo.Invalid, "%s must be a name of at most 64 letters, digits, _ and $ that does not begin with a digit", path)
	}
	*n = identifier(text.Value)
	return nil
}

// Describe implements [openapi.Describer].
func (*identifier) Describe(*openapi.Schemas) *openapi.Schema {
	name := openapi.Text()
	name.Pattern = identifierPattern
	return name
}

// functionResult says where a result comes from; without one the caller brings
// it. Data counts by its presence: null, false, 0 and "" are results. A result
// with neither member is null, because JavaScript drops what is undefined.
type functionResult struct{ given *engine.FunctionResult }

// resultSource is the shape of a functionResult.
type resultSource struct {
	Data    resultData `json:"data" doc:"The result itself: any JSON value."`
	Channel channelID  `json:"channel" doc:"The result is the next message that is published on this channel."`
}

// DecodeField implements [httpio.Field].
func (r *functionResult) DecodeField(path string, value []byte) error {
	var source httpio.Optional[resultSource]
	if err := source.DecodeField(path, value); err != nil {
		return err
	}
	r.given = nil
	if source.Null {
		return nil
	}
	data, channel := convo.JSON(source.Value.Data), string(source.Value.Channel)
	switch {
	case data != nil:
		r.given = &engine.FunctionResult{Data: data}
	case channel != "":
		r.given = &engine.FunctionResult{Channel: channel}
	default:
		r.given = &engine.FunctionResult{Data: convo.JSON("null")}
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*functionResult) Describe(s *openapi.Schemas) *openapi.Schema {
	return (*httpio.Optional[resultSource])(nil).Describe(s)
}

// resultData is any JSON value, kept as it was sent; nil = absent.
type resultData convo.JSON

// DecodeField implements [httpio.Field].
func (v *resultData) DecodeField(_ string, value []byte) error {
	*v = bytes.Clone(value)
	return nil
}

// Describe implements [openapi.Describer].
func (*resultData) Describe(*openapi.Schemas) *openapi.Schema { return &openapi.Schema{} }

// channelID is the id of a channel; "" = absent.
type channelID string

// DecodeField implements [httpio.Field].
func (c *channelID) DecodeField(path string, value []byte) error {
	var text httpio.Optional[string]
	if err := text.DecodeField(path, value); err != nil {
		return err
	}
	if *c = channelID(text.Value); text.Null {
		return nil
	}
	if err := convo.CheckChannel(text.Value); err != nil {
		return convo.Errorf(convo.Invalid, "%s: %s", path, convo.PublicError(err).Message)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*channelID) Describe(*openapi.Schemas) *openapi.Schema {
	id := openapi.Text()
	id.Pattern = convo.ChannelPattern
	return id
}
