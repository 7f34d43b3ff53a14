package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/model/modeltest/fakeprovider"
	"github.com/parleyhq/parley/test/npm"
	"github.com/parleyhq/parley/test/process"
)

// menuVariable makes this test's own program an MCP server with a menu.
const menuVariable = "PARLEY_TEST_MENU"

func TestMain(m *testing.M) {
	soup := os.Getenv(menuVariable)
	if soup == "" {
		os.Exit(m.Run())
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "menu", Version: "1"}, nil)
	sdk.AddTool(server, &sdk.Tool{Name: "Read menu", Description: "What is cooked on a day."}, func(_ context.Context, _ *sdk.CallToolRequest, in struct {
		Day string `json:"day"`
	}) (*sdk.CallToolResult, any, error) {
		return texts(fmt.Sprintf("%s: %s from %d", in.Day, soup, os.Getpid())), nil, nil
	})
	if err := server.Run(context.Background(), &sdk.StdioTransport{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// The whole way: a client of the protocol talks to an agent, whose model calls
// the tool of another server of the protocol.
func TestAClientTalksToAnAgentThatUsesAServer(t *testing.T) {
	t.Parallel()
	npm.Require(t, needs())
	provider := fakeprovider.Start(t)
	folder := t.TempDir()
	if err := process.Build(t.Context(), folder, "github.com/parleyhq/parley/cmd/parley"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "parley.yaml")
	write(t, file, fmt.Sprintf(`
agents:
  - id: support
    name: Support
    mcp:
      - {name: menu, command: [%q], env: {%s: pumpkin soup}}
`, os.Args[0], menuVariable))
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	server := &process.Server{
		Command: []string{filepath.Join(folder, "parley"), "serve", "--config", file}, Address: address,
		Env: []string{
			"PARLEY_LISTEN=" + address, "PARLEY_DATA=" + filepath.Join(folder, "data"), "PARLEY_SECRET=" + apiSecret,
			"PARLEY_LOG_LEVEL=warn", "OPENAI_BASE_URL=" + provider.URL + "/v1",
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
	talk, err := os.ReadFile("talk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	// Beside node_modules, where it finds what it imports.
	script := filepath.Join("node_modules", "talk-"+filepath.Base(folder)+".mjs")
	write(t, script, strings.ReplaceAll(string(talk), "127.0.0.1:8787", address))
	t.Cleanup(func() { _ = os.Remove(script) })
	cmd := exec.CommandContext(t.Context(), "node", script, `fake:calls tool=read_menu args={"day":"Monday"}`)
	cmd.Env = append(os.Environ(), "PARLEY_SECRET="+apiSecret)
	out, err := cmd.CombinedOutput()
	var pid int
	if _, wrong := fmt.Sscanf(string(out), "The tool said: \"Monday: pumpkin soup from %d\"\n", &pid); err != nil || wrong != nil {
		t.Fatalf("the client prints %q, %v, %v", out, err, wrong)
	}
	server.Kill() // however the server ends, its programs do
	for tick := time.Tick(5 * time.Millisecond); !gone(pid); {
		select {
		case <-tick:
		case <-t.Context().Done():
			t.Fatal("the program lives on")
		}
	}
}

// gone reports whether a process has ended, or only waits for its parent's
// attention.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheDocumentedProgramIsTheOneThatRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/mcp.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("talk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```js\n"+string(program)+"```\n") {
		t.Error("docs/mcp.md shows another program than talk.mjs")
	}
}
