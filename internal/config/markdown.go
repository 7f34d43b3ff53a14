package config

import (
	"fmt"
	"reflect"
	"strings"
)

const preface = `# Configuration

<!-- Made from internal/config by "parley config doc". Do not edit. -->

Every setting has a default. A YAML file (` + "`--config`" + ` or ` + "`PARLEY_CONFIG`" + `) goes over the defaults, the
environment over the file, and flags over the environment. ` + "`parley config show`" + ` prints what is in effect and
where each value came from, and ` + "`parley config check`" + ` names everything that is wrong, all at once.

- A key of the file that is no setting is an error that names the nearest one, and so is a setting of a later version.
  An unknown variable that begins with ` + "`PARLEY_`" + ` is only warned about.
- Durations are written as ` + "`30s`, `5m`, `1h30m`" + `; sizes as ` + "`65536`, `256KiB`, `8MiB`" + `.
- Lists of words may be written with commas in the environment; deeper values as YAML:
  ` + "`PARLEY_PROVIDERS='[{name: local, kind: openai, baseURL: \"http://127.0.0.1:8080/v1\"}]'`" + `.
- In the file a secret may be ` + "`env:NAME`" + ` (a variable of the environment) or ` + "`file:PATH`" + `. Secrets are printed nowhere.
- An empty variable counts as not set.

## Settings

| setting | environment | flag | default | meaning |
| --- | --- | --- | --- | --- |
`

const example = "## Example\n\n```yaml\n" + `model: gpt-4o
providers:
  - {name: local, kind: openai, baseURL: http://127.0.0.1:8080/v1, models: [gpt-4o, claude-4.5-sonnet]}
aliases:
  support: local/gpt-4o/temperature=0.2
models:
  - {name: gpt-4o, provider: local, window: 24000, maxOutput: 4000, defaults: {temperature: 0.7}, bounds: {temperature: 0..1}}
  - {name: "*", provider: local, hidden: true}
tenants:
  - {org: acme, name: dev, secrets: [env:ACME_SECRET]}
limits: {rate: {token: 600}, streams: {token: 20, tenant: 200}}
turns: {queue: 16, drain: 30s}
agents:
  - id: support
    name: Support
    backstory: You are a helpful agent.
    welcome:
      title: Hello
      startingPrompts:
        - {display: Weather?, prompt: What is the weather in Paris?}
    tools:
      - name: get_weather
        description: Current weather of a city
        input: {type: object, properties: {city: {type: string}}, required: [city]}
        http: {url: "https://example.com/weather?city={{city}}"}
      - {name: get_hours, description: When the shop is open, result: {open: "10:00", close: "18:30"}}
      - name: transfer_money
        description: Pays somebody
        input: {type: object, properties: {to: {type: string}, amount: {type: number}}, required: [to, amount]}
        confirm: true
        http: {url: https://bank.example.com/transfer, body: '{"to": "{{to}}", "amount": {{amount}}}'}
      - {name: get_location, description: Where the user is, client: true}
    mcp:
      - {name: files, command: [mcp-files, --root, .]}
    datasets: [handbook]
datasets:
  - {id: handbook, name: Handbook, files: [docs, "terms/*.pdf"]}
embedding: {provider: local, model: nomic-embed-text}
quotas:
  - {tokens: 2000000, per: month}
  - {bot: support, tokens: 200000, per: day}
oidc:
  issuers:
    - {issuer: https://id.example.com/realms/acme, audience: parley, tenant: acme/dev}
  builtin:
    enabled: true
    clients: [{id: web, redirectURIs: [https://app.example.com/]}]
    users: [{name: ann, password: env:ANN_PASSWORD, email: ann@example.com}]
log: {level: info, format: json}
` + "```\n"

// Markdown is docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, s := range settings(new(Config)) {
		name := "`" + s.path + "`"
		if !s.inFile {
			name = "–"
		}
		doc := s.doc
		if s.section != "" {
			doc = s.section + " " + doc
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", name, s.env, code("--", s.flag), code("", s.def), doc)
	}
	for _, s := range settings(new(Config)) {
		if of := s.value.Type(); of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct {
			describeItem(&b, "`"+s.path+"`", of.Elem())
		}
	}
	describeItem(&b, "an agent's `tools`", reflect.TypeFor[AgentTool]())
	describeItem(&b, "an agent's `mcp`", reflect.TypeFor[MCPServer]())
	b.WriteString("\n" + example)
	return b.String()
}

// describeItem writes a section about what a list holds.
func describeItem(b *strings.Builder, list string, of reflect.Type) {
	fmt.Fprintf(b, "\n## Each of %s\n\n| key | default | meaning |\n| --- | --- | --- |\n", list)
	describeKeys(b, "", of)
}

// describeKeys writes a row for each key of a group, those of groups in it by
// their whole names.
func describeKeys(b *strings.Builder, path string, of reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		tag := field.Tag
		switch {
		case tag.Get("file") == "-":
		case field.Type.Kind() == reflect.Struct:
			describeKeys(b, path+tag.Get("key")+".", field.Type)
		default:
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", path+tag.Get("key"), code("", tag.Get("default")), tag.Get("doc"))
		}
	}
}

func code(prefix, text string) string {
	if text == "" {
		return "–"
	}
	return "`" + prefix + text + "`"
}
