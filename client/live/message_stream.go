package live

import (
	"encoding/json"
	"fmt"
)

// MessageStream is a message while it is said.
type MessageStream struct {
	exchange *ExchangeStream
	session  *SessionStream
	id       string

	// Guarded by the session's mutex.
	own        bool
	told       bool
	ended      bool
	start      MessageStart
	parts      map[string]*ContentPartStream
	calls      map[string]*ToolCallStream
	interrupts map[string]bool // by id: whether it was answered
	order      []CompletedContentPart
	called     []CompletedToolCall

	onPart         handlers[*ContentPartStream]
	onPartDone     handlers[CompletedContentPart]
	onCall         handlers[*ToolCallStream]
	onCallDone     handlers[CompletedToolCall]
	onInterrupt    handlers[InterruptStarted]
	onInterruptEnd handlers[InterruptEnded]
	onEnd          handlers[MessageEnd]
	onCompleted    handlers[CompletedMessage]
	onMeta         handlers[json.RawMessage]
	onError        handlers[*EventError]
	onErrorEnd     handlers[*EventError]
}

func newMessage(x *ExchangeStream, id string, own bool) *MessageStream {
	return &MessageStream{
		exchange: x, session: x.session, id: id, own: own,
		parts: map[string]*ContentPartStream{}, calls: map[string]*ToolCallStream{}, interrupts: map[string]bool{},
	}
}

// ID names the message.
func (m *MessageStream) ID() string { return m.id }

// Exchange is the exchange that the message belongs to.
func (m *MessageStream) Exchange() *ExchangeStream { return m.exchange }

// StartEvent is how it began; zero while that is not known.
func (m *MessageStream) StartEvent() MessageStart {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	return m.start
}

// Role says whose the message is; "" while that is not known.
func (m *MessageStream) Role() Role { return m.StartEvent().Role }

// IsUser reports whether the message is a user's.
func (m *MessageStream) IsUser() bool { return m.Role() == RoleUser }

// IsAssistant reports whether the message is the agent's.
func (m *MessageStream) IsAssistant() bool { return m.Role() == RoleAssistant }

// IsSystem reports whether the message is an instruction to the agent.
func (m *MessageStream) IsSystem() bool { return m.Role() == RoleSystem }

// Ended reports whether it has ended.
func (m *MessageStream) Ended() bool {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	return m.ended
}

// OnContentPartStart is called with each part.
func (m *MessageStream) OnContentPartStart(f func(*ContentPartStream)) {
	handle(m.session, &m.onPart, f)
}

// OnContentPartCompleted is called with each part when it has ended.
func (m *MessageStream) OnContentPartCompleted(f func(CompletedContentPart)) {
	handle(m.session, &m.onPartDone, f)
}

// OnToolCallStart is called with each call of a tool.
func (m *MessageStream) OnToolCallStart(f func(*ToolCallStream)) { handle(m.session, &m.onCall, f) }

// OnToolCallCompleted is called with each call when it has ended.
func (m *MessageStream) OnToolCallCompleted(f func(CompletedToolCall)) {
	handle(m.session, &m.onCallDone, f)
}

// OnInterruptStart is called with a question that the exchange waits for: see
// [MessageStream.SendInterruptEnd].
func (m *MessageStream) OnInterruptStart(f func(InterruptStarted)) {
	handle(m.session, &m.onInterrupt, f)
}

// OnInterruptEnd is called when a question was answered.
func (m *MessageStream) OnInterruptEnd(f func(InterruptEnded)) {
	handle(m.session, &m.onInterruptEnd, f)
}

// OnMessageEnd is called when the message has ended.
func (m *MessageStream) OnMessageEnd(f func(MessageEnd)) { handle(m.session, &m.onEnd, f) }

// OnCompleted is called with the whole message when it has ended.
func (m *MessageStream) OnCompleted(f func(CompletedMessage)) { handle(m.session, &m.onCompleted, f) }

