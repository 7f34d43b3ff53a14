package engine

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/privacy"
)

// rewriter is what masks texts, or restores them. Both work on the same places of an
// event, so that nothing is masked that nobody restores.
type rewriter interface {
	text(string) string
	json(convo.JSON) convo.JSON
}

// masker masks. A text that a model says holds placeholders already, and its message
// ends with what its deltas said: it stays.
type masker struct{ vault *privacy.Vault }

func (m masker) text(s string) string {
	if s == "" {
		return s
	}
	masked, _ := m.vault.Mask(s)
	return masked
}

func (m masker) json(j convo.JSON) convo.JSON {
	if len(j) == 0 {
		return j
	}
	return convo.JSON(m.vault.MaskJSON(string(j)))
}

// restorer restores.
type restorer struct{ vault *privacy.Vault }

// mostLonger is how many bytes a text may grow by when it is restored. In one that
// repeats a long value without end, the placeholders stay.
const mostLonger = 8 << 20

func (r restorer) text(s string) string {
	if !privacy.MayHold(s) || r.vault.Longer(s) > mostLonger {
		return s
	}
	return r.vault.Restore(s)
}

func (r restorer) json(j convo.JSON) convo.JSON {
	if !privacy.MayHold(string(j)) || r.vault.Longer(string(j)) > mostLonger {
		return j
	}
	return convo.JSON(r.vault.RestoreJSON(string(j)))
}

// looker looks whether there may be a placeholder in an event.
type looker struct{ found bool }

func (l *looker) text(s string) string {
	l.found = l.found || privacy.MayHold(s)
	return s
}

func (l *looker) json(j convo.JSON) convo.JSON {
	l.found = l.found || privacy.MayHold(string(j))
	return j
}

// masked reports whether an event has texts that are stored masked.
func masked(body convo.Body) bool {
	switch b := body.(type) {
	case convo.Delta: // of a client; what a model says is masked already
		return b.Type != convo.Bot && b.Type != convo.Reasoning && b.Text != ""
	case convo.MessageStarted:
		return b.Meta != nil
	case convo.MessageEnded:
		return b.Meta != nil || len(b.Citations) > 0 || len(b.Parts) > 0
	case convo.TurnQueued, convo.TurnStarted, convo.TurnResumed, convo.MessageDeleted,
		convo.ModelAsked, convo.ModelAnswered, convo.ToolOffered, convo.Restarted:
		return false
	case convo.TurnOpened:
		return b.Metadata != nil
	case convo.TurnEnded:
		return b.Failure != nil
	case convo.TurnWaiting:
		return len(b.Left) > 0
	case convo.Rated:
		return b.Reason != ""
	}
	return true
}

// mayHold reports whether there may be a placeholder in an event.
func mayHold(body convo.Body) bool {
	switch b := body.(type) {
	case convo.Delta:
		return privacy.MayHold(b.Text)
	case convo.Cited:
		if b.Shift != 0 {
			return true
		}
	case convo.MessageEnded:
		if privacy.MayHold(b.Text) {
			return true
		}
	default:
		if !masked(body) {
			return false
		}
	}
	l := &looker{}
	rewrite(body, l)
	return l.found
}

// rewrite gives an event's body with its texts as w makes them. It shares nothing with
// the one that it was given which w has changed.
func rewrite(body convo.Body, w rewriter) convo.Body {
	switch b := body.(type) {
	case convo.Delta:
		b.Text = w.text(b.Text)
		return b
	case convo.MessageGiven:
		b.Fields = rewriteFields(b.Fields, w)
		b.Text, b.Parts, _ = rewriteText(b.Text, b.Parts, nil, w)
		return b
	case convo.MessageEnded:
		b.Meta = w.json(b.Meta)
		if _, masks := w.(masker); masks {
			b.Parts, b.Citations = rewriteNames(b.Parts, w), rewriteSources(b.Citations, w)
			return b
		}
		b.Text, b.Parts, b.Citations = rewriteText(b.Text, b.Parts, b.Citations, w)
		return b
	case convo.MessageChanged:
		b.Fields, b.Text = rewriteFields(b.Fields, w), rewritePointer(b.Text, w)
		return b
	case convo.ConversationCreated:
		b.Fields = rewriteConversation(b.Fields, w)
		return b
	case convo.ConversationChanged:
		b.Fields = rewriteConversation(b.Fields, w)
		return b
	case convo.Rated:
		b.Reason = w.text(b.Reason)
		return b
	}
	return rewriteTurn(rewriteCall(body, w), w)
}

// rewriteTurn is rewrite for what turns and sessions say.
func rewriteTurn(body convo.Body, w rewriter) convo.Body {
	switch b := body.(type) {
	case convo.TurnOpened:
		b.Metadata = w.json(b.Metadata)
		return b
	case convo.TurnWaiting:
		b.Left = slices.Clone(b.Left)
		for i, left := range b.Left {
			b.Left[i], _ = rewriteCall(left, w).(convo.ToolRequested)
		}
		return b
	case convo.TurnEnded:
		if b.Failure != nil {
			failed := *b.Failure
			failed.Message = w.text(failed.Message)
			b.Failure = &failed
		}
		return b
	case convo.MessageStarted:
		b.Meta = w.json(b.Meta)
		return b
	case convo.PartStarted:
		b.Part = rewriteNames([]convo.Part{b.Part}, w)[0]
		return b
	case convo.PartEnded:
		b.Meta = w.json(b.Meta)
		return b
	case convo.Cited:
		b.Citation = rewriteSources([]convo.Citation{b.Citation}, w)[0]
		if _, restores := w.(restorer); restores {
			b.Citation.Offset += b.Shift
			b.Shift = 0
		}
		return b
	case convo.PassedOn:
		b.Body = w.json(b.Body)
		return b
	}
	return body
}

