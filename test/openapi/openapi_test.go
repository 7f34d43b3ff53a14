package openapi_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/parleyhq/parley/test/npm"
	"github.com/parleyhq/parley/test/process"
)

// apiSecret is the secret of the server here.
const apiSecret = "pk_openapi_0123456789abcdefghijklmnopqrstuvwxyz"

// needs makes ready what the tests need, once, and says why it cannot.
var needs = sync.OnceValue(func() (missing string) {
	return npm.Install(context.Background()) // outlives the test that comes first
})

// startServer gives the address of a running server, whose model needs no
// provider.
func startServer(t *testing.T) (url string) {
	t.Helper()
	folder := t.TempDir()
	if err := process.Build(t.Context(), folder, "github.com/parleyhq/parley/cmd/parley"); err != nil {
		t.Fatal(err)
	}
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	server := &process.Server{
		Command: []string{filepath.Join(folder, "parley"), "serve"}, Address: address,
		Env: []string{
			"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + filepath.Join(folder, "data"),
			"PARLEY_SECRET=" + apiSecret, "PARLEY_LOG_LEVEL=warn",
		},
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Kill()
		if t.Failed() {
			t.Log("the server printed:\n" + server.Output())
		}
	})
	return "http://" + address
}

// fetchDocument reads the document into a file, without a token.
func fetchDocument(t *testing.T, url, file string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	document, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %v", answer.Status, err)
	}
	write(t, file, document)
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// node runs a script, or a package's program, in a folder.
func node(t *testing.T, folder string, env []string, script string, args ...string) (string, error) {
	t.Helper()
	script, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	// The linter would ask its maker for a newer version.
	cmd.Env = append(cmd.Env, "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "REDOCLY_TELEMETRY=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// damages are changes that the validators must find, or they prove nothing.
var damages = map[string][2]string{
	"a schema that is none":         {`"type": "string"`, `"type": "text"`},
	"a reference to nothing":        {`#/components/schemas/Error"`, `#/components/schemas/Nothing"`},
	"a parameter without its place": {`"in": "query"`, `"in": "somewhere"`},
	"a path without its parameter":  {`"name": "messageId"`, `"name": "otherId"`},
	"an example that does not fit":  {`"name": "Travel"`, `"name": 7`},
	"no title":                      {`"title": "Parley",`, ``},
}

func TestTheDocumentIsValid(t *testing.T) {
	npm.Require(t, needs())
	folder := t.TempDir()
	good := filepath.Join(folder, "openapi.json")
	fetchDocument(t, startServer(t), good)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{good}
	for name, change := range damages {
		damaged := strings.Replace(string(text), change[0], change[1], 1)
		if damaged == string(text) {
			t.Errorf("%s: nothing was changed", name)
		}
		file := filepath.Join(folder, name+".json")
		write(t, file, []byte(damaged))
		files = append(files, file)
	}
	out, err := node(t, ".", nil, "validate.mjs", files...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, file := range files {
		verdict := "\nnot ok "
		if file == good {
			verdict = "\nok "
		}
		if !strings.Contains("\n"+out, verdict+file+"\n") {
			t.Errorf("%s: want%s\n%s", filepath.Base(file), verdict, out)
		}
	}
}

func TestAGeneratedClientHoldsAConversation(t *testing.T) {
	npm.Require(t, needs())
	url, folder := startServer(t), t.TempDir()
	fetchDocument(t, url, filepath.Join(folder, "openapi.json"))
	for _, file := range []string{"client.ts", "tsconfig.json", "package.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, file), text)
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	steps := [][]string{
		{"node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "api.ts"},
		{"node_modules/typescript/bin/tsc", "-p", "."},
		{filepath.Join(folder, "client.js")},
	}
	for _, step := range steps {
		out, err := node(t, folder, []string{"PARLEY_URL=" + url, "PARLEY_SECRET=" + apiSecret}, step[0], step[1:]...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", step[0], err, out)
		}
		t.Logf("%s", out)
	}
}

func TestTheLockNamesNoHost(t *testing.T) {
	t.Parallel()
	npm.CheckLock(t)
}
