package mcp

import (
	"context"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
)

type reading struct {
	ConversationID string `json:"conversationId"`
	Newest         bool   `json:"newest,omitempty" jsonschema:"begin with the newest message"`
	page
}

type read struct {
	Messages []message `json:"messages"`
	Cursor   string    `json:"cursor,omitempty" jsonschema:"pass it to read on; missing at the end"`
}

type message struct {
	ID         string `json:"id"`
	Type       string `json:"type" jsonschema:"user, bot, context, instruction, backstory, reasoning, activity or checkpoint"`
	Text       string `json:"text"`
	Incomplete bool   `json:"incomplete,omitempty" jsonschema:"it was cut off before its end"`
	Created    string `json:"created"`
}

// read gives a page of messages. It ends early where it would become too long.
func (c *conversations) read(ctx context.Context, _ *sdk.CallToolRequest, actor convo.Actor, in reading) (*sdk.CallToolResult, read, error) {
	out := read{Messages: []message{}}
	asked, err := in.list(in.Newest)
	if err != nil {
		return nil, out, err
	}
	found, err := c.engine.Messages(ctx, actor, in.ConversationID, asked)
	if err != nil {
		return nil, out, err
	}
	size := 0
	for _, m := range found.Items {
		if size += len(m.Text); size > pageBytes && len(out.Messages) > 0 {
			out.Cursor = out.Messages[len(out.Messages)-1].ID
			return nil, out, nil
		}
		out.Messages = append(out.Messages, message{m.ID, string(m.Type), m.Text, m.Incomplete, stamp(m.Created)})
	}
	if len(found.Items) == asked.Take {
		out.Cursor = found.Cursor
	}
	return nil, out, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
