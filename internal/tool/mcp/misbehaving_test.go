package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"
)

// modeVariable makes this test's own program an MCP server instead.
const modeVariable = "PARLEY_TEST_MCP_SERVER"

func TestMain(m *testing.M) {
	switch os.Getenv(modeVariable) {
	case "":
		goleak.VerifyTestMain(m)
	case "deaf": // it never answers, nor does it end when it is asked to
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		for range asked {
		}
	case "mute": // it ends at once
		fmt.Fprintln(os.Stderr, "cannot open the database with "+os.Getenv("DB_PASSWORD"))
		os.Exit(3)
	case "raw":
		serveRaw()
	default:
		if err := misbehaving().Run(context.Background(), &sdk.StdioTransport{}); err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

type object = map[string]any

// misbehaving is a server whose tools do what no tool should.
func misbehaving() *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: "misbehaving", Version: "1"}, nil)
	text := func(text string) *sdk.CallToolResult {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
	}
	add := func(name string, do func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error)) {
		sdk.AddTool(server, &sdk.Tool{Name: name, Description: "does " + name}, func(ctx context.Context, r *sdk.CallToolRequest, in object) (*sdk.CallToolResult, any, error) {
			note(name)
			result, err := do(ctx, r, in)
			return result, nil, err
		})
	}
	gives := func(name string, result *sdk.CallToolResult) {
		add(name, func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) { return result, nil })
	}
	gives("Say Hello!", text("hello"))
	gives("say.hello", text("hello again"))
	gives("long", text(strings.Repeat("ä\n", 512<<10)))
	gives("huge", text(strings.Repeat("x", 10<<20)))
	gives("nothing", &sdk.CallToolResult{})
	gives("structured", &sdk.CallToolResult{StructuredContent: object{"degrees": 21.5}, Content: []sdk.Content{&sdk.TextContent{Text: "warm"}}})
	gives("pictures", &sdk.CallToolResult{Content: []sdk.Content{
		&sdk.TextContent{Text: "Look:"}, &sdk.ImageContent{MIMEType: "image/png", Data: make([]byte, 100)},
		&sdk.AudioContent{MIMEType: "audio/wav", Data: make([]byte, 50)}, &sdk.ResourceLink{Name: "menu", URI: "file:///menu"},
		&sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: "file:///list", Text: "soup"}},
		&sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: "file:///photo", MIMEType: "image/jpeg", Blob: make([]byte, 30)}},
	}})
	add("echo", func(_ context.Context, _ *sdk.CallToolRequest, in object) (*sdk.CallToolResult, error) {
		return text(fmt.Sprint(in["text"])), nil
	})
	add("fail", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		return nil, errors.New("this is why: the password is " + os.Getenv("DB_PASSWORD"))
	})
	add("environment", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		names := os.Environ()
		for i, e := range names {
			names[i], _, _ = strings.Cut(e, "=")
		}
		slices.Sort(names)
		return &sdk.CallToolResult{StructuredContent: object{"names": names, "password": os.Getenv("DB_PASSWORD")}}, nil
	})
	add("die", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		os.Exit(1)
		return nil, nil
	})
	add("hang", func(ctx context.Context, _ *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
		<-ctx.Done()
		note("cancelled")
		return nil, ctx.Err()
	})
	server.AddTool(&sdk.Tool{Name: "boast", Description: "knows " + os.Getenv("DB_PASSWORD"), InputSchema: object{
		"type": "object", "properties": object{"key": object{"type": "string", "default": os.Getenv("DB_PASSWORD")}},
	}}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return text("boasted"), nil })
	add("progress", func(ctx context.Context, r *sdk.CallToolRequest, in object) (*sdk.CallToolResult, error) {
		steps, _ := in["steps"].(float64)
		for i := range int(steps) {
			if err := step(ctx); err != nil {
				return nil, err
			}
			if err := r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: float64(i)}); err != nil {
				return nil, err
			}
		}
		return text("done"), nil
	})
	add("grow", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		gives("grown", text("new"))
		return text("grown"), nil
	})
	add("breed", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		child := exec.Command("sleep", "1000")
		child.Stdout = os.Stdout // it holds the connection open
		if err := child.Start(); err != nil {
			return nil, err
		}
		return text(fmt.Sprint(child.Process.Pid)), nil
	})
	return server
}

// note writes a line to the file that the test reads.
func note(line string) {
	if path := os.Getenv("NOTES"); path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(f, line)
		if err := f.Close(); err != nil {
			panic(err)
		}
	}
}

// step takes a moment: long for a test, short for a call.
func step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	<-ctx.Done()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return ctx.Err()
}

// serveRaw answers by hand, with bytes that no encoder of JSON would write.
func serveRaw() {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var r struct {
			ID     json.RawMessage
			Method string
		}
		if json.Unmarshal(in.Bytes(), &r) != nil || r.ID == nil {
			continue
		}
		result := `{}`
		switch r.Method {
		case "initialize":
			result = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"raw","version":"1"}}`
		case "tools/list":
			result = `{"tools":[{"name":"bytes","description":"\x80 gives \xff\xfe","inputSchema":{"type":"object"}},{"name":"list","inputSchema":{"type":"object","x":"` +
				strings.Repeat("x", 300<<10) + `"}}]}`
			result = strings.NewReplacer(`\x80`, "\x80", `\xff\xfe`, "\xff\xfe").Replace(result)
		case "tools/call":
			result = "{\"content\":[{\"type\":\"text\",\"text\":\"a\xff\xfeb\"}]}"
		}
		fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", r.ID, result)
	}
}
