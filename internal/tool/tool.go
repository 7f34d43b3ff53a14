// Package tool is the port to what a model may call and the server carries out:
// abilities, tools of the configuration file, tools of MCP servers.
//
// A driver promises: Call ends when its context ends; it may be called by many
// goroutines at once; its output is a JSON value of bounded size; and no secret
// is in its output, its errors, or its [Spec].
package tool

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// MaxOutput is how many bytes of a call's output the model is told. What is
// longer is cut, and the model is told that too.
const MaxOutput = 256 << 10

// Tool is something that the model may call.
type Tool interface {
	// Spec describes the tool to the model. It is always the same.
	Spec() Spec

	// Call carries out one call. The arguments fit the tool's schema. An error
	// is the tool's failure, which the model is told: the text of a
	// *convo.Error as it is, any other as "the tool failed".
	Call(ctx context.Context, c Call) (Result, error)
}

// Spec is what the model knows of a tool.
type Spec struct {
	Name        string // ^[A-Za-z_$][A-Za-z0-9_$]{0,63}$
	Description string
	Parameters  convo.JSON // a JSON schema of type object

	// Reveals says that calls get the values that a private turn keeps from its
	// model, not their placeholders.
	Reveals bool
	// Asks says how a call asks the user before it is carried out. Such a tool is
	// offered only where somebody can answer.
	Asks convo.Asks
	// Client says that a client that has the conversation open carries out the
	// calls, never Call: it is offered only to one that says so. Output is the
	// JSON schema of what it gives; nil = anything.
	Client bool
	Output convo.JSON
	// Interrupt makes the user's answer the output: nothing is carried out.
	Interrupt *Interrupt
}

// Interrupt is what a tool asks of the user whose answer is its output.
type Interrupt struct {
	Type  string     // as clients know it
	Value convo.JSON // nil = the arguments of the call
}

// Call is one call.
type Call struct {
	ID           string
	Arguments    convo.JSON // an object
	Tenant       string
	Conversation string // "" in a turn without one
}

// Result is what a call gives.
type Result struct {
	Output convo.JSON // any JSON value
}

// Set gives a turn its tools.
type Set interface {
	// Tools gives what was asked for, names unique. It is called when a turn is
	// asked for, and once more when it starts, or goes on, later than that. An
	// error of kind NotFound or Invalid is the caller's to mend.
	Tools(ctx context.Context, tenant string, want Want) ([]Tool, error)
}

// Want says which tools a turn asks for.
type Want struct {
	BotID      string
	SkillsetID string
	Skillsets  []Skillset // inline, with the request
	DatasetID  string     // what is searched where a tool names no dataset; "" = nothing
	// User is whose choices count where tools are to be chosen; "" is the tenant's
	// service user.
	User string
}

// Skillset is a set of abilities that came with a request.
type Skillset struct {
	Name, Description string
	Abilities         []Ability
}

// Ability is what a skillset offers to the model, in the instruction language
// of the ChatBotKit API.
type Ability struct {
	Name, Description, Instruction string
	SecretID                       string
	Meta                           convo.JSON
}
