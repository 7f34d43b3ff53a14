package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
)

// write puts a configuration file into a folder of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// loadFile loads a file alone.
func loadFile(t *testing.T, text string, env ...string) (*config.Loaded, error) {
	t.Helper()
	return config.Load(config.Sources{Env: env, Flags: map[string]string{"config": write(t, text)}})
}

func TestWithoutAnySourceTheDefaultsHold(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if c.Listen != "127.0.0.1:8787" || c.Data != "./parley-data" || c.Turns.Queue != 16 ||
		c.Turns.Drain != 30*time.Second || c.Limits.Body != 8<<20 || c.Limits.Text != 256<<10 {
		t.Errorf("defaults are %+v", c)
	}
	if len(l.Warnings) != 0 {
		t.Errorf("warnings: %v", l.Warnings)
	}
	if got := c.AllTenants(); len(got) != 1 || got[0].ID() != "default/default" {
		t.Errorf("tenants are %v", got)
	}
}

func TestFlagsWinOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	t.Parallel()
	path := write(t, "listen: file:1\nmodel: from-file\ndata: from-file\nturns:\n  queue: 5\n")
	l, err := config.Load(config.Sources{
		Env:   []string{"PARLEY_CONFIG=" + path, "PARLEY_LISTEN=env:2", "PARLEY_MODEL=from-env", "PARLEY_TURNS_DRAIN=5s"},
		Flags: map[string]string{"listen": "flag:3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if c.Listen != "flag:3" || c.Model != "from-env" || c.Data != "from-file" || c.Turns.Queue != 5 || c.Turns.Drain != 5*time.Second {
		t.Errorf("got %+v", c)
	}
	for setting, want := range map[string]string{
		"listen": "flag --listen", "model": "environment PARLEY_MODEL", "data": path + ":3",
		"turns.queue": path + ":5", "turns.drain": "environment PARLEY_TURNS_DRAIN", "limits.text": "default",
	} {
		if got := l.Origins[setting]; got != want {
			t.Errorf("%s came from %q, want %q", setting, got, want)
		}
	}
}

func TestEverythingInTheFileIsRead(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from-a-file-of-its-own\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadFile(t, fmt.Sprintf(`
model: gpt-4o
providers:
  - &base {name: local, kind: openai, baseURL: "http://127.0.0.1:1/v1", models: [a, b], window: 1000}
  - name: far
    kind: anthropic
    apiKey: env:FAR_KEY
    silence: 10s
  - {name: box, kind: ollama, baseURL: "box:11434"}
aliases: {x: local/a}
findOllama: false
models:
  - {name: a*, provider: local, window: 100, maxOutput: 10, defaults: {temperature: 0.5, seed: 1}, bounds: {temperature: 0..1}, hidden: true}
  - name: "*"
tenants:
  - {org: acme, name: dev, secrets: [env:ACME_SECRET, "file:%s"]}
limits: {body: 1MiB, text: 1KiB}
log: {level: debug, format: json}
`, secret), "FAR_KEY=k", "ACME_SECRET=a-secret-of-twenty-characters")
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if len(c.Providers) != 3 || c.Providers[0].Window != 1000 || len(c.Providers[0].Models) != 2 ||
		c.Providers[0].Silence != 0 || c.Providers[1].Silence != 10*time.Second || c.Providers[1].APIKey != "k" {
		t.Errorf("providers are %#v", c.Providers)
	}
	if m := c.Models; len(m) != 2 || m[0].Window != 100 || m[0].MaxOutput != 10 || m[0].Defaults["temperature"] != "0.5" || m[0].Defaults["seed"] != "1" ||
		m[0].Bounds["temperature"] != "0..1" || !m[0].Hidden || m[1].Name != "*" || m[1].Hidden || c.FindOllama {
		t.Errorf("models are %#v", m)
	}
	if c.Aliases["x"] != "local/a" || c.Limits.Body != 1<<20 || c.Log.Level != "debug" {
		t.Errorf("got %#v", c)
	}
	want := []config.Secret{"a-secret-of-twenty-characters", "from-a-file-of-its-own"}
	if got := c.Tenants[0].Secrets; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("secrets do not come from where they are")
	}
}

