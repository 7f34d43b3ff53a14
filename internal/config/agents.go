package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxNumber bounds numbers and folders: all readers of JSON take numbers up to here.
const maxNumber = 1<<53 - 1

// Agent is a bot that the file declares.
type Agent struct {
	ID          string      `key:"id" doc:"Its id: letters, digits, - and _. Requests name the bot by it."`
	Tenant      string      `key:"tenant" doc:"Whose it is, as org/name. Empty: the first tenant's."`
	Number      int64       `key:"number" doc:"Its number in other protocols. 0: the next one, given at the first start and kept."`
	Folder      int64       `key:"folder" doc:"Its folder in other protocols. 0: 1, or the one that it has."`
	Name        string      `key:"name" doc:"What people call it."`
	Description string      `key:"description" doc:"What it is for."`
	Model       string      `key:"model" doc:"The model that answers, with parameters if wanted. Empty: the server's default, or what was set over the API."`
	Backstory   string      `key:"backstory" doc:"Who the model is and how it is to answer."`
	Skillset    string      `key:"skillset" doc:"The set of abilities that it may use, by its id or alias."`
	Datasets    []string    `key:"datasets" doc:"The datasets that are searched for what its users say, by their ids or aliases."`
	Privacy     string      `key:"privacy" doc:"true: what says something of a person is kept from the model, and encrypted at rest; the model gets placeholders, and people read the values: see docs/privacy.md. Images, recordings and files that hold no text are refused then. partly: the same, but those are let through. Empty: what was set over the API."`
	Moderation  string      `key:"moderation" doc:"true: what users say is shown to the service of moderation first, and refused with 422 if that flags it. Empty: what was set over the API."`
	Welcome     Welcome     `key:"welcome"`
	Tools       []AgentTool `key:"tools" doc:"What else the model may call: see below."`
	MCP         []MCPServer `key:"mcp" doc:"MCP servers whose tools it may call: see below."`
	Where       string      `file:"-"` // file:line
}

// Welcome is what a client shows before anything was said.
type Welcome struct {
	Title       string           `key:"title" doc:"The headline of an empty conversation, in clients that show one."`
	Description string           `key:"description" doc:"The text below it."`
	Prompts     []StartingPrompt `key:"startingPrompts" doc:"What a user may begin with, at most 20, each with display (what is shown) and prompt (what is sent; empty: display)."`
}

// StartingPrompt is something that a user may begin with.
type StartingPrompt struct {
	Display string `key:"display"`
	Prompt  string `key:"prompt"`
	Where   string `file:"-"` // file:line
}

// AgentTool is a tool of an agent: it has one of http, a result, client and an
// interrupt.
type AgentTool struct {
	Name        string    `key:"name" doc:"What the model calls it: a letter, _ or $, then letters, digits, _ and $, at most 64 in all; unique in the agent."`
	Description string    `key:"description" doc:"What it does, for the model."`
	Input       JSON      `key:"input" doc:"The JSON schema of its arguments. Empty: it takes none."`
	HTTP        AgentHTTP `key:"http"`
	Result      JSON      `key:"result" doc:"What every call gives, of any form."`
	Confirm     string    `key:"confirm" doc:"true: a user is asked before a call runs, and may change its input; interrupt: the same, in the way that older clients understand. Such a tool is offered only in conversations."`
	Client      bool      `key:"client" doc:"true: a client that has the conversation open carries the calls out, in place of http or a result. The tool is offered only to clients that say that they have it."`
	Output      JSON      `key:"output" doc:"With client: the JSON schema of what it gives."`
	Interrupt   Interrupt `key:"interrupt"`
	Privacy     string    `key:"privacy" doc:"reveal: in a private conversation its calls get the values that are kept from the model. Empty: they get placeholders. What it answers is masked for the model either way."`
	Where       string    `file:"-"` // file:line
}

// Reveals reports whether calls get what is kept from the model.
func (t AgentTool) Reveals() bool { return t.Privacy == "reveal" }

// Interrupt is a question to the user whose answer is what a call gives.
type Interrupt struct {
	Type  string `key:"type" doc:"In place of http or a result: a call asks the user by an interrupt of this type, which your client understands, and gives what he answers."`
	Value JSON   `key:"value" doc:"What the interrupt tells the client. Empty: the arguments of the call."`
}

