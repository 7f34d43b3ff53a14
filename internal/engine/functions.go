package engine

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

// Given is what a turn was given to work with beside its messages. It is kept
// with the turn, encrypted, until the turn ends, and shown by no read.
type Given struct {
	Functions []Function
	Limits    TurnLimits
	Backstory string // appended to the conversation's
	Want      tool.Want
}

// TurnLimits bounds the work of one turn. 0 = the server's default.
type TurnLimits struct {
	Iterations    int // answers of the model
	Continuations int // times that it is asked to go on after a token limit
	Calls         int // tool calls
}

// Function is something that the caller lets the model call.
type Function struct {
	Name        string // an identifier, unique among the turn's functions
	Description string
	Parameters  convo.JSON // a JSON schema; nil or {} = no arguments
	// Result says where the result comes from; nil: the turn ends, and its
	// caller comes back with it.
	Result *FunctionResult
	Start  bool // the model has to call it first
	End    bool // and this one last
}

// FunctionResult is where a function's result comes from: Channel, if it is not
// "", else Data.
type FunctionResult struct {
	Data    convo.JSON // any JSON value
	Channel string
}
