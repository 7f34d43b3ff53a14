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
	Asked     *asked       `json:"asked,omitempty"`
}

// asked is what a call shows to those who answer it.
type asked struct {
	Asks   convo.Asks `json:"asks,omitempty"`
	Input  object     `json:"input,omitempty"`
	Output object     `json:"output,omitempty"`
}

func toolRequestedOf(b convo.ToolRequested) toolRequested {
	w := toolRequested{b.ID, b.Message, b.Place, b.Name, object(b.Arguments), b.Runs, b.Channel, b.Signature, nil}
	if b.Asked.Asks != "" || b.Asked.Input != nil || b.Asked.Output != nil {
		w.Asked = &asked{b.Asked.Asks, object(b.Asked.Input), object(b.Asked.Output)}
	}
	return w
}

func (w toolRequested) domain() convo.ToolRequested {
	b := convo.ToolRequested{
		ID: w.ID, Message: w.Message, Place: w.Place, Name: w.Name, Arguments: convo.JSON(w.Arguments),
		Runs: w.Runs, Channel: w.Channel, Signature: w.Signature,
	}
	if w.Asked != nil {
		b.Asked = convo.Asked{Asks: w.Asked.Asks, Input: convo.JSON(w.Asked.Input), Output: convo.JSON(w.Asked.Output)}
	}
	return b
}

type toolStarted struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Name    string `json:"name"`
	Channel string `json:"channel,omitempty"`
	Input   object `json:"input,omitempty"`
	To      string `json:"to,omitempty"`
}

func toolStartedOf(b convo.ToolStarted) toolStarted {
	return toolStarted{b.ID, b.Message, b.Name, b.Channel, object(b.Input), b.To}
}

func (w toolStarted) domain() convo.ToolStarted {
	return convo.ToolStarted{
		ID: w.ID, Message: w.Message, Name: w.Name, Channel: w.Channel, Input: convo.JSON(w.Input), To: w.To,
	}
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
	Sources   numbers           `json:"sources,omitzero"`
}

func toolEndedOf(b convo.ToolEnded) toolEnded {
	return toolEnded{
		b.ID, b.Message, b.Place, b.Name, object(b.Arguments), b.Channel, value(b.Output), b.Outcome, numbers(b.Sources),
	}
}

func (w toolEnded) domain() convo.ToolEnded {
	return convo.ToolEnded{
		ID: w.ID, Message: w.Message, Place: w.Place, Name: w.Name, Arguments: convo.JSON(w.Arguments),
		Channel: w.Channel, Output: convo.JSON(w.Output), Outcome: w.Outcome, Sources: convo.Numbers(w.Sources),
	}
}

type toolAnswered struct {
	ID       string `json:"id"`
	Message  string `json:"message"`
	Name     string `json:"name"`
	Approved bool   `json:"approved,omitempty"`
	Input    object `json:"input,omitempty"`
}

func toolAnsweredOf(b convo.ToolAnswered) toolAnswered {
	return toolAnswered{b.ID, b.Message, b.Name, b.Approved, object(b.Input)}
}

func (w toolAnswered) domain() convo.ToolAnswered {
	return convo.ToolAnswered{
		ID: w.ID, Message: w.Message, Name: w.Name, Approved: w.Approved, Input: convo.JSON(w.Input),
	}
}

type toolOffered struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	To      string `json:"to,omitempty"`
}

type interruptStarted struct {
	ID      string `json:"id"`
	Call    string `json:"call"`
	Message string `json:"message"`
	Type    string `json:"type,omitempty"`
	Value   value  `json:"value,omitempty"`
}

func interruptStartedOf(b convo.InterruptStarted) interruptStarted {
	return interruptStarted{b.ID, b.Call, b.Message, b.Type, value(b.Value)}
}

func (w interruptStarted) domain() convo.InterruptStarted {
	return convo.InterruptStarted{ID: w.ID, Call: w.Call, Message: w.Message, Type: w.Type, Value: convo.JSON(w.Value)}
}

type interruptEnded struct {
	ID      string `json:"id"`
	Call    string `json:"call"`
	Message string `json:"message"`
	Value   value  `json:"value,omitempty"`
}

func interruptEndedOf(b convo.InterruptEnded) interruptEnded {
	return interruptEnded{b.ID, b.Call, b.Message, value(b.Value)}
}

func (w interruptEnded) domain() convo.InterruptEnded {
	return convo.InterruptEnded{ID: w.ID, Call: w.Call, Message: w.Message, Value: convo.JSON(w.Value)}
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
