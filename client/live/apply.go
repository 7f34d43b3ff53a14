package live

import "encoding/json"

// apply tells handlers what arrived, and remembers it for the iterator. It is
// called by one goroutine at a time. What the server says again of what is known
// is left out: after a new start it tells open exchanges from their beginning,
// and the program's own words may come back.
func (s *SessionStream) apply(a arrival) {
	switch {
	case a.notice != nil:
		s.happened(a.notice)
	case a.stored != nil:
		s.complete(a.stored)
	case a.event != nil:
		s.taken = max(s.taken, a.event.Seq)
		s.applyEvent(a.event, a.own)
	}
}

// happened tells that something did.
func (s *SessionStream) happened(e Event) {
	tell(s, &s.onEvent, e)
	s.pending = append(s.pending, e)
}

// applyEvent goes through an event in the order that the protocol gives to what
// is in it: a start first, an end last.
func (s *SessionStream) applyEvent(e *envelope, own bool) {
	if e.SessionStarted != nil {
		tell(s, &s.onStarted, *e.SessionStarted)
		s.happened(*e.SessionStarted)
	}
	if e.SessionEnding != nil {
		tell(s, &s.onEnding, *e.SessionEnding)
		s.happened(*e.SessionEnding)
	}
	if e.Exchange != nil {
		s.applyExchange(e.Exchange, own)
	}
	if e.AsyncInputStream != nil {
		s.applyInputStream(e.AsyncInputStream)
	}
	if e.AsyncToolCall != nil {
		s.applyAsyncCall(e.AsyncToolCall)
	}
	s.applyMeta(e.MetaEvent, s, &s.onMeta)
	s.applyError(e.ConversationError, s, &s.onError, &s.onErrorEnd)
	if e.LabelUpdated != nil {
		tell(s, &s.onLabel, *e.LabelUpdated)
		s.happened(*e.LabelUpdated)
	}
	if e.EndSession != nil {
		tell(s, &s.onEnd, *e.EndSession)
		s.happened(*e.EndSession)
	}
}

// applyMeta tells what clients tell each other.
func (s *SessionStream) applyMeta(meta json.RawMessage, source any, to *handlers[json.RawMessage]) {
	if text := string(meta); text == "" || text == "null" {
		return
	}
	tell(s, to, meta)
	s.happened(MetaReceived{Source: source, Meta: meta})
}

// applyError tells the beginning and the end of an error.
func (s *SessionStream) applyError(e *errorEvent, source any, start, end *handlers[*EventError]) {
	if e == nil {
		return
	}
	err := &EventError{ID: e.ErrorID, Source: source}
	if e.StartError != nil {
		err.Message, err.Details = e.StartError.Message, e.StartError.Details
		tell(s, start, err)
		tell(s, &s.onAnyError, err)
		s.happened(ErrorStarted{err})
	}
	if e.EndError != nil {
		tell(s, end, err)
		s.happened(ErrorEnded{err})
	}
}

// once sets a flag, and reports whether it was not set before.
func (s *SessionStream) once(flag *bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := *flag
	*flag = true
	return !was
}

// exchange finds an exchange that has not ended, or makes it. It is nil for one
// that has.
func (s *SessionStream) exchange(e *exchangeEvent) *ExchangeStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.exchanges[e.ExchangeID]
	if x == nil {
		if s.gone.has(e.ExchangeID) {
			return nil
		}
		x = newExchange(s, e.ExchangeID, false)
		s.exchanges[e.ExchangeID] = x
	}
	if e.StartExchange != nil {
		x.start = *e.StartExchange
		x.start.ID = x.id
		x.renewed = true
	}
	return x
}

func (s *SessionStream) applyExchange(e *exchangeEvent, own bool) {
	x := s.exchange(e)
	if x == nil {
		return
	}
	if s.once(&x.told) {
		tell(s, &s.onExchange, x)
		s.happened(ExchangeStarted{x})
	}
	if e.Message != nil {
		x.applyMessage(e.Message, own)
	}
	s.applyMeta(e.MetaEvent, x, &x.onMeta)
	if !s.expected(x, e.ExchangeError) {
		s.applyError(e.ExchangeError, x, &x.onError, &x.onErrorEnd)
	}
	if e.EndExchange != nil && s.once(&x.ended) {
		s.forget(x)
		tell(s, &x.onEnd, *e.EndExchange)
		s.happened(ExchangeEnded{x, *e.EndExchange})
	}
}

