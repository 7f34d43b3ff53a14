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
	f.Agenda = cloneAgenda(f.Agenda)
	f.Config = cloneConfig(f.Config)
	return f
}

func cloneAgenda(a convo.Agenda) convo.Agenda {
	a.Owner, a.AgentInput, a.TraceID = clone(a.Owner), bytes.Clone(a.AgentInput), clone(a.TraceID)
	a.JobKey, a.LocalJob, a.JobStart = clone(a.JobKey), clone(a.LocalJob), bytes.Clone(a.JobStart)
	return a
}

func cloneConfig(c convo.Config) convo.Config {
	return convo.Config{
		Model: clone(c.Model), Backstory: clone(c.Backstory), DatasetID: clone(c.DatasetID),
		SkillsetID: clone(c.SkillsetID), Privacy: clone(c.Privacy), Moderation: clone(c.Moderation), Unmasked: clone(c.Unmasked),
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
	m.Parts, m.Citations = cloneParts(m.Parts), cloneCitations(m.Citations)
	return m
}

func cloneTurn(t convo.Turn) convo.Turn {
	t.Failure, t.Metadata = clone(t.Failure), bytes.Clone(t.Metadata)
	t.Calls = slices.Clone(t.Calls)
	for i := range t.Calls {
		t.Calls[i].Arguments = bytes.Clone(t.Calls[i].Arguments)
	}
	t.Coming = slices.Clone(t.Coming)
	for i := range t.Coming {
		c := &t.Coming[i]
		c.Meta, c.Citations, c.Parts = bytes.Clone(c.Meta), cloneCitations(c.Citations), slices.Clone(c.Parts)
		for n := range c.Parts {
			c.Parts[n].Part = clonePart(c.Parts[n].Part)
		}
	}
	return t
}

func clonePart(p convo.Part) convo.Part {
	p.File, p.Meta, p.Citations = clone(p.File), bytes.Clone(p.Meta), cloneCitations(p.Citations)
	return p
}

func cloneParts(list []convo.Part) []convo.Part {
	list = slices.Clone(list)
	for i := range list {
		list[i] = clonePart(list[i])
	}
	return list
}

func cloneCitations(list []convo.Citation) []convo.Citation {
	list = slices.Clone(list)
	for i := range list {
		list[i].Sources = slices.Clone(list[i].Sources)
	}
	return list
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
		b.Fields, b.Parts = cloneMessageFields(b.Fields), cloneParts(b.Parts)
		return b
	case convo.MessageEnded:
		b.Meta, b.Parts, b.Citations = bytes.Clone(b.Meta), cloneParts(b.Parts), cloneCitations(b.Citations)
		return b
	case convo.MessageChanged:
		b.Fields, b.Text = cloneMessageFields(b.Fields), clone(b.Text)
		return b
	}
	return cloneSaid(b)
}

// cloneSaid is cloneBody for the events of live sessions.
func cloneSaid(b convo.Body) convo.Body {
	switch b := b.(type) {
	case convo.TurnOpened:
		b.Metadata = bytes.Clone(b.Metadata)
		return b
	case convo.MessageStarted:
		b.Meta = bytes.Clone(b.Meta)
		return b
	case convo.PartStarted:
		b.Part = clonePart(b.Part)
		return b
	case convo.PartEnded:
		b.Meta = bytes.Clone(b.Meta)
		return b
	case convo.Cited:
		b.Citation.Sources = slices.Clone(b.Citation.Sources)
		return b
	case convo.PassedOn:
		b.Body = bytes.Clone(b.Body)
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
			b.Left[i] = cloneRequested(b.Left[i])
		}
		return b
	case convo.ToolRequested:
		return cloneRequested(b)
	case convo.ToolAnswered:
		b.Input = bytes.Clone(b.Input)
		return b
	case convo.InterruptStarted:
		b.Value = bytes.Clone(b.Value)
		return b
	case convo.InterruptEnded:
		b.Value = bytes.Clone(b.Value)
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

func cloneRequested(b convo.ToolRequested) convo.ToolRequested {
	b.Arguments = bytes.Clone(b.Arguments)
	b.Asked.Input, b.Asked.Output = bytes.Clone(b.Asked.Input), bytes.Clone(b.Asked.Output)
	return b
}
