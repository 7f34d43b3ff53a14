package configured

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/outbound"
	"github.com/parleyhq/parley/internal/schema"
	"github.com/parleyhq/parley/internal/tool"
)

// Agent is what the file says of one agent's tools.
type Agent struct {
	Tenant string // its id
	Bot    string // the id of the bot that it is
	Tools  []Tool
}

// Tool is a tool of the file: a request if HTTP is there, something that a client
// does, or the user says, if Client or Interrupt is, else a fixed result.
type Tool struct {
	Name        string // an identifier, unique in the agent
	Description string
	Input       convo.JSON // a JSON schema; nil = no arguments
	HTTP        *HTTP
	Result      convo.JSON // any JSON value
	Reveals     bool       // it gets what private turns keep from the model
	Asks        convo.Asks
	Client      bool
	Output      convo.JSON // with Client: the JSON schema of what it gives
	Interrupt   *tool.Interrupt
	Where       string // where in the file it stands
}

// HTTP is a request with {{arguments}} in its address, its headers and its body.
type HTTP struct {
	Method  string // "" = GET, or POST if there is a body
	URL     string
	Headers map[string]string
	Body    string
	// Secret is sent as Authorization: Bearer …, or stands where the template
	// says ${secret}. "" = none.
	Secret string
}

// Set gives the turns of agents their tools: it is a tool.Set.
type Set struct {
	tools   map[owner][]tool.Tool
	clients map[string]*outbound.Client // by origin
}

type owner struct{ tenant, bot string }

// New checks all tools. Its error names all that is wrong, a line for each. It
// does no I/O.
func New(agents []Agent, client *outbound.Client) (*Set, error) {
	s := &Set{tools: map[owner][]tool.Tool{}, clients: map[string]*outbound.Client{}}
	schemas := schema.NewCache(1 << 20)
	var wrong error
	for _, a := range agents {
		taken := map[string]bool{}
		for _, t := range a.Tools {
			made, err := s.make(t, schemas, client)
			if err == nil && taken[t.Name] {
				err = convo.Errorf(convo.Invalid, "the agent has another tool of that name")
			}
			taken[t.Name] = true
			if err != nil {
				wrong = errors.Join(wrong, fmt.Errorf("%s: tool %q of agent %q: %w", t.Where, t.Name, a.Bot, err))
				continue
			}
			key := owner{a.Tenant, a.Bot}
			s.tools[key] = append(s.tools[key], made)
		}
	}
	if wrong != nil {
		s.Close()
		return nil, wrong
	}
	return s, nil
}

// Close lets idle connections go.
func (s *Set) Close() {
	for _, c := range s.clients {
		c.Close()
	}
}

// Tools implements tool.Set.
func (s *Set) Tools(_ context.Context, tenant string, want tool.Want) ([]tool.Tool, error) {
	return s.tools[owner{tenant, want.BotID}], nil
}

// namePattern is the form of names that every model takes.
const namePattern = `^[A-Za-z_$][A-Za-z0-9_$]{0,63}$`

func (s *Set) make(t Tool, schemas *schema.Cache, client *outbound.Client) (tool.Tool, error) {
	if ok, err := regexp.MatchString(namePattern, t.Name); err != nil || !ok {
		return nil, convo.Errorf(convo.Invalid, "the name must be a letter, _ or $, then letters, digits, _ and $, at most 64 in all")
	}
	input, err := schemas.Compile(t.Name, t.Input)
	if err != nil {
		return nil, err
	}
	if err := input.Fault(); err != nil {
		return nil, convo.WrapError(convo.Invalid, err, "its input is no JSON schema that arguments can be held to")
	}
	if t.HTTP != nil && t.Result != nil {
		return nil, convo.Errorf(convo.Invalid, "it has http and result; keep one of them")
	}
	made := &fixed{result: t.Result, spec: tool.Spec{
		Name: t.Name, Description: t.Description, Parameters: input.Provider(),
		Reveals: t.Reveals, Asks: t.Asks, Client: t.Client, Output: t.Output, Interrupt: t.Interrupt,
	}}
	if t.Client || t.Interrupt != nil {
		return &elsewhere{made}, checkElsewhere(t)
	}
	if t.HTTP == nil {
		if !json.Valid(t.Result) {
			return nil, convo.Errorf(convo.Invalid, "it has neither http nor a result")
		}
		return made, nil
	}
	r, err := newRequest(*t.HTTP, properties(input.Provider()))
	if err != nil {
		return nil, err
	}
	reach, err := s.client(r.Origin(), client)
	if err != nil {
		return nil, err
	}
	return &caller{fixed: made, request: r, secret: t.HTTP.Secret, client: reach}, nil
}

// checkElsewhere refuses what says twice where a call's output comes from.
func checkElsewhere(t Tool) error {
	if t.HTTP != nil || t.Result != nil || t.Client && t.Interrupt != nil {
		return convo.Errorf(convo.Invalid, "it has more than one of http, result, client and interrupt; keep one of them")
	}
	var object map[string]json.RawMessage
	if t.Output != nil && json.Unmarshal(t.Output, &object) != nil {
		return convo.Errorf(convo.Invalid, "its output is no JSON schema")
	}
	return nil
}

// client gives the one that may reach an origin.
func (s *Set) client(origin string, from *outbound.Client) (*outbound.Client, error) {
	if c := s.clients[origin]; c != nil {
		return c, nil
	}
	u, err := url.Parse(origin)
	if err != nil {
		return nil, convo.Errorf(convo.Invalid, "its address is none")
	}
	rule, err := outbound.RuleFor(u)
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, err, "its address has no host that can be called")
	}
	s.clients[origin] = from.Allowing(rule)
	return s.clients[origin], nil
}

// properties are those that a schema names.
func properties(input convo.JSON) map[string]bool {
	var shape struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	known := map[string]bool{}
	if json.Unmarshal(input, &shape) == nil {
		for name := range shape.Properties {
			known[name] = true
		}
	}
	return known
}
