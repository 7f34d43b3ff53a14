package live

import (
	"encoding/json"
	"strings"
)

// ContentPartStream is a part of a message while it is said.
type ContentPartStream struct {
	message *MessageStream
	session *SessionStream
	id      string

	// Guarded by the session's mutex.
	told      bool
	ended     bool
	start     ContentPartStart
	text      strings.Builder // as it came
	sent      int             // bytes that the program has said
	skip      int             // bytes that the server says again, and that are known
	citations []*openCitation

	onChunk     handlers[Chunk]
	onEnd       handlers[ContentPartEnd]
	onCompleted handlers[CompletedContentPart]
	onMeta      handlers[json.RawMessage]
	onError     handlers[*EventError]
	onErrorEnd  handlers[*EventError]
}

// openCitation is a citation whose end may not have come.
type openCitation struct {
	Citation
	closed bool
}

// CompletedContentPart is a part as a whole.
type CompletedContentPart struct {
	Part      *ContentPartStream
	Data      string
	Citations []Citation // by their places
	End       ContentPartEnd
}

// ID names the part.
func (p *ContentPartStream) ID() string { return p.id }

// Message is the message that the part belongs to.
func (p *ContentPartStream) Message() *MessageStream { return p.message }

// StartEvent is how it began; zero while that is not known.
func (p *ContentPartStream) StartEvent() ContentPartStart {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	return p.start
}

// MimeType is the media type; "" while that is not known.
func (p *ContentPartStream) MimeType() string { return p.StartEvent().MimeType }

// IsText reports whether the part is plain text.
func (p *ContentPartStream) IsText() bool { return p.is("text/plain") }

// IsMarkdown reports whether the part is Markdown, as answers are.
func (p *ContentPartStream) IsMarkdown() bool { return p.is(MarkdownType) }

// IsHTML reports whether the part is HTML.
func (p *ContentPartStream) IsHTML() bool { return p.is("text/html") }

// IsAudio reports whether the part is sound.
func (p *ContentPartStream) IsAudio() bool { return p.is("audio/") }

// IsImage reports whether the part is a picture.
func (p *ContentPartStream) IsImage() bool { return p.is("image/") }

func (p *ContentPartStream) is(prefix string) bool { return strings.HasPrefix(p.MimeType(), prefix) }

// IsTranscript reports whether the part was spoken.
func (p *ContentPartStream) IsTranscript() bool {
	var meta struct {
		IsTranscript bool `json:"isTranscript"`
	}
	_ = json.Unmarshal(p.StartEvent().MetaData, &meta) // metadata of another form does not say it
	return meta.IsTranscript
}

// Text is what has come of the part.
func (p *ContentPartStream) Text() string {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	return p.text.String()
}

// Ended reports whether it has ended.
func (p *ContentPartStream) Ended() bool {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	return p.ended
}

// OnChunk is called with each piece.
func (p *ContentPartStream) OnChunk(f func(Chunk)) { handle(p.session, &p.onChunk, f) }

// OnContentPartEnd is called when the part has ended.
func (p *ContentPartStream) OnContentPartEnd(f func(ContentPartEnd)) { handle(p.session, &p.onEnd, f) }

// OnCompleted is called with the whole part when it has ended.
func (p *ContentPartStream) OnCompleted(f func(CompletedContentPart)) {
	handle(p.session, &p.onCompleted, f)
}

// OnMetaEvent is called with what clients tell each other of this part.
func (p *ContentPartStream) OnMetaEvent(f func(json.RawMessage)) { handle(p.session, &p.onMeta, f) }

// OnErrorStart is called with errors of this part.
func (p *ContentPartStream) OnErrorStart(f func(*EventError)) { handle(p.session, &p.onError, f) }

// OnErrorEnd is called when such an error is over.
func (p *ContentPartStream) OnErrorEnd(f func(*EventError)) { handle(p.session, &p.onErrorEnd, f) }

// say says something in the part.
func (p *ContentPartStream) say(e *contentPartEvent, how outgoing) error {
	if p.Ended() {
		return ErrEnded
	}
	e.ContentPartID = p.id
	return p.message.say(&messageEvent{ContentPart: e}, how)
}

// SendChunk says a piece of the part.
func (p *ContentPartStream) SendChunk(in Chunk) error {
	p.session.mu.Lock()
	offset := p.sent
	p.sent += len(in.Data)
	p.session.mu.Unlock()
	chunk := &ownChunk{exchange: p.message.exchange.id, message: p.message.id, part: p.id, offset: offset, data: in.Data}
	return p.say(&contentPartEvent{Chunk: &in}, outgoing{chunk: chunk})
}

// SendContentPartEnd ends the part.
func (p *ContentPartStream) SendContentPartEnd(in ContentPartEnd) error {
	return p.say(&contentPartEvent{EndContentPart: &in}, outgoing{})
}

// SendMetaEvent tells the other clients something of this part: a JSON object.
func (p *ContentPartStream) SendMetaEvent(meta json.RawMessage) error {
	return p.say(&contentPartEvent{MetaEvent: meta}, outgoing{fleeting: true})
}

// whole is the part said at once.
func (p *ContentPartStream) whole(data string) *contentPartEvent {
	start := p.start
	e := &contentPartEvent{ContentPartID: p.id, StartContentPart: &start, EndContentPart: &ContentPartEnd{}}
	if data != "" {
		e.Chunk = &Chunk{Data: data}
	}
	return e
}

// add takes a piece, and gives what of it is new; ok is false if that is
// nothing. It needs the session's lock.
func (p *ContentPartStream) add(in Chunk) (fresh Chunk, ok bool) {
	at := p.text.Len() - p.skip // where the piece begins
	known := min(p.skip, len(in.Data))
	p.skip -= known
	fresh = Chunk{Data: in.Data[known:]}
	begin := at
	p.text.WriteString(fresh.Data)
	if in.Citation != nil && p.cite(in.Citation, begin, at+len(in.Data)) {
		fresh.Citation = in.Citation
	}
	return fresh, fresh.Data != "" || fresh.Citation != nil
}

// cite takes the mark of a citation, which begins at a byte of the text or ends
// at another. It reports whether it is new. It needs the session's lock.
func (p *ContentPartStream) cite(e *CitationEvent, begin, end int) (fresh bool) {
	var known *openCitation
	for _, c := range p.citations {
		if c.ID == e.ID {
			known = c
		}
	}
	if e.Start != nil && known == nil {
		known = &openCitation{Citation: Citation{ID: e.ID, Offset: units(p.text.String()[:begin])}}
		p.citations = append(p.citations, known)
		fresh = true
	}
	if e.End != nil && known != nil && !known.closed {
		known.closed, known.Sources = true, e.End.Sources
		known.Length = units(p.text.String()[:end]) - known.Offset
		fresh = true
	}
	return fresh || e.Error != nil
}

// units counts the UTF-16 code units of a text.
func units(text string) (n int) {
	for _, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// completed is the part as a whole. It needs the session's lock.
func (p *ContentPartStream) completed(end ContentPartEnd) CompletedContentPart {
	whole := CompletedContentPart{Part: p, Data: p.text.String(), End: end}
	for _, c := range p.citations {
		if c.closed {
			whole.Citations = append(whole.Citations, c.Citation)
		}
	}
	return whole
}