// AgentHTTP is the request that a call of a tool makes.
type AgentHTTP struct {
	Method  string            `key:"method" doc:"The request's method. Empty: GET, or POST if there is a body."`
	URL     string            `key:"url" doc:"Where a call goes. {{name}} is replaced by the argument of that name, percent-encoded. The host may be on this network: the file allows it."`
	Headers map[string]string `key:"headers" doc:"Headers, in which {{name}} is replaced; a line break is refused."`
	Body    string            `key:"body" doc:"A body, in which {{name}} is replaced, escaped as inside of a JSON string."`
	Secret  Secret            `key:"secret" doc:"Sent as Authorization: Bearer, or stands where a template says ${secret}; env:NAME takes it from the environment, file:PATH from a file."`
}

// MCPServer is a server whose tools an agent may call: a program that is run, or
// an address.
type MCPServer struct {
	Name    string            `key:"name" doc:"A name for it, unique in the agent: letters, digits, - and _."`
	Command []string          `key:"command" doc:"The program and its arguments. It is run without a shell."`
	Env     map[string]Secret `key:"env" doc:"Variables of its environment, which is nearly empty otherwise; env:NAME takes a value from the server's own environment, file:PATH from a file."`
	URL     string            `key:"url" doc:"Where it is, in place of a command. The host may be on this network: the file allows it."`
	Secret  Secret            `key:"secret" doc:"With url: the bearer token for it; env:NAME takes it from the environment, file:PATH from a file."`

	Connector string `key:"connector" doc:"Makes it one of the connections of that name, among which each user of the conversational agent API chooses; only those who chose it get its tools. Empty: everybody gets them."`
	Title     string `key:"title" doc:"With connector: what users see. Empty: its name."`
	Default   bool   `key:"default" doc:"With connector: true: it is for those who chose nothing."`
	Where     string `file:"-"` // file:line
}

// TenantOf is the id of the tenant whose agent it is.
func (c *Config) TenantOf(a Agent) string { return c.TenantOrFirst(a.Tenant) }

// agents checks what needs neither a model nor a schema: those who use the tools
// check them, and name where they stand.
func (v *validator) agents(cfg *Config) {
	ids, numbers := map[string]bool{}, map[string]bool{}
	for i, a := range cfg.Agents {
		at := fmt.Sprintf("agents[%d].", i)
		tenant := cfg.TenantOf(a)
		id, number := tenant+"\x00"+a.ID, fmt.Sprint(tenant, "\x00", a.Number)
		v.agent(at, a)
		known := slices.ContainsFunc(cfg.AllTenants(), func(t Tenant) bool { return t.ID() == tenant })
		switch {
		case !known:
			v.where(at+"tenant", a.Where, fmt.Errorf("there is no tenant %q", tenant))
		case a.ID != "" && ids[id]:
			v.where(at+"id", a.Where, fmt.Errorf("two agents have the id %q", a.ID))
		case a.Number != 0 && numbers[number]:
			v.where(at+"number", a.Where, fmt.Errorf("two agents have the number %d", a.Number))
		}
		ids[id], numbers[number] = true, true
	}
}

func (v *validator) agent(at string, a Agent) {
	if !isName(a.ID) {
		v.where(at+"id", a.Where, errors.New("give it an id of letters, digits, - and _, at most 256"))
	}
	if n := max(a.Number, a.Folder); min(a.Number, a.Folder) < 0 || n > maxNumber {
		v.where(at+"number", a.Where, fmt.Errorf("numbers and folders are 1 to %d", maxNumber))
	}
	if !slices.Contains([]string{"", "true", "false", "partly"}, a.Privacy) {
		v.where(at+"privacy", a.Where, fmt.Errorf("%q is not among true, false and partly", a.Privacy))
	}
	if !slices.Contains([]string{"", "true", "false"}, a.Moderation) {
		v.where(at+"moderation", a.Where, fmt.Errorf("%q is neither true nor false", a.Moderation))
	}
	for i, t := range a.Tools {
		v.tool(fmt.Sprintf("%stools[%d]", at, i), t)
	}
	v.welcome(at, a)
	taken, defaults := map[string]bool{}, map[string]bool{}
	for i, m := range a.MCP {
		server := fmt.Sprintf("%smcp[%d].", at, i)
		if !isName(m.Name) || taken[m.Name] {
			v.where(server+"name", m.Where, errors.New("give it a name of letters, digits, - and _ that no other server of the agent has"))
		}
		taken[m.Name] = true
		if (len(m.Command) == 0) == (m.URL == "") {
			v.where(server+"command", m.Where, errors.New("give it either a command or a url"))
		}
		v.where(server+"url", m.Where, checkURL(m.URL))
		v.connection(server, m, defaults)
	}
}

