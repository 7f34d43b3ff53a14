package chatbotkit

import (
	"context"
	"net/http"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// compactStatelessRequest brings what is to be summed up.
type compactStatelessRequest struct {
	Messages   []messageItem `json:"messages" required:"true" doc:"The conversation so far, oldest first."`
	Extensions extension     `json:"extensions" doc:"What the bot knows and can beside the rest."`
	configFields
	BotID httpio.Optional[string] `json:"botId" doc:"The bot whose values count, by its id or alias, where the members beside it have none."`
}

// compactedObject is what came of a compaction. Without a text there was nothing to
// sum up.
type compactedObject struct {
	ID    string      `json:"id,omitempty" doc:"The new message, or the conversation where nothing was to be summed up. Left out without a conversation."`
	Text  string      `json:"text"`
	Usage resultUsage `json:"usage"`
}

func showCompaction(made engine.Compaction) []byte {
	u := made.Usage
	return encode(compactedObject{
		ID: made.ID, Text: made.Text,
		Usage: resultUsage{u.Total(), u.Input.N, u.Cached.N, u.Reasoning.N, u.Output.N, sourceOf(u)},
	})
}

// compactConversation stores a checkpoint, which takes the place of what stands
// before it.
func compactConversation(c *call, _ emptyRequest) error {
	c.ask.Render = func(result any) []byte {
		made, _ := result.(engine.Compaction)
		return showCompaction(made)
	}
	return c.patiently(func(ctx context.Context) ([]byte, error) {
		made, err := c.engine().Compact(ctx, c.actor, c.conversation(), c.ask)
		if body, ok := c.ask.Replay(); ok && err == nil {
			return body, nil
		}
		return showCompaction(made), err
	})
}

// compactStateless sums up messages that are stored nowhere.
func compactStateless(c *call, in compactStatelessRequest) error {
	if err := in.Extensions.allowed(c.actor); err != nil {
		return err
	}
	input := engine.StatelessInput{Messages: newMessages(in.Messages), Zone: c.zone, Front: frontName}
	if err := in.Extensions.apply(&input.Given, c.engine().Limits().Text); err != nil {
		return err
	}
	in.BotID.Apply(&input.BotID)
	in.configFields.apply(&input.Config)
	return c.patiently(func(ctx context.Context) ([]byte, error) {
		made, err := c.engine().CompactStateless(ctx, c.actor, input)
		return showCompaction(made), err
	})
}

// patiently answers with an object that may take long to make.
func (c *call) patiently(do func(context.Context) ([]byte, error)) error {
	if c.lines {
		body, err := do(c.r.Context())
		if err != nil {
			return err
		}
		return c.answer(body, false)
	}
	c.w.Header().Set("Cache-Control", "no-store")
	slow := httpio.StartSlow(c.w)
	defer slow.Stop()
	body, err := do(c.r.Context())
	switch started := slow.Stop(); {
	case err != nil && started:
		return httpio.Cut(err) // its status is gone
	case err != nil:
		return err
	case started:
		_, err := c.w.Write(body)
		return err
	}
	if _, ok := c.ask.Replay(); ok {
		c.w.Header().Set("Idempotent-Replayed", "true")
	}
	return c.w.Send(http.StatusOK, "application/json", body)
}

// compactionOperations are the rows of the table for summaries.
func compactionOperations() []operation {
	return []operation{
		post("compactConversation", "/conversation/{conversationId}/compact", account, compactConversation),
		post("compactConversationMessages", "/conversation/compact", account, compactStateless),
	}
}
