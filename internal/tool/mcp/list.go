package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/schema"
	"github.com/parleyhq/parley/internal/tool"
)

// What of a server's list is taken.
const (
	maxTools       = 128
	maxDescription = 8 << 10
	schemaBytes    = 1 << 20 // kept of the schemas while they are looked at
)

// list reads a server's tools. One whose schema is too large or too deep is left
// out, and so are those beyond maxTools.
func (l *link) list(ctx context.Context, session *sdk.ClientSession, mask func(string) string) ([]*remote, error) {
	var tools []*remote
	left, schemas := "", schema.NewCache(schemaBytes)
	for t, err := range session.Tools(ctx, nil) {
		if err != nil {
			return nil, fmt.Errorf("listing its tools: %w", err)
		}
		if len(tools) == maxTools {
			left = fmt.Sprintf("there are more than %d", maxTools)
			break
		}
		spec, err := specOf(t, schemas, mask)
		if err != nil {
			left = mask(err.Error())
			continue
		}
		tools = append(tools, &remote{link: l, spec: spec, own: t.Name})
	}
	if left != "" {
		l.set.options.Log.Warn("an MCP server has tools that are left out", "server", l.server.Name, "reason", left)
	}
	return tools, nil
}

// specOf is what the model knows of a tool. mask takes secrets out of it.
func specOf(t *sdk.Tool, schemas *schema.Cache, mask func(string) string) (tool.Spec, error) {
	parameters, err := json.Marshal(masked(t.InputSchema, mask))
	if err == nil {
		// One that a turn would not take must not cost it the turn.
		_, err = schemas.Compile(clip(t.Name, 64), parameters)
	}
	if err != nil {
		return tool.Spec{}, err
	}
	description := t.Description
	if description == "" {
		description = t.Title
	}
	return tool.Spec{
		Name:        tool.Name(t.Name),
		Description: clip(mask(strings.ToValidUTF8(description, "\uFFFD")), maxDescription),
		Parameters:  convo.JSON(parameters),
	}, nil
}

// clip bounds a text, at the start of a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most] + "…"
}
