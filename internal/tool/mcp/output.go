package mcp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool"
)

// outputOf is what the model is told of a result: its structured content if it has
// some, else its texts. What is neither is named, not shown. A result that says it
// is an error is one, with the same words. mask takes secrets out of them.
func outputOf(r *sdk.CallToolResult, mask func(string) string) (tool.Result, error) {
	if r.IsError {
		text := textOf(r.Content)
		if output, err := encode(masked(r.StructuredContent, mask)); text == "" && r.StructuredContent != nil && err == nil {
			text = string(output)
		}
		text = clip(mask(text), maxRefusal)
		if text == "" {
			text = "the tool failed and did not say why"
		}
		return tool.Result{}, convo.Errorf(convo.UpstreamFailed, "%s", text)
	}
	if r.StructuredContent != nil {
		output, err := encode(masked(r.StructuredContent, mask))
		if err == nil && len(output) <= tool.MaxOutput {
			return tool.Result{Output: output}, nil
		} else if err == nil && len(r.Content) == 0 {
			return cut(string(output))
		}
	}
	return cut(mask(textOf(r.Content)))
}

// masked takes secrets out of a decoded JSON value, and leaves one behind: in JSON
// itself a secret may be written in other ways, or be part of no text.
func masked(v any, mask func(string) string) any {
	switch v := v.(type) {
	case string:
		return mask(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = masked(v[i], mask)
		}
		return list
	case map[string]any:
		group := make(map[string]any, len(v))
		for name, value := range v {
			group[mask(name)] = masked(value, mask)
		}
		return group
	}
	if text, err := encode(v); err == nil && mask(string(text)) != string(text) {
		return mask(string(text))
	}
	return v
}

// cut gives a text as the output, and says so if it is not all of it.
func cut(text string) (tool.Result, error) {
	// Quotes and line breaks take two bytes in JSON, some other characters six.
	output, err := encode(text)
	for most := tool.MaxOutput; err == nil && len(output) > tool.MaxOutput; most = most * 3 / 4 {
		output, err = encode(clip(text, most) + fmt.Sprintf("\n[cut: the tool gave %d bytes]", len(text)))
	}
	return tool.Result{Output: output}, err
}

// encode makes JSON, in which bytes that are no UTF-8 are replaced.
func encode(v any) (convo.JSON, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, convo.WrapError(convo.UpstreamFailed, err, "the tool gave what is no JSON")
	}
	return convo.JSON(bytes.ToValidUTF8(bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), []byte("\uFFFD"))), nil
}

// textOf puts the parts of a result together, a line for each.
func textOf(parts []sdk.Content) string {
	var lines []string
	for _, part := range parts {
		switch p := part.(type) {
		case *sdk.TextContent:
			lines = append(lines, p.Text)
		case *sdk.ImageContent:
			lines = append(lines, unshown("an image", p.MIMEType, len(p.Data)))
		case *sdk.AudioContent:
			lines = append(lines, unshown("a sound", p.MIMEType, len(p.Data)))
		case *sdk.ResourceLink:
			lines = append(lines, fmt.Sprintf("[a resource: %s %s]", p.Name, p.URI))
		case *sdk.EmbeddedResource:
			lines = append(lines, resourceOf(p.Resource))
		default:
			lines = append(lines, "[something that cannot be shown]")
		}
	}
	return strings.ToValidUTF8(strings.Join(lines, "\n"), "\uFFFD")
}

func resourceOf(r *sdk.ResourceContents) string {
	switch {
	case r == nil:
		return "[a resource]"
	case r.Text != "":
		return r.Text
	}
	return unshown("the resource "+r.URI, r.MIMEType, len(r.Blob))
}

// unshown names what is not shown.
func unshown(what, kind string, size int) string {
	return fmt.Sprintf("[%s, %s, %d bytes]", what, kind, size)
}
