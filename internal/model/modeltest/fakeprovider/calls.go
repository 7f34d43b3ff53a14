package fakeprovider

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// offered is a tool of a request.
type offered struct {
	name   string
	schema json.RawMessage
}

// What the fake gives with its calls and thoughts, and takes back.
const (
	signature = "c2lnbmVk"
	hidden    = "aGlkZGVu"
)

// wanted is how drivers ask for a call where the API cannot be told.
var wanted = regexp.MustCompile(`<instruction>\nCall the tool (\S+) now\.\n</instruction>\s*$`)

// obey finds in the last text of the request which tool has to be called.
func (a *asked) obey() {
	if found := wanted.FindStringSubmatch(a.last); found != nil {
		a.forced = found[1]
	}
}

// offer adds a tool. It reports false for a name that there is already.
func (a *asked) offer(name string, schema json.RawMessage) bool {
	if _, known := a.find(name); known {
		return false
	}
	a.tools = append(a.tools, offered{name, schema})
	return true
}

func (a asked) find(name string) (offered, bool) {
	for _, t := range a.tools {
		if t.name == name {
			return t, true
		}
	}
	return offered{name: name}, false
}

// names gives the tools that an order names: those of tool=a,b, all for tool=*,
// else the first.
func (a asked) names(o map[string]string) []string {
	if o["tool"] != "" && o["tool"] != "*" {
		return strings.Split(o["tool"], ",")
	}
	var all []string
	for _, t := range a.tools {
		all = append(all, t.name)
	}
	switch {
	case len(all) == 0:
		return []string{"get_weather"}
	case o["tool"] == "":
		return all[:1]
	}
	return all
}

// usual is how many calls an order makes that does not say: one of each tool
// that it names, or two.
func (a asked) usual(o map[string]string) int {
	if o["tool"] == "" {
		return 2
	}
	return len(a.names(o))
}

// calls makes n calls of the tools by turns.
func (a asked) calls(n int, o map[string]string) []Call {
	names := a.names(o)
	list := make([]Call, n)
	for i := range list {
		number := strconv.Itoa(a.rounds*n + i + 1)
		tool, _ := a.find(names[i%len(names)])
		list[i] = Call{ID: "call_" + number, Name: tool.name, Arguments: pieces(tool.arguments(number))}
		if o["id"] != "" {
			list[i].ID = o["id"]
		}
		if given, ok := o["args"]; ok {
			list[i].Arguments = pieces(given)
		}
	}
	return list
}

// arguments makes such as fit a plain schema: of each type a value for what is
// required. Without a schema it is a place.
func (t offered) arguments(number string) string {
	type property struct {
		Type  any        `json:"type"`
		Enum  []any      `json:"enum"`
		AnyOf []property `json:"anyOf"`
	}
	var schema struct {
		Properties map[string]property `json:"properties"`
		Required   []string            `json:"required"`
	}
	if json.Unmarshal(t.schema, &schema) != nil || len(schema.Properties) == 0 {
		return `{"location":"Paris ` + number + `"}`
	}
	values := object{}
	for _, name := range schema.Required {
		p := schema.Properties[name]
		if len(p.AnyOf) > 0 {
			p = p.AnyOf[0]
		}
		kinds := map[any]any{"string": "Paris " + number, "number": 1.5, "integer": 1, "boolean": true, "array": []any{}, "object": object{}, "null": nil}
		switch kind := p.Type.(type) {
		case string:
			values[name] = kinds[kind]
		case []any:
			values[name] = kinds[kind[0]]
		default:
			values[name] = kinds["string"]
		}
		if len(p.Enum) > 0 {
			values[name] = p.Enum[0]
		}
	}
	return text(values)
}

// pieces cuts arguments as a provider may send them.
func pieces(arguments string) []string {
	var list []string
	rest := []rune(arguments)
	for len(rest) > 6 {
		list, rest = append(list, string(rest[:6])), rest[6:]
	}
	return append(list, string(rest))
}
