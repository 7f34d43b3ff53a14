package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
)

// menuVariable makes this test's own program an MCP server with a menu.
const menuVariable = "PARLEY_TEST_MENU"

func TestMain(m *testing.M) {
	if soup := os.Getenv(menuVariable); soup != "" {
		serveMenu(soup)
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "parley-mcp-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "parley")
	return m.Run()
}

// serveMenu is an MCP server with one tool.
func serveMenu(soup string) {
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
	file := filepath.Join(folder, "parley.yaml")
	write(t, file, fmt.Sprintf(`
agents:
  - id: support
    name: Support
    mcp:
      - {name: menu, command: [%q], env: {%s: pumpkin soup}}
`, os.Args[0], menuVariable))
	server := serve(t, []string{"OPENAI_BASE_URL=" + provider.URL + "/v1"}, "--config", file)
	offered(t, server.Address, provider)
	talk, err := os.ReadFile("talk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	// Beside node_modules, where it finds what it imports.
	script := filepath.Join("node_modules", "talk-"+filepath.Base(folder)+".mjs")
	write(t, script, strings.ReplaceAll(string(talk), "127.0.0.1:8787", server.Address))
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

// offered waits until the agent's turns get the tool of its server: they go on
// without it while that starts, which takes a busy machine longer than they wait.
func offered(t *testing.T, address string, provider *fakeprovider.Server) {
	t.Helper()
	for tick := time.Tick(100 * time.Millisecond); ; <-tick {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/conversation/complete",
			strings.NewReader(`{"botId":"support","messages":[{"type":"user","text":"hello"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+apiSecret)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", resp.StatusCode, text, err)
		}
		if asked := provider.Requests(); len(asked[len(asked)-1].Tools) > 0 {
			return
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
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("talk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```js\n"+string(program)+"```\n") {
		t.Error("README.md shows another program than talk.mjs")
	}
}
