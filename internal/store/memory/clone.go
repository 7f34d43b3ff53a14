package memory

import (
	"bytes"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

// The functions below copy what is behind a value's pointers, so that callers
// may do with it what they like.

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

func cloneFields(f convo.Fields) convo.Fields {
	f.Name, f.Description, f.Meta = clone(f.Name), clone(f.Description), bytes.Clone(f.Meta)
	f.BotID, f.ContactID, f.TaskID, f.SpaceID = clone(f.BotID), clone(f.ContactID), clone(f.TaskID), clone(f.SpaceID)
	f.Channel = clone(f.Channel)
	f.Config = cloneConfig(f.Config)
	return f
}

func cloneConfig(c convo.Config) convo.Config {
	return convo.Config{
		Model: clone(c.Model), Backstory: clone(c.Backstory), DatasetID: clone(c.DatasetID),
		SkillsetID: clone(c.SkillsetID), Privacy: clone(c.Privacy), Moderation: clone(c.Moderation),
	}
}

func cloneConversation(c convo.Conversation) convo.Conversation {
	c.Fields = cloneFields(c.Fields)
	return c
}

func cloneMessageFields(f convo.MessageFields) convo.MessageFields {
	f.Name, f.Description, f.Meta = clone(f.Name), clone(f.Description), bytes.Clone(f.Meta)
	return f
}

func cloneMessage(m convo.Message) convo.Message {
	m.MessageFields = cloneMessageFields(m.MessageFields)
	return m
}

func cloneTurn(t convo.Turn) convo.Turn {
	t.Failure = clone(t.Failure)
	t.Calls = slices.Clone(t.Calls)
	for i := range t.Calls {
		t.Calls[i].Arguments = bytes.Clone(t.Calls[i].Arguments)
	}
	return t
}

func cloneTurns(list []convo.Turn) []convo.Turn {
	var clones []convo.Turn
	for _, t := range list {
		clones = append(clones, cloneTurn(t))
	}
	return clones
}

func cloneRequest(r convo.Request) convo.Request {
	r.Answer = bytes.Clone(r.Answer)
	return r
}

func cloneBody(b convo.Body) convo.Body {
	switch b := b.(type) {
	case convo.ConversationCreated:
		b.Fields = cloneFields(b.Fields)
		return b
	case convo.ConversationChanged:
		b.Fields = cloneFields(b.Fields)
		return b
	case convo.TurnEnded:
		b.Failure = clone(b.Failure)
		return b
	case convo.MessageGiven:
		b.Fields = cloneMessageFields(b.Fields)
		return b
	case convo.MessageEnded:
		b.Meta = bytes.Clone(b.Meta)
		return b
	case convo.MessageChanged:
		b.Fields, b.Text = cloneMessageFields(b.Fields), clone(b.Text)
		return b
	}
	return cloneCall(b)
}

// cloneCall is cloneBody for the events of tool calls.
func cloneCall(b convo.Body) convo.Body {
	switch b := b.(type) {
	case convo.TurnWaiting:
		b.Answered, b.Left = clone(b.Answered), slices.Clone(b.Left)
		for i := range b.Left {
			b.Left[i].Arguments = bytes.Clone(b.Left[i].Arguments)
		}
		return b
	case convo.ToolRequested:
		b.Arguments = bytes.Clone(b.Arguments)
		return b
	case convo.ToolStarted:
		b.Input = bytes.Clone(b.Input)
		return b
	case convo.ToolEnded:
		b.Arguments, b.Output = bytes.Clone(b.Arguments), bytes.Clone(b.Output)
		return b
	}
	return b
}