// connection checks what a server says of users' choices. defaults are the
// connectors that have a default already.
func (v *validator) connection(at string, m MCPServer, defaults map[string]bool) {
	switch {
	case m.Connector == "" && (m.Title != "" || m.Default):
		v.where(at+"connector", m.Where, errors.New("name the connector that it is a connection of"))
	case len(m.Connector) > 100 || len(m.Title) > 200:
		v.where(at+"connector", m.Where, errors.New("a connector has at most 100 characters, a title 200"))
	case m.Default && defaults[m.Connector]:
		v.where(at+"default", m.Where, errors.New("another connection of the connector is the default already"))
	}
	defaults[m.Connector] = defaults[m.Connector] || m.Default
}

// maxPrompts bounds the starting prompts of an agent.
const maxPrompts = 20

func (v *validator) welcome(at string, a Agent) {
	if len(a.Welcome.Prompts) > maxPrompts {
		v.where(at+"welcome.startingPrompts", a.Where, fmt.Errorf("name at most %d", maxPrompts))
	}
	for i, p := range a.Welcome.Prompts {
		if p.Display == "" {
			v.where(fmt.Sprintf("%swelcome.startingPrompts[%d].display", at, i), p.Where, errors.New("say what is shown"))
		}
	}
}

func (v *validator) tool(at string, t AgentTool) {
	ways := 0
	for _, has := range []bool{!t.HTTP.empty(), t.Result != nil, t.Client, t.Interrupt.Type != ""} {
		if has {
			ways++
		}
	}
	switch {
	case ways != 1:
		v.where(at, t.Where, errors.New("give it one of http, result, client and interrupt"))
	case !t.HTTP.empty() && t.HTTP.URL == "":
		v.where(at+".http.url", t.Where, errors.New("name the address"))
	}
	switch {
	case !slices.Contains([]string{"", "true", "false", "interrupt"}, t.Confirm):
		v.where(at+".confirm", t.Where, fmt.Errorf("%q is not among true, false and interrupt", t.Confirm))
	case t.Interrupt.Type != "" && t.Asks() != "":
		v.where(at+".confirm", t.Where, errors.New("a tool with an interrupt asks already; leave one of them out"))
	}
	if t.Output != nil && !t.Client {
		v.where(at+".output", t.Where, errors.New("only a tool with client: true has it"))
	}
	if t.Privacy != "" && !t.Reveals() {
		v.where(at+".privacy", t.Where, fmt.Errorf("%q is not reveal; leave it out for a tool that gets placeholders", t.Privacy))
	}
	if t.Interrupt.Value != nil && t.Interrupt.Type == "" {
		v.where(at+".interrupt.type", t.Where, errors.New("name the type"))
	}
}

// Asks is how a call asks before it runs: "", confirm or interrupt.
func (t AgentTool) Asks() string {
	switch t.Confirm {
	case "", "false":
		return ""
	case "true":
		return "confirm"
	}
	return t.Confirm
}

// where reports err with the line of what it is about.
func (v *validator) where(setting, source string, err error) {
	if err != nil && !v.broken[setting] {
		v.problems = append(v.problems, Problem{setting, source, err.Error()})
	}
}

func (h AgentHTTP) empty() bool {
	return h.Method == "" && h.URL == "" && h.Headers == nil && h.Body == "" && h.Secret == ""
}

// isName reports whether a text can be an id, which stands in paths as it is.
func isName(s string) bool {
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, other)
}
