package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/schema"
	"github.com/parleyhq/parley/internal/tool"
)

// schemaBytes bounds the memory of compiled schemas.
const schemaBytes = 16 << 20

// kit is what a turn works with: the functions that its caller gave it and the
// tools of the server, by name. A function hides a tool of the same name.
type kit struct {
	functions map[string]*Function
	tools     map[string]tool.Tool
	schemas   map[string]*schema.Schema
	offered   []model.Tool // what the model is told, always in the same order
	limits    TurnLimits
	config    convo.Config // of the turn that it is made for
	memory    *rememberer  // nil = the model may remember nothing
	session   bool         // who asked may call his functions without the model, and no tool
	alone     bool         // nobody can answer a call that asks
	client    []string     // the tools that a client carries out for this turn
	starts    []string     // functions that are forced first
	ends      []string     // and last
}

// newKit gathers what a turn works with. Its errors are the caller's to mend
// where they can be.
func (e *Engine) newKit(ctx context.Context, tenant string, given Given, in setting) (*kit, error) {
	k := &kit{
		functions: map[string]*Function{}, tools: map[string]tool.Tool{}, schemas: map[string]*schema.Schema{},
		limits: e.granted(given.Limits), config: in.config, session: given.Session, alone: given.Alone, client: given.ClientTools,
	}
	for i := range given.Functions {
		f := &given.Functions[i]
		k.functions[f.Name] = f
		if err := k.offer(e, tool.Spec{Name: f.Name, Description: f.Description, Parameters: f.Parameters}); err != nil {
			return nil, err
		}
		if f.End {
			k.ends = append(k.ends, f.Name)
		}
	}
	k.starts = startsOf(given.Functions)
	var tools []tool.Tool
	if e.tools != nil {
		var err error
		if tools, err = e.tools.Tools(ctx, tenant, wanted(given, in)); err != nil {
			return nil, err
		}
	}
	for _, t := range tools {
		k.add(e, t)
	}
	if k.memory = e.rememberer(tenant, given, in); k.memory != nil && k.tools[rememberName] == nil {
		k.add(e, k.memory)
	}
	return k, nil
}

// add offers a tool of the server. One that cannot be offered is the operator's to
// mend: the turn works without it.
func (k *kit) add(e *Engine, t tool.Tool) {
	spec := t.Spec()
	switch {
	case k.functions[spec.Name] != nil: // hides it
	case k.alone && needsUser(spec):
	case spec.Client && !slices.Contains(k.client, spec.Name):
	case !validName(spec.Name) || k.tools[spec.Name] != nil:
		e.log.Warn("a tool is left out: its name is in use, or is none", "tool", spec.Name)
	default:
		if err := k.offer(e, spec); err != nil {
			e.log.Warn("a tool is left out: its schema cannot be used", "tool", spec.Name, "error", err)
			return
		}
		k.tools[spec.Name] = t
	}
}

// interrupt is what a tool asks of the user whose answer is its output; nil = it is
// no such tool, or is not there any more.
func (k *kit) interrupt(name string) *tool.Interrupt {
	if t := k.tools[name]; t != nil {
		return t.Spec().Interrupt
	}
	return nil
}

// needsUser reports whether calls of a tool end only if somebody has the
// conversation open.
func needsUser(s tool.Spec) bool {
	return s.Asks != convo.AsksNothing || s.Client || s.Interrupt != nil
}

func (k *kit) offer(e *Engine, spec tool.Spec) error {
	compiled, err := e.schemas.Compile(spec.Name, spec.Parameters)
	if err != nil {
		return err
	}
	k.schemas[spec.Name] = compiled
	k.offered = append(k.offered, model.Tool{Name: spec.Name, Description: spec.Description, Parameters: compiled.Provider()})
	return nil
}

// startsOf gives the functions that are forced first. Those that end the turn
// come last, so that all of the others are called before it ends.
func startsOf(functions []Function) []string {
	var now, later []string
	for _, f := range functions {
		switch {
		case f.Start && f.Result == nil:
			later = append(later, f.Name)
		case f.Start:
			now = append(now, f.Name)
		}
	}
	return append(now, later...)
}

