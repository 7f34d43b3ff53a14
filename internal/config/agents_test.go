package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
)

const agents = `
agents:
  - id: support
    number: 7
    backstory: You are helpful.
    tools:
      - name: weather
        input: {type: object, properties: {city: {type: string, maxLength: 9, default: "10"}}, required: [city]}
        http:
          url: https://example.com/{{city}}
          headers: {X-Kind: "1"}
          secret: env:WEATHER
      - {name: hours, result: {open: "10:30", days: [1, 2.5, true, null, "3"], none: {}, list: []}}
      - {name: fixed, result: yes-sir}
    mcp:
      - {name: files, command: [mcp-files, --root, "."], env: {TOKEN: env:WEATHER}}
      - {name: web, url: "https://example.com/mcp", secret: env:WEATHER}
  - {id: sales, name: Sales}
`

func TestTheFileDeclaresAgents(t *testing.T) {
	t.Parallel()
	l, err := loadFile(t, agents, "WEATHER=the-secret-value")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Config.Agents) != 2 {
		t.Fatalf("%d agents", len(l.Config.Agents))
	}
	a := l.Config.Agents[0]
	if a.ID != "support" || a.Number != 7 || !strings.HasSuffix(a.Where, "parley.yaml:3") || l.Config.TenantOf(a) != "default/default" {
		t.Errorf("the agent is %+v", a)
	}
	weather, hours := a.Tools[0], a.Tools[1]
	if weather.HTTP.Secret.Reveal() != "the-secret-value" || weather.HTTP.Headers["X-Kind"] != "1" || !strings.HasSuffix(weather.Where, ":7") {
		t.Errorf("the tool is %+v", weather)
	}
	if got, want := weather.Input.String(), `{"type":"object","properties":{"city":{"type":"string","maxLength":9,"default":"10"}},"required":["city"]}`; got != want {
		t.Errorf("the schema is %s", got)
	}
	if got, want := hours.Result.String(), `{"open":"10:30","days":[1,2.5,true,null,"3"],"none":{},"list":[]}`; got != want {
		t.Errorf("the result is %s", got)
	}
	if got := a.Tools[2].Result.String(); got != `"yes-sir"` {
		t.Errorf("a text as a result is %s", got)
	}
	files, web := a.MCP[0], a.MCP[1]
	if len(files.Command) != 3 || files.Env["TOKEN"].Reveal() != "the-secret-value" || web.URL == "" || web.Secret == "" {
		t.Errorf("the servers are %+v", a.MCP)
	}
	for _, v := range l.Effective() {
		if strings.Contains(v.Text, "the-secret-value") {
			t.Errorf("%s shows a secret: %s", v.Setting, v.Text)
		}
		if v.Setting == "agents" && (!strings.Contains(v.Text, `"open":"10:30"`) || strings.Contains(v.Text, "parley.yaml")) {
			t.Errorf("agents are shown as %s", v.Text)
		}
	}
}

func TestToolsMayAskAndRunElsewhere(t *testing.T) {
	t.Parallel()
	l, err := loadFile(t, `
approvals: {expireAfter: 1h}
agents:
  - id: a
    welcome: {title: Hello, description: Ask me, startingPrompts: [{display: Weather?, prompt: How is the weather?}, {display: Time?}]}
    tools:
      - {name: pay, confirm: true, http: {url: "https://example.com"}}
      - {name: old, confirm: interrupt, result: 1}
      - {name: free, confirm: false, result: 1}
      - {name: where, client: true, output: {type: string}}
      - {name: choose, interrupt: {type: choice, value: [a, b]}}
`)
	if err != nil {
		t.Fatal(err)
	}
	a := l.Config.Agents[0]
	if w := a.Welcome; w.Title != "Hello" || w.Description != "Ask me" || len(w.Prompts) != 2 || w.Prompts[0].Prompt != "How is the weather?" || w.Prompts[1].Display != "Time?" {
		t.Errorf("the welcome is %+v", w)
	}
	var asks []string
	for _, tool := range a.Tools {
		asks = append(asks, tool.Name+" "+tool.Asks())
	}
	if got := strings.Join(asks, ", "); got != "pay confirm, old interrupt, free , where , choose " {
		t.Errorf("the tools ask: %s", got)
	}
	if where, choose := a.Tools[3], a.Tools[4]; !where.Client || where.Output.String() != `{"type":"string"}` || choose.Interrupt.Type != "choice" || choose.Interrupt.Value.String() != `["a","b"]` {
		t.Errorf("the tools are %+v", a.Tools)
	}
	if l.Config.Approvals.ExpireAfter != time.Hour {
		t.Errorf("calls expire after %s", l.Config.Approvals.ExpireAfter)
	}
}

// A key often stands in a header of its own, where no type says what it is.
func TestHeadersOfToolsAreNotShown(t *testing.T) {
	t.Parallel()
	l, err := loadFile(t, strings.Replace(agents, `X-Kind: "1"`, "X-Api-Key: header-value", 1), "WEATHER=the-secret-value")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range l.Effective() {
		if strings.Contains(v.Text, "header-value") {
			t.Errorf("%s shows it: %s", v.Setting, v.Text)
		}
		if v.Setting == "agents" && !strings.Contains(v.Text, "X-Api-Key: ••••") {
			t.Errorf("the agents are %s", v.Text)
		}
	}
}

func TestAnAgentThatCannotBeIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no id":                    {"agents:\n  - name: x\n", "agents[0].id (FILE:2): give it an id"},
		"an odd id":                {"agents: [{id: a b}]", "agents[0].id (FILE:1): give it an id"},
		"an id twice":              {"agents:\n  - id: a\n  - id: a\n", `agents[1].id (FILE:3): two agents have the id "a"`},
		"a number twice":           {"agents:\n  - {id: a, number: 1}\n  - {id: b, number: 1}\n", "agents[1].number (FILE:3): two agents"},
		"a negative number":        {"agents: [{id: a, number: -1}]", "agents[0].number"},
		"the last number":          {"agents: [{id: a, number: 9223372036854775807}]", "agents[0].number"},
		"an unknown tenant":        {"agents: [{id: a, tenant: x/y}]", `agents[0].tenant (FILE:1): there is no tenant "x/y"`},
		"an unknown key":           {"agents:\n  - id: a\n    backstroy: x\n", "agents[0].backstroy (FILE:3): there is no such setting; did you mean agents[0].backstory?"},
		"an empty tool":            {"agents:\n  - id: a\n    tools:\n      - name: t\n", "agents[0].tools[0] (FILE:4): give it one of http, result, client and interrupt"},
		"two kinds of tool":        {"agents: [{id: a, tools: [{name: t, result: 1, http: {url: http://x}}]}]", "agents[0].tools[0] (FILE:1): give it one of"},
		"no address":               {"agents: [{id: a, tools: [{name: t, http: {body: x}}]}]", "agents[0].tools[0].http.url (FILE:1): name the address"},
		"no JSON":                  {"agents: [{id: a, tools: [{name: t, result: .inf}]}]", "agents[0].tools[0].result (FILE:1): JSON has no word for .inf"},
		"an MCP server":            {"agents: [{id: a, mcp: [{name: m}]}]", "agents[0].mcp[0].command (FILE:1): give it either a command or a url"},
		"two MCP servers":          {"agents: [{id: a, mcp: [{name: m, url: http://x}, {name: m, url: http://x}]}]", "agents[0].mcp[1].name"},
		"a title of no connection": {"agents: [{id: a, mcp: [{name: m, url: http://x, title: T}]}]", "agents[0].mcp[0].connector (FILE:1): name the connector"},
		"two default connections":  {"agents: [{id: a, mcp: [{name: m, url: http://x, connector: c, default: true}, {name: n, url: http://x, connector: c, default: true}]}]", "agents[0].mcp[1].default (FILE:1): another connection"},
		"a missing secret":         {"agents: [{id: a, mcp: [{name: m, command: [x], env: {A: env:NONE}}]}]", "agents[0].mcp[0].env.A (FILE:1): the environment variable NONE is not set"},
		"two who run it":           {"agents: [{id: a, tools: [{name: t, client: true, result: 1}]}]", "agents[0].tools[0] (FILE:1): give it one of"},
		"an odd confirm":           {"agents: [{id: a, tools: [{name: t, client: true, confirm: maybe}]}]", `agents[0].tools[0].confirm (FILE:1): "maybe" is not among`},
		"two questions":            {"agents: [{id: a, tools: [{name: t, confirm: true, interrupt: {type: x}}]}]", "agents[0].tools[0].confirm (FILE:1): a tool with an interrupt asks already"},
		"a needless output":        {"agents: [{id: a, tools: [{name: t, result: 1, output: {}}]}]", "agents[0].tools[0].output (FILE:1): only a tool with client"},
		"a nameless type":          {"agents: [{id: a, tools: [{name: t, result: 1, interrupt: {value: 1}}]}]", "agents[0].tools[0].interrupt.type (FILE:1): name the type"},
		"an empty prompt":          {"agents:\n  - id: a\n    welcome:\n      startingPrompts:\n        - {prompt: x}\n", "agents[0].welcome.startingPrompts[0].display (FILE:5): say what is shown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := loadFile(t, c.text)
			if err == nil {
				t.Fatalf("it loads: %+v", l.Config.Agents)
			}
			path := l.Origins["agents"]
			path = path[:strings.LastIndexByte(path, ':')]
			if got := strings.ReplaceAll(err.Error(), path, "FILE"); !strings.Contains(got, c.want) {
				t.Errorf("the error is %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAnAgentNamesItsTenant(t *testing.T) {
	t.Parallel()
	l, err := loadFile(t, "tenants: [{org: a, name: b}, {org: c, name: d}]\nagents: [{id: x}, {id: x, tenant: c/d}]")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a/b", "c/d"} {
		if got := l.Config.TenantOf(l.Config.Agents[i]); got != want {
			t.Errorf("agent %d belongs to %s", i, got)
		}
	}
}

func FuzzAgents(f *testing.F) {
	f.Add("id: a\ntools: [{name: t, result: {a: [1, {b: .nan}]}}]")
	f.Add("{id: a, tools: [{name: t, input: &x {a: *x}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.Load(config.Sources{Env: []string{"PARLEY_AGENTS=[" + text + "]"}})
		_ = err // any text is a configuration or an error
	})
}
