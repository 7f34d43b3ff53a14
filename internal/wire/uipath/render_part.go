package uipath

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

type shownPart struct {
	own        string
	id         string
	media      string
	name       string
	file       *convo.FileRef
	meta       convo.JSON
	transcript bool
	at         string
	ended      bool
	cut        bool
	endMeta    convo.JSON
	citing     *citing
	text       []keptChunk // what came, if it is kept
}

// citing is a citation whose text comes next.
type citing struct {
	id      string
	left    int // UTF-16 units
	begun   bool
	sources []sourceEvent
}

// part makes a part of a message known.
func (r *renderer) part(m *shownMessage, given convo.Part) *shownPart {
	p := &shownPart{
		own: given.ID, id: given.ID, media: given.MediaType, name: given.Name, file: given.File, meta: given.Meta,
		transcript: given.Transcript, at: clock(r.at.At),
	}
	if given.Alias != "" {
		p.id = given.Alias
	}
	m.parts = append(m.parts, p)
	if r.keeps {
		m.items = append(m.items, p)
	}
	return p
}

func (p *shownPart) start() *partStart {
	s := &partStart{MimeType: p.media, Name: p.name, MetaData: json.RawMessage(p.meta), Timestamp: p.at}
	if p.file != nil {
		s.ExternalValue = &externalValue{URI: p.file.URI, ByteCount: p.file.Size}
	}
	if p.transcript && p.meta == nil {
		s.MetaData = json.RawMessage(`{"isTranscript":true}`)
	}
	return s
}

// openPart is the part of a message that has not ended.
func (m *shownMessage) openPart() *shownPart {
	for _, p := range m.parts {
		if !p.ended {
			return p
		}
	}
	return nil
}

// find gives the open part with that id, "" for the message's only one.
func (m *shownMessage) find(own string) *shownPart {
	if own == "" {
		return m.openPart()
	}
	i := slices.IndexFunc(m.parts, func(p *shownPart) bool { return p.own == own && !p.ended })
	if i < 0 {
		return nil
	}
	return m.parts[i]
}

func (r *renderer) partStarted(x *shownExchange, b convo.PartStarted) {
	if m := x.message(b.Message); m != nil && !m.ended {
		p := r.part(m, b.Part)
		r.tellIn(x, m, messageEvent{ContentPart: &partEvent{ContentPartID: p.id, StartContentPart: p.start()}})
	}
}

func (r *renderer) partEnded(x *shownExchange, b convo.PartEnded) {
	m := x.message(b.Message)
	if m == nil {
		return
	}
	if p := m.find(b.Part); p != nil {
		r.endPart(x, m, p, b.Incomplete, b.Meta)
	}
}

func (r *renderer) endPart(x *shownExchange, m *shownMessage, p *shownPart, cut bool, meta convo.JSON) {
	r.tellIn(x, m, messageEvent{ContentPart: p.close(cut, meta)})
}

// close ends a part, and gives the event that says so.
func (p *shownPart) close(cut bool, meta convo.JSON) *partEvent {
	p.ended, p.cut, p.endMeta = true, cut, meta
	return &partEvent{ContentPartID: p.id, EndContentPart: p.end()}
}

func (p *shownPart) end() *partEnd {
	end := &partEnd{MetaData: json.RawMessage(p.endMeta)}
	if p.cut {
		end.Interrupted = json.RawMessage("{}")
	}
	return end
}

// delta shows a piece of text. A message that has no parts of its own, and is not
// the assistant's, opens its only one with it.
func (r *renderer) delta(x *shownExchange, b convo.Delta) {
	m := x.message(b.Message)
	if m == nil || m.ended || b.Text == "" {
		return
	}
	p := m.find(b.Part)
	if p == nil && b.Part == "" && len(m.parts) == 0 {
		p = r.part(m, convo.Part{ID: m.id, MediaType: markdown})
		r.tellIn(x, m, messageEvent{ContentPart: &partEvent{ContentPartID: p.id, StartContentPart: p.start()}})
	}
	if p != nil {
		r.say(x, m, p, b.Text)
	}
}

// cited announces a citation: the text that it covers comes next.
func (r *renderer) cited(x *shownExchange, b convo.Cited) {
	m := x.message(b.Message)
	if m == nil || m.ended {
		return
	}
	p := m.find(b.Part)
	if p == nil {
		return
	}
	p.citing = &citing{id: b.Citation.ID, left: b.Citation.Length, sources: r.sources(b.Citation.Sources)}
	if b.Citation.Length == 0 {
		r.say(x, m, p, "")
	}
}

// say shows text of a part, cut where a citation ends.
func (r *renderer) say(x *shownExchange, m *shownMessage, p *shownPart, text string) {
	for c := p.citing; c != nil; c = nil {
		n := unitsPrefix(text, c.left)
		chunk := chunkEvent{Data: text[:n], Citation: &citationEvent{CitationID: c.id}}
		if !c.begun {
			chunk.Citation.StartCitation, c.begun = &struct{}{}, true
		}
		c.left -= units(text[:n])
		text = text[n:]
		if c.left <= 0 {
			chunk.Citation.EndCitation, p.citing = &citationEnd{Sources: c.sources}, nil
		}
		r.chunk(x, m, p, chunk)
	}
	if text != "" {
		r.chunk(x, m, p, chunkEvent{Data: text})
	}
}

func (r *renderer) chunk(x *shownExchange, m *shownMessage, p *shownPart, c chunkEvent) {
	if r.keeps {
		p.keep(c)
	}
	r.tellIn(x, m, messageEvent{ContentPart: &partEvent{ContentPartID: p.id, Chunk: &c}})
}

// cut shows the whole text of a part with its citations.
func (r *renderer) cut(x *shownExchange, m *shownMessage, p *shownPart, text string, citations []convo.Citation) {
	at := 0
	for _, c := range citations {
		n := unitsPrefix(text, c.Offset-at)
		if n > 0 {
			r.say(x, m, p, text[:n])
		}
		p.citing = &citing{id: c.ID, left: c.Length, sources: r.sources(c.Sources)}
		text, at = text[n:], c.Offset+c.Length
		n = unitsPrefix(text, c.Length)
		r.say(x, m, p, text[:n])
		text = text[n:]
	}
	if text != "" {
		r.say(x, m, p, text)
	}
}

func (r *renderer) sources(sources []convo.Source) []sourceEvent {
	shown := make([]sourceEvent, len(sources))
	for i, s := range sources {
		shown[i] = sourceEvent{
			Title: s.Title, Number: s.Number, URL: s.URL, MimeType: s.MediaType, DownloadURL: r.link.of(s), PageNumber: s.PageNumber,
		}
	}
	return shown
}

func runeUnits(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// unitsPrefix is how many bytes of a text hold its first n units, whole characters
// only.
func unitsPrefix(text string, n int) int {
	for i, r := range text {
		if n -= runeUnits(r); n < 0 {
			return i
		}
		if n == 0 {
			return i + utf8.RuneLen(r)
		}
	}
	return len(text)
}
