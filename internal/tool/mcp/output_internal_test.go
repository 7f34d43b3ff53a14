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
	f.Add("\xff\x00\u2028", "\xfe", uint16(65_535), false)
	f.Add("no", "", uint16(3), true)
	none := func(s string) string { return s }
	f.Fuzz(func(t *testing.T, text, structured string, times uint16, failed bool) {
		if times < 65_000 { // few are larger than the bound: those take long
			times %= 64
		}
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

func TestSecretsLeaveJSONBehind(t *testing.T) {
	t.Parallel()
	w := &wire{secrets: []string{"12345", `pass"word`, "true"}}
	for name, given := range map[string]any{
		"a number": object{"pin": 12345.0, "n": 7.0}, "quotes": object{"k": `the pass"word`, "n": 7.0},
		"a truth": object{"ok": true, "n": 7.0}, "a name": object{"12345": []any{"x12345y"}, "n": 7.0},
	} {
		result, err := outputOf(&sdk.CallToolResult{StructuredContent: given}, w.mask)
		if err != nil || !json.Valid(result.Output) || !strings.Contains(string(result.Output), `"n":7`) {
			t.Errorf("%s: %s, %v", name, result.Output, err)
		}
		for _, secret := range []string{"12345", "word", "true"} {
			if strings.Contains(string(result.Output), secret) {
				t.Errorf("%s shows a secret: %s", name, result.Output)
			}
		}
	}
}

func TestAFailureMayBeStructured(t *testing.T) {
	t.Parallel()
	w := &wire{secrets: []string{"12345"}}
	_, err := outputOf(&sdk.CallToolResult{IsError: true, StructuredContent: object{"error": "no such day 12345"}}, w.mask)
	if err == nil || !strings.Contains(err.Error(), "no such day ***") {
		t.Errorf("the model is told %v", err)
	}
}

type object = map[string]any
