package record

import (
	"fmt"
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
	Asks    convo.Asks   `json:"k,omitempty"`
	Schemas bool         `json:"x,omitempty"` // two schemas stand between the arguments and the signature
}

func toolRequestedOf(b convo.ToolRequested) toolRequested {
	return toolRequested{b.Place, b.ID, b.Name, b.Runs, b.Channel, b.Asked.Asks, b.Asked.Input != nil || b.Asked.Output != nil}
}

func (w toolRequested) domain(r Record) convo.ToolRequested {
	arguments, signature := split(r.Text)
	asked := convo.Asked{Asks: w.Asks}
	if w.Schemas {
		input, rest := split(signature)
		output, rest := split(rest)
		asked.Input, asked.Output, signature = jsonOf(input), jsonOf(output), rest
	}
	return convo.ToolRequested{
		ID: w.ID, Message: r.Message, Place: w.Place, Name: w.Name, Arguments: jsonOf(arguments),
		Runs: w.Runs, Channel: w.Channel, Signature: signature, Asked: asked,
	}
}

// textOfRequest is what of a request stands in its text.
func textOfRequest(b convo.ToolRequested) string {
	rest := b.Signature
	if b.Asked.Input != nil || b.Asked.Output != nil {
		rest = string(b.Asked.Input) + "\x00" + string(b.Asked.Output) + "\x00" + rest
	}
	return joined(b.Arguments, rest)
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
	Input     string `json:"in,omitempty"`
	Output    string `json:"out,omitempty"`
}

func turnWaitingOf(b convo.TurnWaiting) turnWaiting {
	var w turnWaiting
	if b.Answered != nil {
		w.Answered = new(modelAnsweredOf(*b.Answered))
	}
	for _, c := range b.Left {
		left := leftCall{
			toolRequestedOf(c), c.Message, string(c.Arguments), c.Signature, string(c.Asked.Input), string(c.Asked.Output),
		}
		left.Schemas = false // they stand beside it
		w.Left = append(w.Left, left)
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
			Asked: convo.Asked{Asks: c.Asks, Input: jsonOf(c.Input), Output: jsonOf(c.Output)},
		})
	}
	return b
}

type toolStarted struct {
	ID      string `json:"i,omitempty"`
	Name    string `json:"n,omitempty"`
	Channel string `json:"c,omitempty"`
	To      string `json:"t,omitempty"`
}

type toolEnded struct {
	Place   int64             `json:"p,omitempty"`
	ID      string            `json:"i,omitempty"`
	Name    string            `json:"n,omitempty"`
	Channel string            `json:"c,omitempty"`
	Outcome convo.ToolOutcome `json:"o,omitempty"`
	Sources numbers           `json:"s,omitzero"`
}

func (w toolEnded) domain(r Record) convo.ToolEnded {
	arguments, output := split(r.Text)
	return convo.ToolEnded{
		ID: w.ID, Message: r.Message, Place: w.Place, Name: w.Name, Arguments: jsonOf(arguments),
		Channel: w.Channel, Output: jsonOf(output), Outcome: w.Outcome, Sources: convo.Numbers(w.Sources),
	}
}

type toolAnswered struct {
	ID       string `json:"i,omitempty"`
	Name     string `json:"n,omitempty"`
	Approved bool   `json:"a,omitempty"`
}

type toolOffered struct {
	ID string `json:"i,omitempty"`
	To string `json:"t,omitempty"`
}

type interrupt struct {
	ID   string `json:"i,omitempty"`
	Call string `json:"c,omitempty"`
	Type string `json:"t,omitempty"`
}

// encodeCall fills in what stands apart of an event of a call, and gives the rest.
func (r *Record) encodeCall(b convo.Body) (data any, err error) {
	switch b := b.(type) {
	case convo.ToolRequested:
		r.Message, r.Text = b.Message, textOfRequest(b)
		data = toolRequestedOf(b)
	case convo.ToolStarted:
		r.Message, r.Text = b.Message, string(b.Input)
		data = toolStarted{b.ID, b.Name, b.Channel, b.To}
	case convo.ToolEnded:
		r.Message, r.Text = b.Message, joined(b.Arguments, string(b.Output))
		data = toolEnded{b.Place, b.ID, b.Name, b.Channel, b.Outcome, numbers(b.Sources)}
	case convo.ToolAnswered:
		r.Message, r.Text = b.Message, string(b.Input)
		data = toolAnswered{b.ID, b.Name, b.Approved}
	case convo.ToolOffered:
		r.Message = b.Message
		data = toolOffered{b.ID, b.To}
	case convo.InterruptStarted:
		r.Message, r.Text = b.Message, string(b.Value)
		data = interrupt{b.ID, b.Call, b.Type}
	case convo.InterruptEnded:
		r.Message, r.Text = b.Message, string(b.Value)
		data = interrupt{b.ID, b.Call, ""}
	default:
		return nil, fmt.Errorf("record: a body of type %T has no stored form", b)
	}
	r.HasText = r.Text != ""
	return data, nil
}

// decodeCall decodes the events of tool calls.
func decodeCall(r Record) (convo.Body, error) {
	switch r.Kind {
	case convo.KindToolRequested:
		d, err := unmarshal[toolRequested](r.Data)
		return d.domain(r), err
	case convo.KindToolStarted:
		d, err := unmarshal[toolStarted](r.Data)
		return convo.ToolStarted{
			ID: d.ID, Message: r.Message, Name: d.Name, Channel: d.Channel, Input: jsonOf(r.Text), To: d.To,
		}, err
	case convo.KindToolEnded:
		d, err := unmarshal[toolEnded](r.Data)
		return d.domain(r), err
	case convo.KindToolAnswered:
		d, err := unmarshal[toolAnswered](r.Data)
		return convo.ToolAnswered{
			ID: d.ID, Message: r.Message, Name: d.Name, Approved: d.Approved, Input: jsonOf(r.Text),
		}, err
	case convo.KindToolOffered:
		d, err := unmarshal[toolOffered](r.Data)
		return convo.ToolOffered{ID: d.ID, Message: r.Message, To: d.To}, err
	case convo.KindInterruptStarted:
		d, err := unmarshal[interrupt](r.Data)
		return convo.InterruptStarted{ID: d.ID, Call: d.Call, Message: r.Message, Type: d.Type, Value: jsonOf(r.Text)}, err
	case convo.KindInterruptEnded:
		d, err := unmarshal[interrupt](r.Data)
		return convo.InterruptEnded{ID: d.ID, Call: d.Call, Message: r.Message, Value: jsonOf(r.Text)}, err
	default:
		return nil, fmt.Errorf("this version does not know the kind; the data was written by a newer one")
	}
}

// joined makes one text of two parts.
func joined(first convo.JSON, second string) string {
	if second == "" {
		return string(first)
	}
	return string(first) + "\x00" + second
}

// split gives the two parts of a text.
func split(text string) (first, second string) {
	first, second, _ = strings.Cut(text, "\x00")
	return first, second
}
