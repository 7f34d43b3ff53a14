package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

type agents struct {
	Agents []agent `json:"agents"`
	Cursor string  `json:"cursor,omitempty" jsonschema:"pass it to read on; missing at the end"`
}

// agent is a bot, without what it is told: that is its own.
type agent struct {
	ID          string `json:"id" jsonschema:"pass it to send_message or create_conversation"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty" jsonschema:"what it is for"`
}

func (c *conversations) agents(ctx context.Context, _ *sdk.CallToolRequest, actor convo.Actor, in page) (*sdk.CallToolResult, agents, error) {
	out := agents{Agents: []agent{}}
	asked, err := in.list(true)
	if err != nil {
		return nil, out, err
	}
	found, err := c.engine.ListObjects(ctx, actor, engine.Place{Kind: convo.ObjectBot}, asked)
	if err != nil {
		return nil, out, err
	}
	for _, o := range found.Items {
		out.Agents = append(out.Agents, agent{o.ID, text(o.Name), text(o.Description)})
	}
	if len(found.Items) == asked.Take {
		out.Cursor = found.Cursor
	}
	return nil, out, nil
}
