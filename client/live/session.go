package live

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Errors of sessions.
var (
	ErrSessionEnded   = errors.New("this session has ended: start another one")
	ErrSessionRunning = errors.New("this session is already running: it is run once at a time")
	ErrEnded          = errors.New("this has ended: nothing can be added to it")
)

// SessionOptions say how a session begins.
type SessionOptions struct {
	// After is the number behind which the session goes on, as
	// [SessionStream.Seq] gave it, also to an earlier program. 0 begins with
	// what is open in the conversation. It needs a Parley server.
	After int64
	// Capabilities are told to the server; none are needed.
	Capabilities map[string]any
}

// SessionStream is a session in a conversation: it says what the program wants
// to say, and tells what is said. [SessionStream.Run] or
// [SessionStream.Events] keeps it connected; what is said before that waits.
//
// Its methods, and those of what belongs to it, may be called by many
// goroutines, also by handlers. Handlers are called one after the other, by the
// goroutine in Run or Events.
type SessionStream struct {
	client       *Client
	conversation string
	options      SessionOptions

	outbox  *outbox
	inbox   *inbox
	running atomic.Bool
	saying  sync.Mutex // orders what is said; taken before mu
	pending []Event    // not yet given to the iterator, whose goroutine alone uses it
	taken   int64      // the number of the event that these are of; the same goroutine's

	mu        sync.Mutex // guards what follows, and the state and handlers of what belongs to the session
	started   *SessionStarted
	ended     bool
	seq       int64  // of the last event that came
	told      int64  // of the last event that the program was told
	pid       string // names the socket session
	offset    string // what came last of it
	exchanges map[string]*ExchangeStream
	gone      *recent
	calls     map[string]*ToolCallStream // at the level of the conversation
	streams   map[string]*InputStream

	onStarted  handlers[SessionStarted]
	onEnding   handlers[SessionEnding]
	onEnd      handlers[SessionEnd]
	onExchange handlers[*ExchangeStream]
	onCall     handlers[*ToolCallStream]
	onLabel    handlers[LabelUpdated]
	onMeta     handlers[json.RawMessage]
	onError    handlers[*EventError]
	onErrorEnd handlers[*EventError]
	onAnyError handlers[*EventError]
	onEvent    handlers[Event]
}

// handlers are the handlers of one thing, in the order in which they came. They
// are guarded by the session's mutex.
type handlers[T any] []func(T)

// handle adds a handler.
func handle[T any](s *SessionStream, to *handlers[T], f func(T)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*to = append(*to, f)
}

// tell calls handlers, without the lock.
func tell[T any](s *SessionStream, to *handlers[T], value T) {
	s.mu.Lock()
	list := *to
	s.mu.Unlock()
	for _, f := range list {
		f(value)
	}
}

// StartSession makes a session of a conversation, in place of an earlier one
// that this client had. It asks nothing yet: add handlers, and then run it.
func (s *ConversationService) StartSession(conversation string, in SessionOptions) *SessionStream {
	session := &SessionStream{
		client: s.client, conversation: conversation, options: in, seq: in.After, told: in.After, taken: in.After,
		outbox: newOutbox(), inbox: newInbox(), gone: newRecent(),
		exchanges: map[string]*ExchangeStream{}, calls: map[string]*ToolCallStream{}, streams: map[string]*InputStream{},
	}
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.client.sessions[conversation] = session
	return session
}

// GetSession gives the session of a conversation that was started last and has
// not ended, or nil.
func (s *ConversationService) GetSession(conversation string) *SessionStream {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.client.sessions[conversation]
}

// EndSession ends the session of a conversation, if there is one.
func (s *ConversationService) EndSession(conversation string) {
	if session := s.GetSession(conversation); session != nil {
		_ = session.End() // it may have ended meanwhile
	}
}

// Sessions gives the sessions that have not ended.
func (s *ConversationService) Sessions() (sessions []*SessionStream) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	for _, session := range s.client.sessions {
		sessions = append(sessions, session)
	}
	return sessions
}