func TestVendorsComeFromTheirOwnVariables(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{Env: []string{
		"OPENAI_API_KEY=sk-1", "OPENAI_BASE_URL=http://127.0.0.1:8080/v1", "ANTHROPIC_API_KEY=sk-2",
		"GEMINI_API_KEY=g-1", "GEMINI_BASE_URL=http://127.0.0.1:8081", "OLLAMA_HOST=0.0.0.0", "OLLAMA_API_KEY=o-1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if c.OpenAI.APIKey != "sk-1" || c.OpenAI.BaseURL != "http://127.0.0.1:8080/v1" || !c.Anthropic.Configured() {
		t.Errorf("got %#v", c)
	}
	if c.Gemini.APIKey != "g-1" || c.Gemini.BaseURL != "http://127.0.0.1:8081" || c.Ollama.Host != "0.0.0.0" || c.Ollama.APIKey != "o-1" || !c.FindOllama {
		t.Errorf("got %#v", c)
	}
}

func TestStructuredValuesOfTheEnvironmentAreYAML(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{Env: []string{
		`PARLEY_PROVIDERS=[{name: local, kind: openai, baseURL: "http://127.0.0.1:8080/v1", models: "a, b"}]`,
		`PARLEY_ALIASES={x: y}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Config.Providers; len(p) != 1 || len(p[0].Models) != 2 || p[0].Models[1] != "b" || l.Config.Aliases["x"] != "y" {
		t.Errorf("got %#v", l.Config)
	}
}

func TestTelemetryReadsTheVariablesOfOpenTelemetry(t *testing.T) {
	t.Parallel()
	for want, env := range map[string][]string{
		"":                             nil,
		"http://h:4318/v1/traces":      {"OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318"},
		"http://h:4318/otlp/v1/traces": {"OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318/otlp/"},
		"http://t:1/x":                 {"OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/x"},
	} {
		l, err := config.Load(config.Sources{Env: append(env, "OTEL_EXPORTER_OTLP_HEADERS=a=b,c=d%20e", "PARLEY_TELEMETRY_CONTENT=true")})
		if err != nil {
			t.Fatal(err)
		}
		o := l.Config.Telemetry.OTLP
		header, err := o.Header()
		if o.Traces() != want || err != nil || len(header) != 2 || header["a"] != "b" || header["c"] != "d e" || !l.Config.Telemetry.Content {
			t.Errorf("%v: %q, %v, %v", env, o.Traces(), header, err)
		}
	}
}

func TestWrongTelemetryIsRefused(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"PARLEY_TELEMETRY_METRICS=9090":            "telemetry.metrics (environment PARLEY_TELEMETRY_METRICS)",
		"PARLEY_TELEMETRY_PPROF=localhost":         "telemetry.pprof",
		"PARLEY_TELEMETRY_METRICS_TOKEN=short":     "telemetry.metricsToken",
		"PARLEY_TELEMETRY_CONTENT=yes":             "neither true nor false",
		"OTEL_EXPORTER_OTLP_ENDPOINT=h:4318":       "telemetry.otlp.endpoint",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":         "use http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS=hidden-secret": "name=value",
	} {
		_, err := config.Load(config.Sources{Env: []string{variable}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden-secret") {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

func TestAnAddressWithoutAHostIsThisMachine(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{":6060": "127.0.0.1:6060", "0.0.0.0:6060": "0.0.0.0:6060", "[::]:1": "[::]:1"} {
		if got := config.Local(given); got != want {
			t.Errorf("%s: %s", given, got)
		}
	}
}

func TestAWrongFileIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"a mistyped key":            {"listen: a:1\nturns:\n  qeue: 3\n", "turns.qeue (FILE:3): there is no such setting; did you mean turns.queue?"},
		"a key like no other":       {"zzzzzzzzzzzz: 3\n", "parley config doc lists them all"},
		"a later setting":           {"databaseURL: x\n", "databaseURL (FILE:1): this version does not support it yet"},
		"a list for a value":        {"model: [a]\n", "model (FILE:1): this is a list, but a single value belongs here"},
		"a value for a group":       {"turns: 3\n", "turns (FILE:1): this is a value, but a group of settings belongs here"},
		"a value for a list":        {"tenants: {}\n", "tenants (FILE:1): this is a group of settings, but a list belongs here"},
		"a word for a number":       {"turns: {queue: many}\n", `turns.queue (FILE:1): "many" is not a whole number`},
		"a number for a duration":   {"turns: {drain: 30}\n", `"30" is not a duration`},
		"a word for yes or no":      {"findOllama: maybe\n", `findOllama (FILE:1): "maybe" is neither true nor false`},
		"an unknown key of a model": {"models:\n  - {name: a, maxInput: 3}\n", "models[0].maxInput (FILE:2): there is no such setting"},
		"a wrong size":              {"limits: {text: big}\n", `"big" is not a size`},
		"a wrong provider":          {"providers:\n  - {name: a, kind: openai, base: x}\n", "providers[0].base (FILE:2): there is no such setting; did you mean providers[0].name?"},
		"bad YAML":                  {"model: [a\n", "config (FILE:1):"},
		"a key set twice":           {"model: a\nmodel: b\n", "model"},
		"two documents":             {"model: a\n---\nmodel: b\n", "more than one document"},
		"an unknown alias":          {"model: *x\n", "there is no anchor &x"},
		"a secret that is not set":  {"secret: env:NOT_SET\n", "secret (FILE:1): the environment variable NOT_SET is not set"},
		"a line break in a name":    {"providers:\n  - {name: \"a\\nb\", kind: openai, baseURL: \"http://h\"}\n", "providers[0].name (FILE:2): give it a name without blanks"},
		"a secret for two purposes": {"secret: a-secret-that-is-long-enough\ntelemetry: {metricsToken: a-secret-that-is-long-enough}\n", "telemetry.metricsToken (FILE:2): this is an API secret"},
		"an empty file of a secret": {"secret: file:/dev/null\n", "secret (FILE:1): the secret's file /dev/null is empty"},
		"the file's own name in it": {"config: x\n", "there is no such setting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, c.file)
			_, err := config.Load(config.Sources{Flags: map[string]string{"config": path}})
			want := strings.ReplaceAll(c.want, "FILE", path)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{Flags: map[string]string{"config": "/does/not/exist.yaml"}})
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadFile(t, `
listen: nonsense
publicURL: https://example.com/path
turns: {queue: 0, drain: 2h}
limits: {body: 1KiB, text: many}
log: {level: loud, format: xml}
secret: short
key: short
keyFile: x
providers:
  - {name: a/b, kind: cohere, baseURL: "ftp://x"}
  - {name: quote, kind: openai}
  - {name: ollama, kind: ollama, baseURL: "a b"}
ollama: {host: "user:password@box"}
models: [{hidden: true}]
tenants:
  - {org: Acme, name: dev, secrets: ["aaaaaaaaaaaaaaaaaaaaaaa"]}
  - {org: Acme, name: dev, secrets: ["aaaaaaaaaaaaaaaaaaaaaaa"]}
`)
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	got := map[string]int{}
	for _, p := range problems {
		got[p.Setting]++
	}
	for _, want := range []string{
		"listen", "publicURL", "turns.queue", "turns.drain", "limits.body", "limits.text", "log.level", "log.format",
		"secret", "key", "keyFile", "providers[0].name", "providers[0].kind", "providers[0].baseURL",
		"providers[1].name", "providers[1].apiKey", "providers[2].name", "providers[2].baseURL", "ollama.host", "models[0].name", "tenants[0].org", "tenants[1]", "tenants[1].secrets[0]",
	} {
		if got[want] == 0 {
			t.Errorf("nothing is said of %s", want)
		}
	}
	if got["limits.text"] != 1 {
		t.Errorf("a value that cannot be read is reported %d times", got["limits.text"])
	}
	for _, secret := range []string{"aaaaaaa", "short"} {
		if strings.Contains(err.Error(), secret+" ") || strings.Contains(err.Error(), `"`+secret) {
			t.Errorf("a secret is in the error: %v", err)
		}
	}
}

func TestAValueThatCannotBeReadIsBlamedAlone(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{Env: []string{"PARLEY_LIMITS_BODY=9XB"}})
	problems, _ := errors.AsType[config.Problems](err)
	if len(problems) != 1 || problems[0].Setting != "limits.body" {
		t.Errorf("got %v", err)
	}
}

