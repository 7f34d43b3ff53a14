package live

import (
	"encoding/json"
	"fmt"
)

// ExchangeStream is an exchange while it goes on.
type ExchangeStream struct {
	session *SessionStream
	id      string

	// Guarded by the session's mutex.
	own      bool // this program started it
	told     bool // handlers know of it
	renewed  bool // the server has told of it anew
	ended    bool
	start    ExchangeStart
	messages map[string]*MessageStream

	onMessage   handlers[*MessageStream]
	onCompleted handlers[CompletedMessage]
	onEnd       handlers[ExchangeEnd]
	onMeta      handlers[json.RawMessage]
	onError     handlers[*EventError]
	onErrorEnd  handlers[*EventError]
}

func newExchange(s *SessionStream, id string, own bool) *ExchangeStream {
	return &ExchangeStream{session: s, id: id, own: own, messages: map[string]*MessageStream{}}
}

// ID names the exchange.
func (x *ExchangeStream) ID() string { return x.id }

// Session is the session that the exchange belongs to.
func (x *ExchangeStream) Session() *SessionStream { return x.session }

// StartEvent is how it began; zero while that is not known.
func (x *ExchangeStream) StartEvent() ExchangeStart {
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	return x.start
}

// Ended reports whether it has ended.
func (x *ExchangeStream) Ended() bool {
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	return x.ended
}

// OnMessageStart is called with each message, this program's own included.
func (x *ExchangeStream) OnMessageStart(f func(*MessageStream)) { handle(x.session, &x.onMessage, f) }

// OnMessageCompleted is called with each message when it has ended.
func (x *ExchangeStream) OnMessageCompleted(f func(CompletedMessage)) {
	handle(x.session, &x.onCompleted, f)
}

// OnExchangeEnd is called when the exchange has ended.
func (x *ExchangeStream) OnExchangeEnd(f func(ExchangeEnd)) { handle(x.session, &x.onEnd, f) }

// OnMetaEvent is called with what clients tell each other of this exchange.
func (x *ExchangeStream) OnMetaEvent(f func(json.RawMessage)) { handle(x.session, &x.onMeta, f) }

// OnErrorStart is called with errors of this exchange: a refusal, or the
// failure of the answer.
func (x *ExchangeStream) OnErrorStart(f func(*EventError)) { handle(x.session, &x.onError, f) }

// OnErrorEnd is called when such an error is over.
func (x *ExchangeStream) OnErrorEnd(f func(*EventError)) { handle(x.session, &x.onErrorEnd, f) }

// Messages gives the messages that have not ended.
func (x *ExchangeStream) Messages() (open []*MessageStream) {
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	for _, m := range x.messages {
		if !m.ended {
			open = append(open, m)
		}
	}
	return open
}

// GetMessage gives a message of the exchange, or nil.
func (x *ExchangeStream) GetMessage(id string) *MessageStream {
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	return x.messages[id]
}

// say says something in the exchange.
func (x *ExchangeStream) say(e *exchangeEvent, how outgoing) error {
	if x.Ended() {
		return ErrEnded
	}
	e.ExchangeID = x.id
	return x.session.say(&envelope{Exchange: e}, how)
}

// StartMessage begins a message, by the user unless in says otherwise. Give it
// parts, and then end it: the end of a user's message begins the answer.
func (x *ExchangeStream) StartMessage(in MessageStart) (*MessageStream, error) {
	m, err := x.newMessage(&in)
	if err != nil {
		return nil, err
	}
	return m, x.say(&exchangeEvent{Message: &messageEvent{MessageID: m.id, StartMessage: &in}}, outgoing{})
}

// newMessage makes a message of the program's own.
func (x *ExchangeStream) newMessage(in *MessageStart) (*MessageStream, error) {
	if in.ID == "" {
		in.ID = newID()
	}
	if in.Role == "" {
		in.Role = RoleUser
	}
	m := newMessage(x, in.ID, true)
	m.start = *in
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	if x.messages[in.ID] != nil {
		return nil, fmt.Errorf("there is a message %q already", in.ID)
	}
	x.messages[in.ID] = m
	return m, nil
}

// Content is a message, or a part of one, that is said at once.
type Content struct {
	Data     string
	MimeType string // "" = MarkdownType
	Role     Role   // of a message; "" = the user's
}

// SendMessageWithContentPart says a message of one part, as a whole.
func (x *ExchangeStream) SendMessageWithContentPart(in Content) error {
	start := MessageStart{Role: in.Role}
	m, err := x.newMessage(&start)
	if err != nil {
		return err
	}
	part := m.newPart(&ContentPartStart{MimeType: in.MimeType})
	return x.say(&exchangeEvent{Message: &messageEvent{
		MessageID: m.id, StartMessage: &start, ContentPart: part.whole(in.Data), EndMessage: &MessageEnd{},
	}}, outgoing{})
}

// SendMetaEvent tells the other clients something of this exchange: a JSON
// object.
func (x *ExchangeStream) SendMetaEvent(meta json.RawMessage) error {
	return x.say(&exchangeEvent{MetaEvent: meta}, outgoing{fleeting: true})
}

// SendExchangeEnd stops the exchange: an answer that is being written ends where
// it is.
func (x *ExchangeStream) SendExchangeEnd(in ExchangeEnd) error {
	return x.say(&exchangeEvent{EndExchange: &in}, outgoing{})
}

// CompletedMessage is a message as a whole.
type CompletedMessage struct {
	Message      *MessageStream
	ContentParts []CompletedContentPart
	ToolCalls    []CompletedToolCall
	End          MessageEnd
}
