package mcp

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/tool"
)

// Whatever a server sends, what the model is told is JSON, text and bounded.
func FuzzOutput(f *testing.F) {
	f.Add("hello", "structured", uint16(1), false)
	f.Add("\xff\x00\u2028", "\xfe", uint16(60000), false)
	f.Add("no", "", uint16(3), true)
	none := func(s string) string { return s }
	f.Fuzz(func(t *testing.T, text, structured string, times uint16, failed bool) {
		r := &sdk.CallToolResult{IsError: failed, Content: []sdk.Content{
			&sdk.TextContent{Text: strings.Repeat(text, int(times))}, &sdk.ImageContent{MIMEType: text, Data: []byte(structured)},
		}}
		if structured != "" {
			r.StructuredContent = map[string]any{structured: text}
		}
		result, err := outputOf(r, none)
		if failed != (err != nil) {
			t.Fatalf("failed %v, and the error is %v", failed, err)
		}
		if err != nil {
			if !utf8.ValidString(err.Error()) || len(err.Error()) > maxRefusal+8 {
				t.Errorf("the error is %q", err)
			}
			return
		}
		if !json.Valid(result.Output) || !utf8.Valid(result.Output) || len(result.Output) > tool.MaxOutput {
			t.Errorf("%d bytes: %.100q", len(result.Output), result.Output)
		}
	})
}

func TestATextOfControlCharactersIsCutToo(t *testing.T) {
	t.Parallel()
	result, err := cut(strings.Repeat("\x01", tool.MaxOutput)) // each takes six bytes in JSON
	if err != nil || len(result.Output) > tool.MaxOutput || !strings.Contains(string(result.Output), "[cut: ") {
		t.Errorf("%d bytes, %v", len(result.Output), err)
	}
}