// ConversationID names the conversation.
func (s *SessionStream) ConversationID() string { return s.conversation }

// Seq is the number of the last event that the program was told as a whole: a
// later session can go on behind it, also one of a later program. It is 0 where
// the server does not number.
func (s *SessionStream) Seq() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.told
}

// Ended reports whether the session has ended, from here or there.
func (s *SessionStream) Ended() bool { return s.isEnded() }

func (s *SessionStream) isEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// OnSessionStarted is called once, when the server has opened the session.
func (s *SessionStream) OnSessionStarted(f func(SessionStarted)) { handle(s, &s.onStarted, f) }

// OnSessionEnding is called when the server is about to close the connection.
func (s *SessionStream) OnSessionEnding(f func(SessionEnding)) { handle(s, &s.onEnding, f) }

// OnSessionEnd is called when the session has ended, from here or there.
func (s *SessionStream) OnSessionEnd(f func(SessionEnd)) { handle(s, &s.onEnd, f) }

// OnExchangeStart is called with each exchange that begins, this program's own
// included, and those that are open when the session begins.
func (s *SessionStream) OnExchangeStart(f func(*ExchangeStream)) { handle(s, &s.onExchange, f) }

// OnToolCallStart is called with calls at the level of the conversation, which
// other clients make.
func (s *SessionStream) OnToolCallStart(f func(*ToolCallStream)) { handle(s, &s.onCall, f) }

// OnLabelUpdated is called when the conversation has a new label.
func (s *SessionStream) OnLabelUpdated(f func(LabelUpdated)) { handle(s, &s.onLabel, f) }

// OnMetaEvent is called with what clients tell each other at this level: a JSON
// object.
func (s *SessionStream) OnMetaEvent(f func(json.RawMessage)) { handle(s, &s.onMeta, f) }

// OnErrorStart is called with errors of the session as a whole.
func (s *SessionStream) OnErrorStart(f func(*EventError)) { handle(s, &s.onError, f) }

// OnErrorEnd is called when such an error is over.
func (s *SessionStream) OnErrorEnd(f func(*EventError)) { handle(s, &s.onErrorEnd, f) }

// OnAnyErrorStart is called with all errors, whatever they belong to.
func (s *SessionStream) OnAnyErrorStart(f func(*EventError)) { handle(s, &s.onAnyError, f) }

// OnEvent is called with everything, after the handlers of its kind.
func (s *SessionStream) OnEvent(f func(Event)) { handle(s, &s.onEvent, f) }

// StartExchange begins an exchange. It is nobody's turn until a message of the
// user in it has ended.
func (s *SessionStream) StartExchange(in ExchangeStart) (*ExchangeStream, error) {
	if in.ID == "" {
		in.ID = newID()
	}
	x := newExchange(s, in.ID, true)
	s.mu.Lock()
	if s.exchanges[in.ID] != nil || s.gone.has(in.ID) {
		s.mu.Unlock()
		return nil, fmt.Errorf("there is an exchange %q already", in.ID)
	}
	s.exchanges[in.ID] = x
	s.mu.Unlock()
	if err := s.say(&envelope{Exchange: &exchangeEvent{ExchangeID: in.ID, StartExchange: &in}}, outgoing{starts: in.ID}); err != nil {
		s.forget(x)
		return nil, err
	}
	return x, nil
}

// Exchanges gives the exchanges that have not ended.
func (s *SessionStream) Exchanges() (open []*ExchangeStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.exchanges {
		open = append(open, x)
	}
	return open
}

// GetExchange gives an exchange that has not ended, or nil.
func (s *SessionStream) GetExchange(id string) *ExchangeStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchanges[id]
}

// SendMetaEvent tells the other clients of the conversation something that only
// they understand: a JSON object.
func (s *SessionStream) SendMetaEvent(meta json.RawMessage) error {
	return s.say(&envelope{MetaEvent: meta}, outgoing{fleeting: true})
}

