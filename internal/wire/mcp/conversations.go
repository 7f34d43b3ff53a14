package mcp

import (
	"context"
	"errors"
	"log/slog"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// instructions tell a client's model what the tools are for.
const instructions = `This server holds conversations with assistants, its agents. send_message says something and gives the answer; ` +
	`without a conversationId it begins a new conversation, whose id is in the result. Use that id to go on with it.`

// conversations are the tools over the engine.
type conversations struct {
	engine *engine.Engine
	log    *slog.Logger
}

// Conversations makes a server of the protocol that offers an engine's
// conversations, for [Options.Server].
func Conversations(e *engine.Engine, version string, log *slog.Logger) *sdk.Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &conversations{engine: e, log: log}
	server := sdk.NewServer(&sdk.Implementation{Name: "parley", Title: "Parley", Version: version}, &sdk.ServerOptions{
		Instructions: instructions,
		// The list of tools never changes, and nothing is logged to clients.
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}},
	})
	offer(c, server, reads("list_agents", "List the agents that a conversation can be held with, the newest first."), c.agents)
	offer(c, server, reads("list_conversations", "List the conversations, the newest first."), c.list)
	offer(c, server, reads("read_messages", "Read what was said in a conversation, from its beginning or, with newest, from its end."), c.read)
	offer(c, server, adds("create_conversation", "Begin a conversation without saying anything yet. send_message does that too."), c.create)
	offer(c, server, adds("send_message", "Say something in a conversation and wait for the assistant's answer. Cancelling the call stops the answer; what there is of it is kept."), c.send)
	offer(c, server, ends("stop", "Stop the answer that is being written in a conversation. What there is of it is kept."), c.stop)
	return server
}

func reads(name, description string) *sdk.Tool {
	return &sdk.Tool{Name: name, Description: description, Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: new(bool)}}
}

func adds(name, description string) *sdk.Tool {
	return &sdk.Tool{Name: name, Description: description, Annotations: &sdk.ToolAnnotations{DestructiveHint: new(bool)}}
}

func ends(name, description string) *sdk.Tool {
	return &sdk.Tool{Name: name, Description: description, Annotations: &sdk.ToolAnnotations{IdempotentHint: true, OpenWorldHint: new(bool)}}
}

// offer adds a tool. Its errors are told as far as callers may know them, as the
// tool's result: the model that called it can mend what it asked for.
func offer[In, Out any](c *conversations, server *sdk.Server, t *sdk.Tool, do func(context.Context, *sdk.CallToolRequest, convo.Actor, In) (*sdk.CallToolResult, Out, error)) {
	sdk.AddTool(server, t, func(ctx context.Context, r *sdk.CallToolRequest, in In) (*sdk.CallToolResult, Out, error) {
		actor, err := actorOf(r)
		if err != nil {
			var none Out
			return nil, none, err
		}
		result, out, err := do(ctx, r, actor, in)
		if err == nil {
			return result, out, nil
		}
		if convo.ErrorKind(err) == convo.Internal && ctx.Err() == nil {
			c.log.ErrorContext(ctx, "a tool failed", "front", frontName, "tool", t.Name, "error", err)
		}
		return nil, out, errors.New(convo.PublicError(err).Message)
	})
}

// The bounds of a page. What a client's model reads is paid for by the token.
const (
	pageTake  = 20
	pageMax   = 100
	pageBytes = 256 << 10 // of texts; the cursor says where it ended
)

type page struct {
	Cursor string `json:"cursor,omitempty" jsonschema:"the cursor of the page before"`
	Take   int    `json:"take,omitempty" jsonschema:"how many at most: 1 to 100, 20 unless given"`
}

func (p page) list(desc bool) (engine.List, error) {
	if p.Take < 0 || p.Take > pageMax {
		return engine.List{}, convo.Errorf(convo.Invalid, "take must be a whole number from 1 to %d", pageMax)
	}
	if p.Take == 0 {
		p.Take = pageTake
	}
	return engine.List{Cursor: p.Cursor, Take: p.Take, Desc: desc}, nil
}

type listed struct {
	Conversations []conversation `json:"conversations"`
	Cursor        string         `json:"cursor,omitempty" jsonschema:"pass it to read on; missing at the end"`
}

type conversation struct {
	ID          string `json:"id"`
	Agent       string `json:"agent,omitempty" jsonschema:"the id of the agent that answers"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Model       string `json:"model,omitempty"`
	Created     string `json:"created"`
	Updated     string `json:"updated"`
}

func (c *conversations) list(ctx context.Context, _ *sdk.CallToolRequest, actor convo.Actor, in page) (*sdk.CallToolResult, listed, error) {
	out := listed{Conversations: []conversation{}}
	asked, err := in.list(true)
	if err != nil {
		return nil, out, err
	}
	found, err := c.engine.Conversations(ctx, actor, asked)
	if err != nil {
		return nil, out, err
	}
	for _, item := range found.Items {
		out.Conversations = append(out.Conversations, conversation{
			ID: item.ID, Agent: text(item.BotID), Name: text(item.Name), Description: text(item.Description), Model: text(item.Model),
			Created: stamp(item.Created), Updated: stamp(item.Updated),
		})
	}
	if len(found.Items) == asked.Take {
		out.Cursor = found.Cursor
	}
	return nil, out, nil
}

type creation struct {
	Agent     string `json:"agent,omitempty" jsonschema:"the id of the agent that answers; no particular one unless given"`
	Name      string `json:"name,omitempty" jsonschema:"a name to find it by"`
	Model     string `json:"model,omitempty" jsonschema:"the model that answers; the agent's or the server's own unless given"`
	Backstory string `json:"backstory,omitempty" jsonschema:"what the assistant is and knows"`
}

type created struct {
	ConversationID string `json:"conversationId"`
}

func (c *conversations) create(ctx context.Context, _ *sdk.CallToolRequest, actor convo.Actor, in creation) (*sdk.CallToolResult, created, error) {
	id, err := c.begin(ctx, actor, in)
	return nil, created{id}, err
}

func (c *conversations) begin(ctx context.Context, actor convo.Actor, in creation) (string, error) {
	fields := convo.Fields{Name: given(in.Name), BotID: given(in.Agent)}
	fields.Model, fields.Backstory = given(in.Model), given(in.Backstory)
	made, err := c.engine.CreateConversation(ctx, actor, engine.NewConversation{Fields: fields}, nil)
	return made.Conversation.ID, err
}

// given is a field, or nil: models write "" for what they leave out.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type named struct {
	ConversationID string `json:"conversationId"`
}

type stopped struct {
	Stopped int `json:"stopped" jsonschema:"1 if an answer was being written, else 0"`
}

func (c *conversations) stop(ctx context.Context, _ *sdk.CallToolRequest, actor convo.Actor, in named) (*sdk.CallToolResult, stopped, error) {
	n, err := c.engine.Stop(ctx, actor, in.ConversationID, "", nil)
	return nil, stopped{n}, err
}
