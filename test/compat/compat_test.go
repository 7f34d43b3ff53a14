package compat_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/test/npm"
)

// uipathAgents are the agents of the scripts that drive the package of that
// name: uipath.mjs has their numbers.
const uipathAgents = `PARLEY_AGENTS=[
  {id: plain, number: 101, name: Plain, description: Answers, backstory: Be brief., welcome: {title: Hello, description: Ask me anything, startingPrompts: [{display: "Weather?", prompt: "What is the weather?"}]}},
  {id: tools, number: 102, name: Tools, description: Calls tools, mcp: [{name: test, url: "http://127.0.0.1:1/mcp", connector: crm, title: Test}], tools: [
    {name: get_time, description: The time, result: {time: "10:30"}},
    {name: find, description: Searches, result: {text: It is open, sources: [{title: Guide, url: "https://example.com/guide"}]}},
    {name: transfer_money, description: Pays, confirm: true, input: {type: object, properties: {amount: {type: number}, to: {type: string}}, required: [amount, to]}, result: {transferred: true}},
    {name: delete_file, description: Deletes, confirm: interrupt, input: {type: object, properties: {name: {type: string}}}, result: {deleted: true}},
    {name: get_user_location, description: Where the user is, client: true, input: {type: object}},
  ]},
]`

func TestThePublishedPackageWorksUnchanged(t *testing.T) {
	setup(t)
	scripts, err := filepath.Glob("*.test.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts found: %v", err)
	}
	settings := map[string][]string{
		// Where the script's own server is.
		"ability.test.mjs":       {"PARLEY_OUTBOUND_ALLOW=127.0.0.1"},
		"attachment.test.mjs":    {"PARLEY_OUTBOUND_ALLOW=127.0.0.1"},
		"file.test.mjs":          {"PARLEY_OUTBOUND_ALLOW=127.0.0.1"},
		"privacy.test.mjs":       {"PARLEY_MODERATION_URL=" + serviceURL, "PARLEY_EMBEDDING_URL=" + serviceURL, "PARLEY_EMBEDDING_MODEL=words"},
		"quota.test.mjs":         {"PARLEY_QUOTAS=[{bot: limited, tokens: 10, per: month}]"},
		"speech.test.mjs":        {"PARLEY_SPEECH_PROVIDER=openai"},
		"uipath-login.test.mjs":  {"PARLEY_OIDC_BUILTIN_ENABLED=true", "PARLEY_OIDC_BUILTIN_DEVELOPMENT=true"},
		"uipath-ending.test.mjs": {"PARLEY_SOCKETS_ANNOUNCE_END=true", "PARLEY_TURNS_DRAIN=6s"},
		"uipath-voice.test.mjs":  {"PARLEY_TRANSCRIPTION_PROVIDER=openai"},
		// One request a second, so that the package's own repeats are enough.
		"limits.test.mjs": {"PARLEY_LIMITS_RATE_TOKEN=60", "PARLEY_LIMITS_STREAMS_TOKEN=1"},
	}
	for _, script := range scripts {
		if strings.HasPrefix(script, "uipath-") {
			settings[script] = append(settings[script], uipathAgents)
		}
		t.Run(strings.TrimSuffix(script, ".test.mjs"), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, settings[script]...)
			control := httptest.NewServer(b.control())
			t.Cleanup(control.Close)
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "--test-timeout=120000", script)
			cmd.Env = append(os.Environ(),
				"PARLEY_URL=http://"+b.server.Address,
				"PARLEY_SECRET="+apiSecret,
				"CONTROL_URL="+control.URL,
			)
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Fatalf("%s: %v", script, err)
			}
		})
	}
}

func TestTheLockNamesNoHost(t *testing.T) {
	t.Parallel()
	npm.CheckLock(t)
}
