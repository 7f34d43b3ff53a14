//lint:file-ignore SA1019 The scenarios ask for what the newest version of the protocol has left behind.

package mcp_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

type object = map[string]any

// fixtures is a server with the tools that the scenarios ask for by name.
func fixtures() *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: "fixtures", Version: "1"}, nil)
	for name, content := range contents() {
		fixture(server, name, func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
			return &sdk.CallToolResult{Content: content}, nil
		})
	}
	fixture(server, "test_error_handling", func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error) {
		return nil, errors.New("This tool intentionally returns an error for testing")
	})
	fixture(server, "test_tool_with_logging", logging)
	fixture(server, "test_tool_with_progress", progress)
	fixture(server, "test_sampling", sampling)
	fixture(server, "test_elicitation", func(ctx context.Context, r *sdk.CallToolRequest, in object) (*sdk.CallToolResult, error) {
		return elicit(ctx, r, fmt.Sprint(in["message"]), object{
			"username": object{"type": "string"}, "email": object{"type": "string"},
		})
	})
	fixture(server, "test_elicitation_sep1034_defaults", func(ctx context.Context, r *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
		return elicit(ctx, r, "defaults", defaults())
	})
	fixture(server, "test_elicitation_sep1330_enums", func(ctx context.Context, r *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
		return elicit(ctx, r, "choices", choices())
	})
	fixture(server, "test_reconnection", func(_ context.Context, r *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
		r.Extra.CloseSSEStream(sdk.CloseSSEStreamArgs{RetryAfter: 10 * time.Millisecond})
		return texts("answered after the stream was closed"), nil
	})
	server.AddTool(&sdk.Tool{Name: "json_schema_2020_12_tool", Description: "for the scenarios", InputSchema: object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
		"$defs":      object{"address": object{"type": "object", "properties": object{"street": object{"type": "string"}, "city": object{"type": "string"}}}},
		"properties": object{"name": object{"type": "string"}, "address": object{"$ref": "#/$defs/address"}},
	}}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return texts("fine"), nil })
	return server
}

// fixture adds a tool that takes any object.
func fixture(server *sdk.Server, name string, do func(context.Context, *sdk.CallToolRequest, object) (*sdk.CallToolResult, error)) {
	sdk.AddTool(server, &sdk.Tool{Name: name, Description: "for the scenarios"}, func(ctx context.Context, r *sdk.CallToolRequest, in object) (*sdk.CallToolResult, any, error) {
		result, err := do(ctx, r, in)
		return result, nil, err
	})
}

func texts(text string) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}
}

// contents are what tools give that always give the same.
func contents() map[string][]sdk.Content {
	image := &sdk.ImageContent{MIMEType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n")}
	resource := func(uri, kind, text string) *sdk.EmbeddedResource {
		return &sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: uri, MIMEType: kind, Text: text}}
	}
	return map[string][]sdk.Content{
		"test_simple_text":       {&sdk.TextContent{Text: "This is a simple text response for testing."}},
		"test_image_content":     {image},
		"test_audio_content":     {&sdk.AudioContent{MIMEType: "audio/wav", Data: []byte("RIFF\x04\x00\x00\x00WAVE")}},
		"test_embedded_resource": {resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")},
		"test_multiple_content_types": {
			&sdk.TextContent{Text: "Multiple content types test:"}, image,
			resource("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`),
		},
	}
}

func logging(ctx context.Context, r *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
	for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if err := r.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: text}); err != nil {
			return nil, err
		}
	}
	return texts("logged"), nil
}

func progress(ctx context.Context, r *sdk.CallToolRequest, _ object) (*sdk.CallToolResult, error) {
	token := r.Params.GetProgressToken()
	for _, done := range []float64{0, 50, 100} {
		if token == nil {
			break
		}
		if err := r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: done, Total: 100}); err != nil {
			return nil, err
		}
	}
	return texts("done"), nil
}

func sampling(ctx context.Context, r *sdk.CallToolRequest, in object) (*sdk.CallToolResult, error) {
	asked := &sdk.SamplingMessage{Role: "user", Content: &sdk.TextContent{Text: fmt.Sprint(in["prompt"])}}
	answer, err := r.Session.CreateMessage(ctx, &sdk.CreateMessageParams{Messages: []*sdk.SamplingMessage{asked}, MaxTokens: 100})
	if err != nil {
		return nil, err
	}
	text, ok := answer.Content.(*sdk.TextContent)
	if !ok {
		return nil, fmt.Errorf("the answer is a %T", answer.Content)
	}
	return texts("LLM response: " + text.Text), nil
}

func elicit(ctx context.Context, r *sdk.CallToolRequest, message string, properties object) (*sdk.CallToolResult, error) {
	answer, err := r.Session.Elicit(ctx, &sdk.ElicitParams{Message: message, RequestedSchema: object{"type": "object", "properties": properties}})
	if err != nil {
		return nil, err
	}
	return texts(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
}

// defaults are fields of each simple type, with what they are unless given.
func defaults() object {
	return object{
		"name":     object{"type": "string", "default": "John Doe"},
		"age":      object{"type": "integer", "default": 30},
		"score":    object{"type": "number", "default": 95.5},
		"status":   object{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": object{"type": "boolean", "default": true},
	}
}

// choices are fields of every kind that takes one or some of a list.
func choices() object {
	plain := []string{"option1", "option2", "option3"}
	titled := func(word string) []object {
		return []object{{"const": "value1", "title": "First " + word}, {"const": "value2", "title": "Second " + word}, {"const": "value3", "title": "Third " + word}}
	}
	return object{
		"untitledSingle": object{"type": "string", "enum": plain},
		"titledSingle":   object{"type": "string", "oneOf": titled("Option")},
		"legacyEnum":     object{"type": "string", "enum": []string{"opt1", "opt2", "opt3"}, "enumNames": []string{"Option One", "Option Two", "Option Three"}},
		"untitledMulti":  object{"type": "array", "items": object{"type": "string", "enum": plain}},
		"titledMulti":    object{"type": "array", "items": object{"anyOf": titled("Choice")}},
	}
}