// tokens is about what the tools take of the model's window.
func (k *kit) tokens() int64 {
	n := 0
	for _, t := range k.offered {
		n += len(t.Name) + len(t.Description) + len(t.Parameters)
	}
	return estimate(n)
}

// plan is how a call that the model wants is carried out: by Runs of its request,
// unless it has its end already.
type plan struct {
	request convo.ToolRequested // without its message and place
	ended   bool
	output  convo.JSON
	outcome convo.ToolOutcome
}

func (p plan) end(output convo.JSON, outcome convo.ToolOutcome) plan {
	p.ended, p.output, p.outcome = true, output, outcome
	return p
}

// ask says who answers the call of a tool, and who carries it out.
func (p *plan) ask(s tool.Spec) {
	asked := convo.Asked{Asks: s.Asks}
	switch {
	case s.Interrupt != nil:
		p.request.Runs, asked.Asks = convo.RunsUser, convo.AsksInterrupt
	case s.Client:
		p.request.Runs, asked.Output = convo.RunsClient, s.Output
	}
	if asked.Asks != convo.AsksNothing {
		asked.Input = s.Parameters
	}
	p.request.Asked = asked
}

// plan decides about a call. What the model got wrong is its end, as an error
// that the model can act on.
func (k *kit) plan(c model.Call, s *secrecy) plan {
	p := plan{request: convo.ToolRequested{ID: c.ID, Name: cleanName(c.Name), Arguments: convo.JSON("{}"), Runs: convo.RunsServer, Signature: c.Signature}}
	compiled := k.schemas[c.Name]
	if compiled == nil {
		return p.end(failureOutput("there is no tool %q; %s", clip(p.request.Name), k.known()), convo.ToolFailed)
	}
	arguments, whole := argumentsOf(c.Arguments)
	if whole {
		p.request.Arguments = arguments
	}
	if err := compiled.Check(arguments); err != nil {
		return p.end(failureOutput("%s", convo.PublicError(err).Message), convo.ToolFailed)
	}
	f := k.functions[c.Name]
	switch {
	case f == nil:
		p.ask(k.tools[c.Name].Spec())
	case f.Result == nil:
		p.request.Runs = convo.RunsCaller
	case f.Result.Channel != "":
		p.request.Runs, p.request.Channel = convo.RunsChannel, f.Result.Channel
	default:
		return p.end(boundOutput(s.known(), f.Result.Data), convo.ToolDone)
	}
	return p
}

// known names the tools to a model that called another one.
func (k *kit) known() string {
	if len(k.offered) == 0 {
		return "there are no tools; answer without one"
	}
	var names strings.Builder
	for i, t := range k.offered {
		if names.Len() > 1024 {
			names.WriteString(", …")
			break
		}
		if i > 0 {
			names.WriteString(", ")
		}
		names.WriteString(t.Name)
	}
	return "the tools are: " + names.String()
}

// cleanName makes a name that may stand in the history of what a model wrote.
func cleanName(name string) string {
	if validName(name) {
		return name
	}
	clean := []byte(name[:min(len(name), 64)])
	for i, c := range clean {
		if !nameByte(c) || i == 0 && c >= '0' && c <= '9' {
			clean[i] = '_'
		}
	}
	if len(clean) == 0 {
		return "_"
	}
	return string(clean)
}

// argumentsOf gives a call's arguments as a compact JSON object. What is none is
// given as it came, for the schema to say what is wrong with it.
func argumentsOf(raw string) (arguments convo.JSON, whole bool) {
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	if strings.TrimSpace(raw) == "" {
		return convo.JSON("{}"), true // how some providers write no arguments
	}
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(raw)) == nil && compact.Bytes()[0] == '{' {
		return compact.Bytes(), true
	}
	return convo.JSON(raw), false
}