func TestUnknownVariablesAreWarnedAbout(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{Env: []string{
		"PARLEY_LISTN=x", "PARLEY_TEST_STRICT=1", "OTHER=1", "PARLEY_MODEL=", "PARLEY_ABCDEFGHIJK=",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := "the environment sets PARLEY_LISTN, which is no setting; did you mean PARLEY_LISTEN?"
	if len(l.Warnings) != 1 || l.Warnings[0] != want {
		t.Errorf("got %q", l.Warnings)
	}
}

func TestAVariableOfALaterVersionIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"PARLEY_DATABASE_URL", "PARLEY_NATS_URL"} {
		_, err := config.Load(config.Sources{Env: []string{name + "=x"}})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "does not support it yet") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("listen: a:1\nturns:\n  queue: 3\nproviders:\n  - {name: a}\n")
	f.Add("a: &x [1, *x]\n")
	f.Add("? [a]\n: b\n")
	f.Add("secret: |\n  text\n<<: {a: b}\n!!str a: !t b\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := config.Load(config.Sources{Flags: map[string]string{"config": path}})
		if err == nil && l.Config.Listen == "" {
			t.Error("a configuration without an address passed")
		}
	})
}

func TestWhoMaySignInIsChecked(t *testing.T) {
	t.Parallel()
	good := `
oidc:
  issuers: [{issuer: "https://id.example", audience: parley}, {issuer: https://id.example:8443/x, audience: a, tenantClaim: t}]
  builtin:
    enabled: true
    clients: [{id: web, redirectURIs: [http://127.0.0.1:5173/back, "https://app.example/"]}]
    users: [{name: Ann.B+c@d, password: correct horse}]
`
	l, err := loadFile(t, good)
	if err != nil {
		t.Fatal(err)
	}
	b := l.Config.OIDC.Builtin
	if got := b.Clients[0].RedirectURIs; len(got) != 2 || got[0] != "http://127.0.0.1:5173/back" || b.TokenLife != time.Hour {
		t.Errorf("got %+v", b)
	}
	for text, want := range map[string]string{
		"issuers: [{audience: a}]":                                                             "oidc.issuers[0].issuer",
		"issuers: [{issuer: ftp://x, audience: a}]":                                            "oidc.issuers[0].issuer",
		"issuers: [{issuer: https://x}]":                                                       "oidc.issuers[0].audience",
		"issuers: [{issuer: https://x, audience: a, tenant: no/one}]":                          "oidc.issuers[0].tenant",
		"issuers: [{issuer: https://x, audience: a, tenant: a/b, tenantClaim: c}]":             "oidc.issuers[0].tenant",
		"builtin: {tokenLife: 1s}":                                                             "oidc.builtin.tokenLife",
		"builtin: {signInLife: 1m}":                                                            "oidc.builtin.signInLife",
		"builtin: {clients: [{id: a b, redirectURIs: [https://x/]}]}":                          "oidc.builtin.clients[0].id",
		"builtin: {clients: [{id: a}]}":                                                        "oidc.builtin.clients[0].redirectURIs",
		"builtin: {clients: [{id: a, redirectURIs: ['https://x/#y']}]}":                        "oidc.builtin.clients[0].redirectURIs",
		"builtin: {clients: [{id: a, redirectURIs: ['javascript:x']}]}":                        "oidc.builtin.clients[0].redirectURIs",
		"builtin: {users: [{name: ä, password: correct horse}]}":                               "oidc.builtin.users[0].name",
		"builtin: {users: [{name: ann, password: short}]}":                                     "oidc.builtin.users[0].password",
		"builtin: {users: [{name: ann, password: 12345678}, {name: ANN, password: 12345678}]}": "oidc.builtin.users[1].name",
		"builtin: {users: [{name: ann, password: 12345678, tenant: no/one}]}":                  "oidc.builtin.users[0].tenant",
		"builtin: {development: true}":                                                         "oidc.builtin.enabled",
		"builtin: {enabled: true, development: true}\nlisten: ':8787'":                         "oidc.builtin.development",
		"builtin: {enabled: true, development: true}\npublicURL: https://parley.example":       "oidc.builtin.development",
	} {
		_, err := loadFile(t, "oidc:\n  "+text+"\n")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "12345678") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, fine := range []string{"", "\npublicURL: http://localhost:8787", "\nlisten: '[::1]:8787'"} {
		if _, err := loadFile(t, "oidc:\n  builtin: {enabled: true, development: true}"+fine+"\n"); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
}
