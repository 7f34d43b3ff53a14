package archive

import "github.com/parleyhq/parley/internal/convo"

type toolRequested struct {
	ID        string       `json:"id"`
	Message   string       `json:"message"`
	Place     int64        `json:"place"`
	Name      string       `json:"name"`
	Arguments object       `json:"arguments,omitempty"`
	Runs      convo.Runner `json:"runs"`
	Channel   string       `json:"channel,omitempty"`
	Signature string       `json:"signature,omitempty"`
}

func toolRequestedOf(b convo.ToolRequested) toolRequested {
	return toolRequested{b.ID, b.Message, b.Place, b.Name, object(b.Arguments), b.Runs, b.Channel, b.Signature}
}

func (w toolRequested) domain() convo.ToolRequested {
	return convo.ToolRequested{
		ID: w.ID, Message: w.Message, Place: w.Place, Name: w.Name, Arguments: convo.JSON(w.Arguments),
		Runs: w.Runs, Channel: w.Channel, Signature: w.Signature,
	}
}

type toolStarted struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Name    string `json:"name"`
	Channel string `json:"channel,omitempty"`
	Input   object `json:"input,omitempty"`
}

func toolStartedOf(b convo.ToolStarted) toolStarted {
	return toolStarted{b.ID, b.Message, b.Name, b.Channel, object(b.Input)}
}

func (w toolStarted) domain() convo.ToolStarted {
	return convo.ToolStarted{ID: w.ID, Message: w.Message, Name: w.Name, Channel: w.Channel, Input: convo.JSON(w.Input)}
}

type toolEnded struct {
	ID        string            `json:"id"`
	Message   string            `json:"message"`
	Place     int64             `json:"place"`
	Name      string            `json:"name"`
	Arguments object            `json:"arguments,omitempty"`
	Channel   string            `json:"channel,omitempty"`
	Output    value             `json:"output,omitempty"`
	Outcome   convo.ToolOutcome `json:"outcome"`
}

func toolEndedOf(b convo.ToolEnded) toolEnded {
	return toolEnded{b.ID, b.Message, b.Place, b.Name, object(b.Arguments), b.Channel, value(b.Output), b.Outcome}
}

func (w toolEnded) domain() convo.ToolEnded {
	return convo.ToolEnded{
		ID: w.ID, Message: w.Message, Place: w.Place, Name: w.Name, Arguments: convo.JSON(w.Arguments),
		Channel: w.Channel, Output: convo.JSON(w.Output), Outcome: w.Outcome,
	}
}

type turnWaiting struct {
	Answered *modelAnswered  `json:"answered,omitempty"`
	Left     []toolRequested `json:"left,omitempty"`
}

func turnWaitingOf(b convo.TurnWaiting) turnWaiting {
	var w turnWaiting
	if b.Answered != nil {
		w.Answered = new(modelAnsweredOf(*b.Answered))
	}
	for _, call := range b.Left {
		w.Left = append(w.Left, toolRequestedOf(call))
	}
	return w
}

func (w turnWaiting) domain() convo.TurnWaiting {
	var b convo.TurnWaiting
	if w.Answered != nil {
		b.Answered = new(w.Answered.domain())
	}
	for _, call := range w.Left {
		b.Left = append(b.Left, call.domain())
	}
	return b
}
