package engine

import (
	"cmp"
	"encoding/json"
	"mime"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// What one thing that a client says may hold.
const (
	maxSaidName    = 255     // characters of a file's name, bytes of a media type
	maxSaidURI     = 2 << 10 // bytes
	maxClientTools = 128
)

// checkExchange holds what opens an exchange against the rules.
func (e *Engine) checkExchange(s SaidExchange) error {
	if len(s.Tools) > maxClientTools {
		return refused(BadExchange, convo.TooLarge, "an exchange may name up to %d tools of its client", maxClientTools)
	}
	return e.checkSaidMeta(BadExchange, s.Metadata)
}

// checkSaidMeta bounds a JSON value that a client adds to something.
func (e *Engine) checkSaidMeta(why Why, meta convo.JSON) error {
	switch {
	case meta == nil:
		return nil
	case len(meta) > e.limits.Meta:
		return refused(why, convo.TooLarge, "what stands beside it has %d bytes; the limit is %d", len(meta), e.limits.Meta)
	case !json.Valid(meta):
		return refused(why, convo.Invalid, "what stands beside it is no JSON")
	}
	return nil
}

// typeOf is what a message of a client is, "" for a role that clients do not have.
func typeOf(role string) convo.MessageType {
	switch role {
	case "user":
		return convo.User
	case "system":
		return convo.Instruction
	}
	return ""
}

// checkSaidMessage holds what opens a message against the rules that do not depend on
// its exchange.
func (e *Engine) checkSaidMessage(s SaidMessage) error {
	if typeOf(s.Role) == "" {
		return refused(BadMessage, convo.Invalid, "a message of a client has the role user or system, not %q", clip(s.Role))
	}
	return e.checkSaidMeta(BadMessage, s.Meta)
}

// checkSaidPart holds what opens a part against such rules.
func (e *Engine) checkSaidPart(s SaidPart) error {
	switch _, _, err := mime.ParseMediaType(s.MediaType); {
	case s.MediaType != "" && (err != nil || len(s.MediaType) > maxSaidName):
		return refused(BadPart, convo.Invalid, "%q is no media type", clip(s.MediaType))
	case utf8.RuneCountInString(s.Name) > maxSaidName:
		return refused(BadPart, convo.TooLarge, "the name of a part may have up to %d characters", maxSaidName)
	case s.File != nil && (s.File.URI == "" || len(s.File.URI) > maxSaidURI):
		return refused(BadPart, convo.Invalid, "the address of a file has from 1 to %d bytes", maxSaidURI)
	}
	return e.checkSaidMeta(BadPart, s.Meta)
}

// partOf is the part that a client opens, still without an id. file is the one of
// this server that it names.
func partOf(s SaidPart, file *fileKnown) convo.Part {
	part := convo.Part{
		Alias: s.Part, MediaType: s.MediaType, Name: s.Name, File: s.File, Transcript: s.Transcript, Meta: s.Meta,
	}
	switch {
	case file != nil:
		part.File = &convo.FileRef{URI: s.File.URI, Size: file.file.Size}
		part.MediaType = cmp.Or(part.MediaType, file.file.MediaType)
		part.Name = cmp.Or(part.Name, file.file.Name)
	case s.File == nil && part.MediaType == "":
		part.MediaType = textType
	}
	return part
}

// file gives the file of this server that a part names; nil if it names none. One
// that may not be used ends the exchange.
func (u *utterance) file(turn string, s SaidPart) (*fileKnown, error) {
	if s.File == nil {
		return nil, nil
	}
	known, ours := u.known.files[s.File.URI]
	if !ours {
		return nil, nil
	}
	if known.err == nil {
		return &known, nil
	}
	if u.tx.Head().Turn(turn).State != convo.StateOpen {
		return nil, nil
	}
	return nil, u.fail(turn, known.err, u.userMessages(turn)...)
}

// userMessages is the user's message of a turn that is still coming, if there is one.
func (u *utterance) userMessages(turn string) []string {
	for _, m := range u.tx.Head().Turn(turn).Coming {
		if m.Type == convo.User {
			return []string{m.ID}
		}
	}
	return nil
}

// citation is the end of a citation that a client makes, if it is one: its offset
// and length are still to be given. What is none is left out, and its text stays.
func citation(part *convo.ComingPart, s *SaidCitation) (c convo.Citation, ok bool) {
	if s == nil || !s.Ends || len(s.Sources) == 0 || len(s.Sources) > maxSources || len(part.Citations) >= maxCitations {
		return c, false
	}
	for _, source := range s.Sources {
		size := len(source.Title) + len(source.URL) + len(source.DownloadURL) + len(source.MediaType) + len(source.PageNumber)
		if size > 2*maxSaidURI {
			return c, false
		}
	}
	return convo.Citation{ID: s.ID, Sources: s.Sources}, true
}