// expected reports whether an error only says that an exchange had arrived
// whose acknowledgement was lost.
func (s *SessionStream) expected(x *ExchangeStream, e *errorEvent) bool {
	return e != nil && e.ErrorID == ErrorExchangeRefused && s.outbox.repeated(x.id) && (e.StartError == nil || e.StartError.Details == nil)
}

// message finds a message, or makes it.
func (x *ExchangeStream) message(e *messageEvent) *MessageStream {
	x.session.mu.Lock()
	defer x.session.mu.Unlock()
	m := x.messages[e.MessageID]
	if m == nil {
		m = newMessage(x, e.MessageID, false)
		x.messages[e.MessageID] = m
	}
	if e.StartMessage != nil && !m.own {
		m.start = *e.StartMessage
		m.start.ID = m.id
	}
	return m
}

func (x *ExchangeStream) applyMessage(e *messageEvent, own bool) {
	s, m := x.session, x.message(e)
	if m.own && !own || m.Ended() {
		s.applyError(e.MessageError, m, &m.onError, &m.onErrorEnd)
		return // its own words, told when they were said; or what is over
	}
	if s.once(&m.told) {
		tell(s, &x.onMessage, m)
		s.happened(MessageStarted{m})
	}
	if e.ContentPart != nil {
		m.applyPart(e.ContentPart)
	}
	if e.ToolCall != nil {
		m.applyCall(e.ToolCall)
	}
	if e.Interrupt != nil {
		m.applyInterrupt(e.Interrupt)
	}
	s.applyMeta(e.MetaEvent, m, &m.onMeta)
	s.applyError(e.MessageError, m, &m.onError, &m.onErrorEnd)
	if e.EndMessage != nil && s.once(&m.ended) {
		m.end(*e.EndMessage)
	}
}

// end tells the end of a message.
func (m *MessageStream) end(e MessageEnd) {
	s := m.session
	s.mu.Lock()
	whole := CompletedMessage{Message: m, ContentParts: m.order, ToolCalls: m.called, End: e}
	s.mu.Unlock()
	tell(s, &m.onEnd, e)
	tell(s, &m.onCompleted, whole)
	tell(s, &m.exchange.onCompleted, whole)
	s.happened(MessageEnded{m, e})
}

// part finds a part, or makes it.
func (m *MessageStream) part(e *contentPartEvent) *ContentPartStream {
	m.session.mu.Lock()
	defer m.session.mu.Unlock()
	p := m.parts[e.ContentPartID]
	if p == nil {
		p = &ContentPartStream{message: m, session: m.session, id: e.ContentPartID}
		m.parts[e.ContentPartID] = p
	}
	if e.StartContentPart != nil {
		p.start = *e.StartContentPart
		p.start.ID = p.id
		p.skip = p.text.Len() // from here on it is told from its beginning
	}
	return p
}

func (m *MessageStream) applyPart(e *contentPartEvent) {
	s, p := m.session, m.part(e)
	if p.Ended() {
		return
	}
	if s.once(&p.told) {
		tell(s, &m.onPart, p)
		s.happened(ContentPartStarted{p})
	}
	if e.Chunk != nil {
		s.mu.Lock()
		fresh, ok := p.add(*e.Chunk)
		s.mu.Unlock()
		if ok {
			tell(s, &p.onChunk, fresh)
			s.happened(ContentPartChunk{p, fresh})
		}
	}
	s.applyMeta(e.MetaEvent, p, &p.onMeta)
	s.applyError(e.ContentPartError, p, &p.onError, &p.onErrorEnd)
	if e.EndContentPart != nil && s.once(&p.ended) {
		s.mu.Lock()
		whole := p.completed(*e.EndContentPart)
		m.order = append(m.order, whole)
		s.mu.Unlock()
		tell(s, &p.onEnd, *e.EndContentPart)
		tell(s, &p.onCompleted, whole)
		tell(s, &m.onPartDone, whole)
		s.happened(ContentPartEnded{p, *e.EndContentPart})
	}
}

