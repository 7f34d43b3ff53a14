package record

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// What a call is given and gives may be long, so it stands in Text, where drivers
// deflate it. Where an event has two such parts, the first one is JSON, in which
// no zero byte stands, and a zero byte ends it.

type toolRequested struct {
	Place   int64        `json:"p,omitempty"`
	ID      string       `json:"i,omitempty"`
	Name    string       `json:"n,omitempty"`
	Runs    convo.Runner `json:"r,omitempty"`
	Channel string       `json:"c,omitempty"`
}

func toolRequestedOf(b convo.ToolRequested) toolRequested {
	return toolRequested{b.Place, b.ID, b.Name, b.Runs, b.Channel}
}

func (w toolRequested) domain(r Record) convo.ToolRequested {
	arguments, signature := parts(r.Text)
	return convo.ToolRequested{
		ID: w.ID, Message: r.Message, Place: w.Place, Name: w.Name, Arguments: jsonOf(arguments),
		Runs: w.Runs, Channel: w.Channel, Signature: signature,
	}
}

// turnWaiting says something of several calls, which may go one by one, so that
// nothing of it stands in Text.
type turnWaiting struct {
	Answered *modelAnswered `json:"a,omitempty"`
	Left     []leftCall     `json:"l,omitempty"`
}

type leftCall struct {
	toolRequested
	Message   string `json:"m,omitempty"`
	Arguments string `json:"a,omitempty"`
	Signature string `json:"s,omitempty"`
}

func turnWaitingOf(b convo.TurnWaiting) turnWaiting {
	var w turnWaiting
	if b.Answered != nil {
		w.Answered = new(modelAnsweredOf(*b.Answered))
	}
	for _, c := range b.Left {
		w.Left = append(w.Left, leftCall{toolRequestedOf(c), c.Message, string(c.Arguments), c.Signature})
	}
	return w
}

func (w turnWaiting) domain() convo.TurnWaiting {
	var b convo.TurnWaiting
	if w.Answered != nil {
		b.Answered = new(w.Answered.domain())
	}
	for _, c := range w.Left {
		b.Left = append(b.Left, convo.ToolRequested{
			ID: c.ID, Message: c.Message, Place: c.Place, Name: c.Name, Arguments: jsonOf(c.Arguments),
			Runs: c.Runs, Channel: c.Channel, Signature: c.Signature,
		})
	}
	return b
}

type toolStarted struct {
	ID      string `json:"i,omitempty"`
	Name    string `json:"n,omitempty"`
	Channel string `json:"c,omitempty"`
}

type toolEnded struct {
	Place   int64             `json:"p,omitempty"`
	ID      string            `json:"i,omitempty"`
	Name    string            `json:"n,omitempty"`
	Channel string            `json:"c,omitempty"`
	Outcome convo.ToolOutcome `json:"o,omitempty"`
}

func (w toolEnded) domain(r Record) convo.ToolEnded {
	arguments, output := parts(r.Text)
	return convo.ToolEnded{
		ID: w.ID, Message: r.Message, Place: w.Place, Name: w.Name, Arguments: jsonOf(arguments),
		Channel: w.Channel, Output: jsonOf(output), Outcome: w.Outcome,
	}
}

// encodeCall fills in what stands apart of an event of a call, and gives the rest.
func (r *Record) encodeCall(b convo.Body) (data any) {
	switch b := b.(type) {
	case convo.ToolRequested:
		r.Message, r.Text = b.Message, joined(b.Arguments, b.Signature)
		data = toolRequestedOf(b)
	case convo.ToolStarted:
		r.Message, r.Text = b.Message, string(b.Input)
		data = toolStarted{b.ID, b.Name, b.Channel}
	case convo.ToolEnded:
		r.Message, r.Text = b.Message, joined(b.Arguments, string(b.Output))
		data = toolEnded{b.Place, b.ID, b.Name, b.Channel, b.Outcome}
	}
	r.HasText = r.Text != ""
	return data
}

// joined makes one text of two parts.
func joined(first convo.JSON, second string) string {
	if second == "" {
		return string(first)
	}
	return string(first) + "\x00" + second
}

// parts gives the two parts of a text.
func parts(text string) (first, second string) {
	first, second, _ = strings.Cut(text, "\x00")
	return first, second
}
