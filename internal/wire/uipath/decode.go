package uipath

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// frontName is how events name this front.
const frontName = "uipath"

// maxName is how many characters an id may have that a client chose.
const maxName = 255

// spoken is a frame of a client, taken apart.
type spoken struct {
	conversation string
	start        *sessionStart
	end          bool // of the session
	said         []engine.Said
	stream       *streamEvent
}

var (
	// errNameless says that a frame names no conversation that an answer could go to.
	errNameless = errors.New("the event names no conversation")
	// errMalformed says that a frame is no event, but names its conversation.
	errMalformed = convo.Errorf(convo.Invalid, "the event is malformed")
)

// decode takes a frame apart, in the order in which its events count. With
// errMalformed, conversation is there all the same, and nothing else.
func decode(raw []byte) (spoken, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nameOf(raw)
	}
	if !named(e.ConversationID) {
		return spoken{}, errNameless
	}
	s := spoken{conversation: e.ConversationID, start: e.StartSession, end: e.EndSession != nil}
	if x := e.Exchange; x != nil {
		if err := s.exchange(x); err != nil {
			return spoken{conversation: s.conversation}, err
		}
	}
	if e.AsyncInputStream != nil {
		if !named(e.AsyncInputStream.StreamID) {
			return spoken{conversation: s.conversation}, errMalformed
		}
		s.stream = e.AsyncInputStream
	}
	if present(e.AsyncToolCall) {
		s.aside("", event{AsyncToolCall: e.AsyncToolCall})
	}
	if present(e.MetaEvent) {
		s.aside("", event{MetaEvent: e.MetaEvent})
	}
	return s, nil
}