// OnMetaEvent is called with what was told of this message: see
// [MetaReceived.Reasoning].
func (m *MessageStream) OnMetaEvent(f func(json.RawMessage)) { handle(m.session, &m.onMeta, f) }

// OnErrorStart is called with errors of this message.
func (m *MessageStream) OnErrorStart(f func(*EventError)) { handle(m.session, &m.onError, f) }

// OnErrorEnd is called when such an error is over.
func (m *MessageStream) OnErrorEnd(f func(*EventError)) { handle(m.session, &m.onErrorEnd, f) }

// ContentParts gives the parts that have not ended.
func (m *MessageStream) ContentParts() (open []*ContentPartStream) {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	for _, p := range m.parts {
		if !p.ended {
			open = append(open, p)
		}
	}
	return open
}

// GetContentPart gives a part of the message, or nil.
func (m *MessageStream) GetContentPart(id string) *ContentPartStream {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	return m.parts[id]
}

// ToolCalls gives the calls that have not ended.
func (m *MessageStream) ToolCalls() (open []*ToolCallStream) {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	for _, c := range m.calls {
		if !c.ended {
			open = append(open, c)
		}
	}
	return open
}

// GetToolCall gives a call of the message, or nil.
func (m *MessageStream) GetToolCall(id string) *ToolCallStream {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	return m.calls[id]
}

// say says something in the message.
func (m *MessageStream) say(e *messageEvent, how outgoing) error {
	if m.Ended() {
		return ErrEnded
	}
	e.MessageID = m.id
	return m.exchange.say(&exchangeEvent{Message: e}, how)
}

// StartContentPart begins a part. A message's parts come one after the other.
func (m *MessageStream) StartContentPart(in ContentPartStart) (*ContentPartStream, error) {
	if m.GetContentPart(in.ID) != nil {
		return nil, fmt.Errorf("there is a part %q already", in.ID)
	}
	p := m.newPart(&in)
	return p, m.say(&messageEvent{ContentPart: &contentPartEvent{ContentPartID: p.id, StartContentPart: &in}}, outgoing{})
}

// newPart makes a part of the program's own.
func (m *MessageStream) newPart(in *ContentPartStart) *ContentPartStream {
	if in.ID == "" {
		in.ID = newID()
	}
	if in.MimeType == "" && in.ExternalValue == nil {
		in.MimeType = MarkdownType
	}
	p := &ContentPartStream{message: m, session: m.session, id: in.ID, start: *in}
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	m.parts[in.ID] = p
	return p
}

// SendContentPart says a part as a whole.
func (m *MessageStream) SendContentPart(in Content) error {
	p := m.newPart(&ContentPartStart{MimeType: in.MimeType})
	return m.say(&messageEvent{ContentPart: p.whole(in.Data)}, outgoing{})
}

// SendAttachment puts an uploaded file into the message.
func (m *MessageStream) SendAttachment(in *Attachment) error {
	p := m.newPart(&ContentPartStart{
		MimeType: in.MimeType, Name: in.Name, ExternalValue: &ExternalValue{URI: in.URI, ByteCount: &in.Size},
	})
	return m.say(&messageEvent{ContentPart: &contentPartEvent{
		ContentPartID: p.id, StartContentPart: &p.start, EndContentPart: &ContentPartEnd{},
	}}, outgoing{})
}

// SendMessageEnd ends the message.
func (m *MessageStream) SendMessageEnd(in MessageEnd) error {
	return m.say(&messageEvent{EndMessage: &in}, outgoing{})
}

// SendInterruptEnd answers a question with any JSON object; one of type
// [InterruptConfirmation] is answered with a [ToolCallConfirm].
func (m *MessageStream) SendInterruptEnd(id string, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return m.say(&messageEvent{Interrupt: &interruptEvent{InterruptID: id, EndInterrupt: text}}, outgoing{})
}

// SendMetaEvent tells the other clients something of this message: a JSON
// object.
func (m *MessageStream) SendMetaEvent(meta json.RawMessage) error {
	return m.say(&messageEvent{MetaEvent: meta}, outgoing{fleeting: true})
}
