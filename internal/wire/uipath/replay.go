package uipath

// keptChunk is text of a part, up to where a citation begins or ends.
type keptChunk struct {
	data     []byte
	citation *citationEvent
}

// keep adds a chunk to the text of a part. Text without citations is one piece.
func (p *shownPart) keep(c chunkEvent) {
	n := len(p.text)
	if n == 0 || c.Citation != nil || p.text[n-1].citation != nil {
		p.text = append(p.text, keptChunk{[]byte(c.Data), c.Citation})
		return
	}
	p.text[n-1].data = append(p.text[n-1].data, c.Data...)
}

// replay shows the exchanges that have not ended, as they stand, to a session that
// knows nothing of them: each as its start, and what there is of its messages in
// their order. The renderer has to have kept the texts.
func (r *renderer) replay(pid string) []event {
	var events []event
	for _, x := range r.exchanges {
		events = append(events, r.one(exchangeEvent{ExchangeID: x.id, StartExchange: x.start()}))
		for _, m := range x.messages {
			if !m.told {
				continue
			}
			for _, e := range m.replay(pid) {
				e.MessageID = m.id
				events = append(events, r.one(exchangeEvent{ExchangeID: x.id, Message: &e}))
			}
		}
	}
	return events
}

func (r *renderer) one(x exchangeEvent) event {
	return event{ConversationID: r.conversation, Exchange: &x}
}

// forget lets the kept texts go: what follows is live.
func (r *renderer) forget() {
	r.keeps = false
	for _, x := range r.exchanges {
		for _, m := range x.messages {
			for _, p := range m.parts {
				p.text = nil
			}
			m.items = nil
			if m.ended {
				m.parts, m.calls = nil, nil
			}
		}
	}
}

func (m *shownMessage) replay(pid string) []messageEvent {
	events := []messageEvent{{StartMessage: m.start(), MetaEvent: m.reasoned()}}
	for _, item := range m.items {
		switch i := item.(type) {
		case *shownPart:
			for _, e := range i.replay() {
				events = append(events, messageEvent{ContentPart: &e})
			}
		case *shownCall:
			for _, e := range i.replay(pid) {
				events = append(events, messageEvent{ToolCall: &e})
			}
		case *shownInterrupt:
			if !i.ended {
				events = append(events, messageEvent{Interrupt: &interruptEvent{InterruptID: i.id, StartInterrupt: &i.start}})
			}
		}
	}
	if m.ended {
		events = append(events, messageEvent{EndMessage: &ending{}})
	}
	return events
}

func (p *shownPart) replay() []partEvent {
	events := []partEvent{{ContentPartID: p.id, StartContentPart: p.start()}}
	for _, c := range p.text {
		events = append(events, partEvent{ContentPartID: p.id, Chunk: &chunkEvent{Data: string(c.data), Citation: c.citation}})
	}
	if p.ended {
		events = append(events, partEvent{ContentPartID: p.id, EndContentPart: p.end()})
	}
	return events
}

// replay shows a call. That it is carried out is told to everybody of a call of the
// server, and to the one session that does of a client's.
func (c *shownCall) replay(pid string) []callEvent {
	if !c.announced {
		return nil
	}
	runs := c.runsWith
	if c.start.IsClientSideTool && c.to != pid {
		runs = nil
	}
	events := []callEvent{{ToolCallID: c.id, StartToolCall: &c.start}}
	if c.asks == "" {
		events[0].ExecutingToolCall, runs = runs, nil
	}
	if c.answered != nil {
		events = append(events, callEvent{ToolCallID: c.id, ConfirmToolCall: c.answered})
	}
	if runs != nil {
		events = append(events, callEvent{ToolCallID: c.id, ExecutingToolCall: runs})
	}
	if c.ended {
		events = append(events, callEvent{ToolCallID: c.id, ToolCallError: c.fault, EndToolCall: c.end})
	}
	return events
}