// nameOf finds the conversation that a malformed event is of.
func nameOf(raw []byte) (spoken, error) {
	var e struct {
		ConversationID any `json:"conversationId"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return spoken{}, errNameless
	}
	if id, ok := e.ConversationID.(string); ok && named(id) {
		return spoken{conversation: id}, errMalformed
	}
	return spoken{}, errNameless
}

// resumes reports whether a session goes by numbers, and behind which it begins; nil =
// at its beginning. What does not say so is no business of ours.
func (s *sessionStart) resumes() (numbered bool, after *int64) {
	var offered struct {
		Resume bool `json:"resume"`
	}
	var asked struct {
		After *int64 `json:"after"`
	}
	if json.Unmarshal(s.Capabilities, &offered) != nil || !offered.Resume {
		return false, nil
	}
	if json.Unmarshal(s.MetaData, &asked) != nil {
		return true, nil
	}
	return true, asked.After
}

// named reports whether a text may be an id.
func named(id string) bool {
	return id != "" && utf8.RuneCountInString(id) <= maxName &&
		!strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (s *spoken) say(said engine.Said) { s.said = append(s.said, said) }

func (s *spoken) exchange(x *exchangeEvent) error {
	if !named(x.ExchangeID) {
		return errMalformed
	}
	if start := x.StartExchange; start != nil {
		said := engine.SaidExchange{Exchange: x.ExchangeID, Metadata: rawOf(start.Metadata)}
		for _, t := range start.ClientSideTools {
			said.Tools = append(said.Tools, t.Name)
		}
		s.say(said)
	}
	if x.Message != nil {
		if err := s.message(x.ExchangeID, x.Message); err != nil {
			return err
		}
	}
	if present(x.MetaEvent) {
		s.aside(x.ExchangeID, event{Exchange: &exchangeEvent{ExchangeID: x.ExchangeID, MetaEvent: x.MetaEvent}})
	}
	if x.EndExchange != nil {
		s.say(engine.SaidStop{Exchange: x.ExchangeID})
	}
	return nil
}

func (s *spoken) message(exchange string, m *messageEvent) error {
	if !named(m.MessageID) {
		return errMalformed
	}
	if m.StartMessage != nil {
		s.say(engine.SaidMessage{
			Exchange: exchange, Message: m.MessageID, Role: m.StartMessage.Role, Meta: rawOf(m.StartMessage.MetaData),
		})
	}
	if m.ContentPart != nil {
		if err := s.part(exchange, m.MessageID, m.ContentPart); err != nil {
			return err
		}
	}
	if m.ToolCall != nil {
		if err := s.call(exchange, m.MessageID, m.ToolCall); err != nil {
			return err
		}
	}
	if i := m.Interrupt; i != nil {
		if !named(i.InterruptID) {
			return errMalformed
		}
		if present(i.EndInterrupt) {
			s.say(engine.SaidInterruptEnd{Exchange: exchange, Interrupt: i.InterruptID, Value: rawOf(i.EndInterrupt)})
		}
	}
	if present(m.MetaEvent) {
		s.asideIn(exchange, messageEvent{MessageID: m.MessageID, MetaEvent: m.MetaEvent})
	}
	if m.EndMessage != nil {
		s.say(engine.SaidMessageEnd{Exchange: exchange, Message: m.MessageID})
	}
	return nil
}

func (s *spoken) part(exchange, message string, p *partEvent) error {
	if !named(p.ContentPartID) {
		return errMalformed
	}
	if start := p.StartContentPart; start != nil {
		said := engine.SaidPart{
			Exchange: exchange, Message: message, Part: p.ContentPartID, MediaType: start.MimeType, Name: start.Name,
			Meta: rawOf(start.MetaData), Transcript: transcript(start.MetaData),
		}
		if v := start.ExternalValue; v != nil {
			said.File = &convo.FileRef{URI: v.URI, Size: max(v.ByteCount, 0)}
		}
		s.say(said)
	}
	if c := p.Chunk; c != nil {
		cites, err := citationOf(c.Citation)
		if err != nil {
			return err
		}
		s.say(engine.SaidText{Exchange: exchange, Message: message, Part: p.ContentPartID, Text: c.Data, Cites: cites})
	}
	if present(p.MetaEvent) {
		own := &partEvent{ContentPartID: p.ContentPartID, MetaEvent: p.MetaEvent}
		s.asideIn(exchange, messageEvent{MessageID: message, ContentPart: own})
	}
	if end := p.EndContentPart; end != nil {
		cut := present(end.Interrupted) && string(end.Interrupted) != "false"
		s.say(engine.SaidPartEnd{Exchange: exchange, Message: message, Part: p.ContentPartID, Incomplete: cut, Meta: rawOf(end.MetaData)})
	}
	return nil
}

// call takes in what clients say of calls: an answer or a result. The rest is for
// the server to say.
func (s *spoken) call(exchange, message string, c *callEvent) error {
	if !named(c.ToolCallID) {
		return errMalformed
	}
	if a := c.ConfirmToolCall; a != nil {
		s.say(engine.SaidAnswer{Exchange: exchange, Call: c.ToolCallID, Approved: a.Approved, Input: rawOf(a.Input)})
	}
	if present(c.MetaEvent) {
		own := &callEvent{ToolCallID: c.ToolCallID, MetaEvent: c.MetaEvent}
		s.asideIn(exchange, messageEvent{MessageID: message, ToolCall: own})
	}
	if end := c.EndToolCall; end != nil {
		failed := end.IsError != nil && *end.IsError
		s.say(engine.SaidOutput{Exchange: exchange, Call: c.ToolCallID, Output: rawOf(end.Output), Failed: failed})
	}
	return nil
}

func citationOf(c *citationEvent) (*engine.SaidCitation, error) {
	if c == nil {
		return nil, nil
	}
	if !named(c.CitationID) {
		return nil, errMalformed
	}
	said := &engine.SaidCitation{ID: c.CitationID, Starts: c.StartCitation != nil, Ends: c.EndCitation != nil}
	if c.EndCitation != nil {
		for _, s := range c.EndCitation.Sources {
			said.Sources = append(said.Sources, convo.Source{
				Title: s.Title, Number: s.Number, URL: s.URL, MediaType: s.MimeType, DownloadURL: s.DownloadURL, PageNumber: s.PageNumber,
			})
		}
	}
	return said, nil
}

// aside passes an event on to the other clients. It holds what the client sent and
// nothing else of its frame.
func (s *spoken) aside(exchange string, e event) {
	body, err := json.Marshal(struct {
		event
		ConversationID string `json:"conversationId,omitempty"`
	}{event: e})
	if err == nil { // it was JSON before
		s.say(engine.SaidAside{Exchange: exchange, Front: frontName, Body: body})
	}
}

func (s *spoken) asideIn(exchange string, m messageEvent) {
	s.aside(exchange, event{Exchange: &exchangeEvent{ExchangeID: exchange, Message: &m}})
}

// rawOf is a member as it is kept: nil if it does not count.
func rawOf(raw json.RawMessage) convo.JSON {
	if !present(raw) {
		return nil
	}
	return convo.JSON(raw)
}

// transcript reports whether the metadata of a part says that it was spoken.
func transcript(meta json.RawMessage) bool {
	var m struct {
		IsTranscript bool `json:"isTranscript"`
	}
	return present(meta) && json.Unmarshal(meta, &m) == nil && m.IsTranscript
}

// exchangeOf is the exchange that something is said in.
func exchangeOf(said engine.Said) string {
	switch s := said.(type) {
	case engine.SaidExchange:
		return s.Exchange
	case engine.SaidMessage:
		return s.Exchange
	case engine.SaidPart:
		return s.Exchange
	case engine.SaidText:
		return s.Exchange
	case engine.SaidPartEnd:
		return s.Exchange
	case engine.SaidMessageEnd:
		return s.Exchange
	case engine.SaidStop:
		return s.Exchange
	case engine.SaidAnswer:
		return s.Exchange
	case engine.SaidOutput:
		return s.Exchange
	case engine.SaidInterruptEnd:
		return s.Exchange
	case engine.SaidAside:
		return s.Exchange
	}
	return ""
}