// End ends the session. What was said before is still sent: Run and Events
// return when it is. Turns that run go on.
func (s *SessionStream) End() error {
	defer s.finish()
	return s.say(&envelope{EndSession: &SessionEnd{}}, outgoing{fleeting: true})
}

// InputStream is a stream of audio to the agent.
type InputStream struct {
	session *SessionStream
	id      string
	ended   bool
	onError handlers[*EventError]
}

// StartInputStream begins a stream of audio. What was said in it comes back as
// an exchange when it has ended. A server without a transcription refuses it:
// see [InputStream.OnErrorStart].
func (s *SessionStream) StartInputStream(in InputStreamStart) (*InputStream, error) {
	if in.ID == "" {
		in.ID = newID()
	}
	stream := &InputStream{session: s, id: in.ID}
	s.mu.Lock()
	s.streams[in.ID] = stream
	s.mu.Unlock()
	err := s.say(&envelope{AsyncInputStream: &inputStreamEvent{StreamID: in.ID, StartAsyncInputStream: &in}}, outgoing{})
	if err != nil {
		return nil, err
	}
	return stream, nil
}

// ID names the stream.
func (i *InputStream) ID() string { return i.id }

// OnErrorStart is called when the server cannot use the stream.
func (i *InputStream) OnErrorStart(f func(*EventError)) { handle(i.session, &i.onError, f) }

// SendChunk sends some audio. What a lost connection takes with it is not sent
// again.
func (i *InputStream) SendChunk(audio []byte) error {
	if i.isEnded(false) {
		return ErrEnded
	}
	chunk := &inputChunk{Data: base64.StdEncoding.EncodeToString(audio)}
	return i.session.say(&envelope{AsyncInputStream: &inputStreamEvent{StreamID: i.id, Chunk: chunk}}, outgoing{fleeting: true})
}

// End says that all audio was sent.
func (i *InputStream) End(in InputStreamEnd) error {
	if i.isEnded(true) {
		return ErrEnded
	}
	return i.session.say(&envelope{AsyncInputStream: &inputStreamEvent{StreamID: i.id, EndAsyncInputStream: &in}}, outgoing{})
}

// isEnded reports whether the stream has ended, and may end it.
func (i *InputStream) isEnded(end bool) bool {
	i.session.mu.Lock()
	defer i.session.mu.Unlock()
	was := i.ended
	if end {
		i.ended = true
		delete(i.session.streams, i.id)
	}
	return was
}

// newID makes an id for what the program starts.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// recent remembers the ids of exchanges that have ended, the last ones of them.
type recent struct {
	ids  map[string]bool
	list []string
}

const maxRecent = 512

func newRecent() *recent { return &recent{ids: map[string]bool{}} }

func (r *recent) has(id string) bool { return r.ids[id] }

func (r *recent) add(id string) {
	if r.ids[id] {
		return
	}
	if len(r.list) == maxRecent {
		delete(r.ids, r.list[0])
		r.list = r.list[1:]
	}
	r.ids[id] = true
	r.list = append(r.list, id)
}

// forget takes an exchange out that has ended.
func (s *SessionStream) forget(x *ExchangeStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exchanges[x.id] == x {
		delete(s.exchanges, x.id)
	}
	s.gone.add(x.id)
}

// finish ends the session for good.
func (s *SessionStream) finish() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.client.sessions[s.conversation] == s {
		delete(s.client.sessions, s.conversation)
	}
}

// Run keeps the session connected and calls its handlers, until it has ended: by
// [SessionStream.End], or because the conversation was deleted. Otherwise it
// gives the error that it ended with: the cause of ctx; an [*EventError] or
// [*ConnectError] when the server refuses the session; what keeps it from
// connecting. After the end of a context it may be run again, and goes on where
// it was.
func (s *SessionStream) Run(ctx context.Context) error {
	for _, err := range s.Events(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}