// rewriteCall is rewrite for what calls say.
func rewriteCall(body convo.Body, w rewriter) convo.Body {
	switch b := body.(type) {
	case convo.ToolRequested:
		b.Arguments = w.json(b.Arguments)
		return b
	case convo.ToolAnswered:
		b.Input = w.json(b.Input)
		return b
	case convo.ToolStarted:
		b.Input = w.json(b.Input)
		return b
	case convo.ToolEnded:
		b.Arguments, b.Output = w.json(b.Arguments), w.json(b.Output)
		return b
	case convo.InterruptStarted:
		b.Value = w.json(b.Value)
		return b
	case convo.InterruptEnded:
		b.Value = w.json(b.Value)
		return b
	}
	return body
}

func rewritePointer(s *string, w rewriter) *string {
	if s == nil {
		return nil
	}
	changed := w.text(*s)
	return &changed
}

func rewriteFields(f convo.MessageFields, w rewriter) convo.MessageFields {
	f.Name, f.Description = rewritePointer(f.Name, w), rewritePointer(f.Description, w)
	f.Meta = w.json(f.Meta)
	return f
}

// rewriteConversation changes what is said of a conversation. What decides how its
// turns answer is configuration, and stays.
func rewriteConversation(f convo.Fields, w rewriter) convo.Fields {
	f.Name, f.Description = rewritePointer(f.Name, w), rewritePointer(f.Description, w)
	f.AgentInput = w.json(f.AgentInput)
	return f
}

// rewriteMessage is rewrite for a message as it is read.
func rewriteMessage(m convo.Message, w rewriter) convo.Message {
	m.MessageFields = rewriteFields(m.MessageFields, w)
	m.Text, m.Parts, m.Citations = rewriteText(m.Text, m.Parts, m.Citations, w)
	return m
}

// rewriteText changes a message's text, part by part, and moves what points into it.
func rewriteText(text string, parts []convo.Part, citations []convo.Citation, w rewriter) (string, []convo.Part, []convo.Citation) {
	if parts == nil {
		text, citations = rewriteCited(text, citations, w)
		return text, nil, citations
	}
	parts = rewriteNames(parts, w)
	var out []byte
	at := 0
	for i := range parts {
		p := &parts[i]
		if p.Start >= at && p.End >= p.Start && p.End <= len(text) {
			out = append(out, w.text(text[at:p.Start])...)
			var piece string
			piece, p.Citations = rewriteCited(text[p.Start:p.End], p.Citations, w)
			at = p.End
			p.Start = len(out)
			out = append(out, piece...)
			p.End = len(out)
		}
	}
	out = append(out, w.text(text[at:])...)
	return string(out), parts, rewriteSources(citations, w)
}

// rewriteCited changes a text with citations, which move with what they are about.
func rewriteCited(text string, citations []convo.Citation, w rewriter) (string, []convo.Citation) {
	if len(citations) == 0 {
		return w.text(text), citations
	}
	citations = rewriteSources(citations, w)
	var out []byte
	before, after := 0, 0 // units of the text so far
	pass := func(units int) int {
		n := bytesOf(text, units)
		piece := w.text(text[:n])
		text, out = text[n:], append(out, piece...)
		before += units
		length := convo.LengthOf(piece).Units
		after += length
		return length
	}
	for i := range citations {
		c := &citations[i]
		if c.Offset < before {
			continue // they stand in their order
		}
		pass(c.Offset - before)
		c.Offset = after
		c.Length = pass(c.Length)
	}
	out = append(out, w.text(text)...)
	return string(out), citations
}

// bytesOf is how many bytes of a text so many UTF-16 units have.
func bytesOf(text string, units int) int {
	for i, r := range text {
		if units <= 0 {
			return i
		}
		units--
		if r > 0xffff {
			units--
		}
	}
	return len(text)
}

// rewriteNames changes what parts say beside their texts.
func rewriteNames(parts []convo.Part, w rewriter) []convo.Part {
	parts = slices.Clone(parts)
	for i := range parts {
		parts[i].Name, parts[i].Meta = w.text(parts[i].Name), w.json(parts[i].Meta)
		parts[i].Citations = rewriteSources(parts[i].Citations, w)
		if file := parts[i].File; file != nil {
			if _, ours := convo.FileID(file.URI); !ours {
				parts[i].File = &convo.FileRef{URI: w.text(file.URI), Size: file.Size}
			}
		}
	}
	return parts
}

// rewriteSources changes what citations say of their sources.
func rewriteSources(citations []convo.Citation, w rewriter) []convo.Citation {
	citations = slices.Clone(citations)
	for i := range citations {
		sources := slices.Clone(citations[i].Sources)
		for n := range sources {
			s := &sources[n]
			s.Title, s.URL, s.DownloadURL, s.Origin = w.text(s.Title), w.text(s.URL), w.text(s.DownloadURL), w.text(s.Origin)
		}
		citations[i].Sources = sources
	}
	return citations
}
