package live

import (
	"context"
)

// suspect gives the exchanges that were open when the connection was lost to a
// server that does not number its events. It tells those that still are from
// their beginning; the others ended meanwhile.
func (s *SessionStream) suspect() (open []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, x := range s.exchanges {
		x.renewed = false
		open = append(open, id)
	}
	return open
}

// compare reads exchanges over REST, so that those which ended meanwhile are
// told to their end.
func (s *SessionStream) compare(ctx context.Context, open []string) {
	for _, id := range open {
		stored, err := s.client.Exchange.Get(ctx, s.conversation, id, Ascending)
		if err != nil {
			continue // it may never have arrived; what comes of it comes by the session
		}
		if !s.inbox.putSoon(ctx, arrival{stored: stored}) {
			return
		}
	}
}

// complete tells the rest of an exchange as it is stored, unless the session
// tells it anew.
func (s *SessionStream) complete(stored *Exchange) {
	s.mu.Lock()
	x := s.exchanges[stored.ID]
	going := x == nil || x.renewed
	s.mu.Unlock()
	switch stored.Status {
	case "open", "queued", "running", "waiting":
		going = true
	}
	if going {
		return
	}
	for i := range stored.Messages {
		for _, e := range stored.Messages[i].events() {
			s.applyExchange(&exchangeEvent{ExchangeID: stored.ID, Message: e}, false)
		}
	}
	s.applyExchange(&exchangeEvent{ExchangeID: stored.ID, EndExchange: &ExchangeEnd{}}, false)
}

// events tells a stored message as it would have been told live, each part in
// one piece.
func (m *Message) events() (events []*messageEvent) {
	add := func(e messageEvent) {
		e.MessageID = m.ID
		events = append(events, &e)
	}
	add(messageEvent{StartMessage: &MessageStart{Role: m.Role, Timestamp: &m.CreatedTime}})
	for i := range m.ContentParts {
		p := &m.ContentParts[i]
		start := &ContentPartStart{MimeType: p.MimeType, Name: p.Name, Timestamp: &p.CreatedTime}
		if p.Data.URI != "" {
			start.ExternalValue = &ExternalValue{URI: p.Data.URI, ByteCount: p.Data.ByteCount}
		}
		end := &ContentPartEnd{}
		if p.IsIncomplete {
			end.Interrupted = []byte("{}")
		}
		e := &contentPartEvent{ContentPartID: p.ID, StartContentPart: start, EndContentPart: end}
		if text := p.Text(); text != "" {
			e.Chunk = &Chunk{Data: text}
		}
		add(messageEvent{ContentPart: e})
	}
	for i := range m.ToolCalls {
		c := &m.ToolCalls[i]
		e := &toolCallEvent{ToolCallID: c.ID, StartToolCall: &ToolCallStart{ToolName: c.Name, Input: c.Input, Timestamp: c.Timestamp}, EndToolCall: c.Result}
		if e.EndToolCall == nil {
			e.EndToolCall = &ToolCallEnd{Cancelled: true}
		}
		add(messageEvent{ToolCall: e})
	}
	add(messageEvent{EndMessage: &MessageEnd{}})
	return events
}