func (m *MessageStream) applyCall(e *toolCallEvent) {
	m.session.mu.Lock()
	c := m.calls[e.ToolCallID]
	if c == nil {
		c = &ToolCallStream{message: m, session: m.session, id: e.ToolCallID}
		m.calls[e.ToolCallID] = c
	}
	m.session.mu.Unlock()
	c.apply(e, &m.onCall)
}

func (s *SessionStream) applyAsyncCall(e *toolCallEvent) {
	s.mu.Lock()
	c := s.calls[e.ToolCallID]
	if c == nil {
		c = &ToolCallStream{session: s, id: e.ToolCallID}
		s.calls[e.ToolCallID] = c
	}
	s.mu.Unlock()
	c.apply(e, &s.onCall)
	if c.Ended() {
		s.mu.Lock()
		delete(s.calls, c.id)
		s.mu.Unlock()
	}
}

func (c *ToolCallStream) apply(e *toolCallEvent, began *handlers[*ToolCallStream]) {
	s := c.session
	s.mu.Lock()
	if e.StartToolCall != nil {
		c.start = *e.StartToolCall
		c.start.ID = c.id
	}
	s.mu.Unlock()
	if c.Ended() {
		return
	}
	if s.once(&c.told) {
		tell(s, began, c)
		s.happened(ToolCallStarted{c})
	}
	if e.ConfirmToolCall != nil && s.once(&c.confirmed) {
		tell(s, &c.onConfirm, *e.ConfirmToolCall)
		s.happened(ToolCallConfirmed{c, *e.ConfirmToolCall})
	}
	if e.ExecutingToolCall != nil && s.once(&c.executing) {
		tell(s, &c.onExecuting, *e.ExecutingToolCall)
		s.happened(ToolCallExecuting{c, *e.ExecutingToolCall})
	}
	s.applyMeta(e.MetaEvent, c, &c.onMeta)
	s.applyError(e.ToolCallError, c, &c.onError, &c.onErrorEnd)
	if e.EndToolCall != nil && s.once(&c.ended) {
		c.end(*e.EndToolCall)
	}
}

// end tells the end of a call.
func (c *ToolCallStream) end(e ToolCallEnd) {
	s := c.session
	whole := CompletedToolCall{Call: c, Start: c.StartEvent(), End: e}
	tell(s, &c.onEnd, e)
	tell(s, &c.onCompleted, whole)
	if c.message != nil {
		s.mu.Lock()
		c.message.called = append(c.message.called, whole)
		s.mu.Unlock()
		tell(s, &c.message.onCallDone, whole)
	}
	s.happened(ToolCallEnded{c, e})
}

func (m *MessageStream) applyInterrupt(e *interruptEvent) {
	s := m.session
	s.mu.Lock()
	answered, known := m.interrupts[e.InterruptID]
	if e.StartInterrupt != nil && !known {
		m.interrupts[e.InterruptID] = false
	}
	ends := len(e.EndInterrupt) > 0 && string(e.EndInterrupt) != "null" && !answered
	if ends {
		m.interrupts[e.InterruptID] = true
	}
	s.mu.Unlock()
	if e.StartInterrupt != nil && !known {
		started := InterruptStarted{m, e.InterruptID, *e.StartInterrupt}
		tell(s, &m.onInterrupt, started)
		s.happened(started)
	}
	if ends {
		ended := InterruptEnded{m, e.InterruptID, e.EndInterrupt}
		tell(s, &m.onInterruptEnd, ended)
		s.happened(ended)
	}
}

func (s *SessionStream) applyInputStream(e *inputStreamEvent) {
	s.mu.Lock()
	stream := s.streams[e.StreamID]
	s.mu.Unlock()
	if stream != nil && e.AsyncInputStreamError != nil {
		var none handlers[*EventError]
		s.applyError(e.AsyncInputStreamError, stream, &stream.onError, &none)
	}
}
