package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/tool"
)

// Given is what a turn was given to work with beside its messages. It is kept
// with the turn, encrypted, until the turn ends, and shown by no read. It is kept
// by the names of its fields: a turn may be open while a server is replaced.
type Given struct {
	Functions []Function
	Limits    TurnLimits
	Backstory string // appended to the conversation's
	Want      tool.Want
	Datasets  []InlineDataset // searched for this turn as stored ones are
	Memory    bool            // the memories of the contact and the bot are searched
	Remember  Remember        // who may be written about there

	// ClientTools are the server's tools that a client carries out which has the
	// conversation open: those of the exchange that it opened.
	ClientTools []string
	// Alone says that nobody can answer for the user: the turn gets no tool that
	// asks first, or that runs in a client.
	Alone bool

	// Session says that a session token asked, and gave no text: then the last
	// message may be the holder's, and calls none of the server's tools by itself.
	Session bool
}

// InlineSkillset is a skillset that comes with a request, and InlineAbility what
// it offers: fronts know them by these names.
type (
	InlineSkillset = tool.Skillset
	InlineAbility  = tool.Ability
)

// TurnLimits bounds the work of one turn. What is 0, or more than the server
// grants ([Limits]), is replaced.
type TurnLimits struct {
	Iterations    int // answers of the model; 0 = 20
	Continuations int // times that it is asked to go on after a token limit
	Calls         int // tool calls; 0 = 50
}

// Function is something that the caller lets the model call.
type Function struct {
	Name        string // ^[A-Za-z_$][A-Za-z0-9_$]{0,63}$, unique among the turn's functions
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
	Data    convo.JSON // any JSON value; nil = null
	Channel string
}

// empty reports whether there is nothing to keep.
func (g *Given) empty() bool {
	return len(g.Functions) == 0 && g.Limits == TurnLimits{} && g.Backstory == "" &&
		!g.Session && !g.Alone && len(g.ClientTools) == 0 && g.Want.BotID == "" && g.Want.SkillsetID == "" && len(g.Want.Skillsets) == 0 &&
		len(g.Datasets) == 0 && !g.Memory
}

// checkGiven refuses what no turn can work with.
func (e *Engine) checkGiven(g Given) error {
	seen := map[string]bool{}
	for _, f := range g.Functions {
		switch {
		case !validName(f.Name):
			return convo.Errorf(convo.Invalid, "%q is no name of a function; a name has letters, digits, _ and $, begins with no digit and has up to 64 characters", clip(f.Name))
		case seen[f.Name]:
			return convo.Errorf(convo.Invalid, "two functions have the name %q; give each its own", f.Name)
		case f.Result != nil && f.Result.Channel != "":
			if err := convo.CheckChannel(f.Result.Channel); err != nil {
				return err
			}
		case f.Result != nil && len(f.Result.Data) > 0 && !json.Valid(f.Result.Data):
			return convo.Errorf(convo.Invalid, "the result of the function %q is no JSON", f.Name)
		}
		seen[f.Name] = true
	}
	if len(g.Datasets) > 0 && e.inline == nil {
		return convo.Errorf(convo.NotImplemented, "this server searches no datasets; leave extensions.datasets out")
	}
	if l := g.Limits; l.Iterations < 0 || l.Continuations < 0 || l.Calls < 0 {
		return convo.Errorf(convo.Invalid, "limits must be at least 1")
	}
	return e.checkText(g.Backstory)
}

// validName reports whether a model can call something by this name.
func validName(name string) bool {
	if len(name) == 0 || len(name) > 64 || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	return !slices.ContainsFunc([]byte(name), func(c byte) bool { return !nameByte(c) })
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

// granted are a turn's limits: what it asks for, up to the server's.
func (e *Engine) granted(asked TurnLimits) TurnLimits {
	pick := func(asked, usual, most int) int { return min(cmp.Or(asked, usual), most) }
	most := e.limits.Turn
	return TurnLimits{
		Iterations:    pick(asked.Iterations, 20, most.Iterations),
		Continuations: pick(asked.Continuations, 0, most.Continuations),
		Calls:         pick(asked.Calls, 50, most.Calls),
	}
}

// setting is what a turn runs in: whom it is for, and the configuration that counts.
type setting struct {
	bot, contact, owner *string
	config              convo.Config
}

// settingOf is that of a conversation with the configuration that counts for it.
func settingOf(head convo.Head) setting {
	return setting{bot: head.BotID, contact: head.ContactID, owner: head.Owner, config: head.Config}
}

// wanted says which of the server's tools a turn gets: those that it was given,
// else its bot's and its conversation's, as the conversation's owner chose.
func wanted(given Given, s setting) tool.Want {
	want := given.Want
	want.User = text(s.owner)
	want.BotID = cmp.Or(want.BotID, text(s.bot))
	want.SkillsetID = cmp.Or(want.SkillsetID, text(s.config.SkillsetID))
	want.DatasetID = cmp.Or(want.DatasetID, text(s.config.DatasetID))
	return want
}

// backstory gives a conversation's backstory with what the turn adds to it.
func (g *Given) backstory(own *string) string {
	if text(own) == "" || g.Backstory == "" {
		return cmp.Or(text(own), g.Backstory)
	}
	return *own + "\n\n" + g.Backstory
}

// inputContext binds what a turn was given to the turn.
func inputContext(turn string) []byte { return []byte("input/" + turn) }

// sealInput encrypts what a turn was given; nil if that is nothing.
func (e *Engine) sealInput(turn string, g Given) ([]byte, error) {
	if g.empty() {
		return nil, nil
	}
	plain, err := json.Marshal(g)
	if err != nil {
		return nil, fmt.Errorf("keeping what a turn was given: %w", err)
	}
	return e.sealer.Seal(plain, inputContext(turn)), nil
}

// putInput stores what sealInput made.
func putInput(tx store.Tx, turn string, sealed []byte) error {
	if sealed == nil {
		return nil
	}
	return tx.PutInput(turn, sealed)
}

// readInput reads what a turn was given.
func (e *Engine) readInput(ctx context.Context, t convo.Turn) (Given, error) {
	var g Given
	sealed, err := e.store.Input(ctx, t.Tenant, t.Conversation, t.ID)
	if err != nil || sealed == nil {
		return g, err
	}
	plain, err := e.sealer.Open(sealed, inputContext(t.ID))
	if err == nil {
		err = json.Unmarshal(plain, &g)
	}
	if err != nil {
		return g, fmt.Errorf("reading what a turn was given: %w", err)
	}
	return g, nil
}
