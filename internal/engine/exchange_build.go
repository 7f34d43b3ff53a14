package engine

import (
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// exchangeBuilder makes an exchange of the steps of its turn: see [store.Steps]. The
// texts of messages that have ended are put in at the end.
type exchangeBuilder struct {
	Exchange
	messages []*messageBuilder
	answer   *messageBuilder // the answer that the model gives at this moment; nil = none
	thought  string          // reasoning that belongs to the next message of the assistant
	coming   map[string]*messageBuilder
}

// messageBuilder is a message on its way.
type messageBuilder struct {
	ExchangeMessage
	texts map[string]*strings.Builder // of its parts, while it is open; "" = of its only one
	ended map[string]bool             // of its parts, while it is open
}

func newExchangeBuilder(t convo.Turn) *exchangeBuilder {
	return &exchangeBuilder{Exchange: Exchange{Turn: t, Updated: t.Opened}, coming: map[string]*messageBuilder{}}
}

// add takes in the turn's next step.
func (b *exchangeBuilder) add(e convo.Event) {
	if e.At.After(b.Updated) {
		b.Updated = e.At
	}
	switch body := e.Body.(type) {
	case convo.MessageGiven:
		if role := RoleOf(body.Fields.Type); role != "" && !body.OfTurn() {
			b.begin(e, body.ID, body.Alias, body.Fields.Type, role)
		}
	case convo.MessageStarted:
		b.started(e, body)
	case convo.Delta:
		if m := b.coming[body.Message]; m != nil {
			m.text(body.Part).WriteString(body.Text)
			m.Updated = e.At
		}
	case convo.MessageEnded:
		b.ended(body)
	case convo.PartStarted, convo.PartEnded, convo.Cited:
		b.part(e)
	case convo.ModelAsked, convo.ModelAnswered, convo.TurnEnded:
		b.answer = nil
	case convo.ToolRequested:
		b.requested(e, body)
	default:
		b.called(e)
	}
}

// begin adds a message.
func (b *exchangeBuilder) begin(e convo.Event, id, alias string, kind convo.MessageType, role Role) *messageBuilder {
	m := &messageBuilder{ExchangeMessage: ExchangeMessage{Role: role, Message: convo.Message{
		Conversation: b.Conversation, ID: id, Alias: alias, Turn: e.Turn, MessageFields: convo.MessageFields{Type: kind},
		Created: e.At, Updated: e.At,
	}}}
	if role == RoleAssistant {
		m.Reasoning, b.thought = b.thought, ""
	}
	b.messages = append(b.messages, m)
	return m
}

func (b *exchangeBuilder) started(e convo.Event, body convo.MessageStarted) {
	role := RoleOf(body.Type)
	if role == "" {
		return
	}
	m := b.begin(e, body.ID, body.Alias, body.Type, role)
	m.Meta, m.Open, m.texts, m.ended = body.Meta, true, map[string]*strings.Builder{}, map[string]bool{}
	b.coming[body.ID] = m
	if role == RoleAssistant {
		b.answer = m
	}
}

func (b *exchangeBuilder) ended(body convo.MessageEnded) {
	if body.Type == convo.Reasoning {
		b.thought += body.Text
		return
	}
	if m := b.coming[body.ID]; m != nil {
		m.Open, m.texts = false, nil
		delete(b.coming, body.ID)
	}
}

// part takes in what is said of the parts of a message that is coming.
func (b *exchangeBuilder) part(e convo.Event) {
	switch body := e.Body.(type) {
	case convo.PartStarted:
		if m := b.coming[body.Message]; m != nil {
			part := body.Part
			part.Created, part.Updated = e.At, e.At
			m.Parts, m.Updated = append(m.Parts, part), e.At
		}
	case convo.PartEnded:
		if m := b.coming[body.Message]; m != nil {
			if n := m.partAt(body.Part); n >= 0 {
				m.Parts[n].Incomplete, m.Parts[n].Updated = body.Incomplete, e.At
				m.ended[body.Part] = true
			}
			m.Updated = e.At
		}
	case convo.Cited:
		if m := b.coming[body.Message]; m != nil {
			cited := body.Citation
			cited.Created = e.At
			if n := m.partAt(body.Part); n >= 0 {
				m.Parts[n].Citations = append(m.Parts[n].Citations, cited)
			} else {
				m.Citations = append(m.Citations, cited)
			}
		}
	}
}

func (m *messageBuilder) partAt(id string) int {
	return slices.IndexFunc(m.Parts, func(p convo.Part) bool { return p.ID == id })
}

// text is that of a part, so far.
func (m *messageBuilder) text(part string) *strings.Builder {
	if m.texts[part] == nil {
		m.texts[part] = &strings.Builder{}
	}
	return m.texts[part]
}

// join makes the text of an open message out of those of its parts. What is still
// coming is incomplete.
func (m *messageBuilder) join() {
	m.Incomplete = true
	if len(m.Parts) == 0 {
		m.Text = m.text("").String()
		return
	}
	var text strings.Builder
	for i := range m.Parts {
		p := &m.Parts[i]
		p.Start, p.Incomplete = text.Len(), p.Incomplete || !m.ended[p.ID]
		text.WriteString(m.text(p.ID).String())
		p.End = text.Len()
	}
	m.Text = text.String()
}

// requested adds a call to the answer that makes it. One that nobody was asked for,
// or that stands alone in its answer, is a message without a text.
func (b *exchangeBuilder) requested(e convo.Event, body convo.ToolRequested) {
	if b.answer == nil {
		b.answer = b.begin(e, body.Message, "", convo.Bot, RoleAssistant)
		b.answer.Silent = true
	}
	call := ExchangeCall{ToolRequested: body, Input: body.Arguments, Requested: e.At}
	if body.Runs == convo.RunsCaller {
		call.Outcome, call.Ended, call.Output = convo.ToolCancelled, e.At, convo.JSON(`{"meta":"Left to the caller"}`)
	}
	b.answer.Calls, b.answer.Updated = append(b.answer.Calls, call), e.At
}

// called takes in what becomes of calls, and of their interrupts.
func (b *exchangeBuilder) called(e convo.Event) {
	switch body := e.Body.(type) {
	case convo.ToolAnswered:
		if _, c := b.call(body.ID); c != nil {
			c.Answered, c.Approved = e.At, body.Approved
			if body.Approved {
				c.Input = body.Input
			}
		}
	case convo.ToolStarted:
		if _, c := b.call(body.ID); c != nil {
			c.Started, c.Input = e.At, body.Input
		}
	case convo.ToolEnded:
		if m, c := b.call(body.ID); c != nil {
			c.Ended, c.Output, c.Outcome = e.At, body.Output, body.Outcome
			m.Updated = e.At
		}
	case convo.InterruptStarted:
		if m, c := b.call(body.Call); c != nil {
			m.Interrupts = append(m.Interrupts, ExchangeInterrupt{ID: body.ID, Type: body.Type, Value: body.Value, Started: e.At})
			m.Updated = e.At
		}
	case convo.InterruptEnded:
		if m, _ := b.call(body.Call); m != nil {
			for i := range m.Interrupts {
				if m.Interrupts[i].ID == body.ID {
					m.Interrupts[i].Answer, m.Interrupts[i].Ended, m.Updated = body.Value, e.At, e.At
				}
			}
		}
	}
}

// call finds a call and the message that makes it.
func (b *exchangeBuilder) call(id string) (*messageBuilder, *ExchangeCall) {
	for _, m := range slices.Backward(b.messages) {
		for i := range m.Calls {
			if m.Calls[i].ID == id {
				return m, &m.Calls[i]
			}
		}
	}
	return nil, nil
}

// finish gives the exchange, with the messages that have ended as they are now.
// Those that are not there any more were deleted, and so were calls whose requests
// are not.
func (b *exchangeBuilder) finish(current map[string]convo.Message) Exchange {
	for _, m := range b.messages {
		m.Calls = slices.DeleteFunc(m.Calls, func(c ExchangeCall) bool {
			_, there := current[c.Message]
			return !there
		})
		switch now, there := current[m.ID]; {
		case m.Open:
			m.join()
		case m.Silent:
		case there && RoleOf(now.Type) != "":
			updated := m.Updated
			m.Message, m.Role = now, RoleOf(now.Type)
			if updated.After(m.Updated) { // by its calls
				m.Updated = updated
			}
		default:
			m.Silent = true
		}
		if m.Silent && len(m.Calls) == 0 {
			continue
		}
		b.Exchange.Messages = append(b.Exchange.Messages, m.ExchangeMessage)
	}
	return b.Exchange
}
