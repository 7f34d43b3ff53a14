package engine

import (
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

func (u *utterance) sayPart(s SaidPart) error {
	bad := u.e.checkSaidPart(s)
	t, err := u.input(s.Exchange, bad)
	switch {
	case err != nil || t == nil:
		return err
	case bad != nil:
		return bad
	}
	file, err := u.file(t.ID, s)
	if err != nil || u.over[s.Exchange] {
		return err
	}
	part := partOf(s, file)
	m, err := u.openMessage(t.ID, SaidMessage{Message: s.Message, Role: "user"})
	if err != nil || m == nil {
		return err
	}
	_, err = u.openPart(t.ID, m, part)
	return err
}

// openPart gives the part with that alias, and opens it if it is new, which ends
// the part before it. nil: it has ended, or the exchange has.
func (u *utterance) openPart(turn string, m *convo.Coming, part convo.Part) (*convo.ComingPart, error) {
	if i := slices.IndexFunc(m.Parts, func(p convo.ComingPart) bool { return p.Alias == part.Alias }); i >= 0 {
		if m.Parts[i].Ended {
			return nil, nil
		}
		return &m.Parts[i], nil
	}
	if len(m.Parts) >= maxParts {
		return nil, refused(BadPart, convo.TooLarge, "a message may have up to %d parts", maxParts)
	}
	if open := m.Open(); open != nil {
		flagged, err := u.judged(turn, m)
		if flagged || err != nil {
			return nil, err
		}
		if err := u.append(turn, convo.PartEnded{Message: m.ID, Part: open.ID}); err != nil {
			return nil, err
		}
	}
	if err := u.useFile(part); err != nil {
		return nil, err
	}
	part.ID = newID()
	if err := u.append(turn, convo.PartStarted{Message: m.ID, Part: part}); err != nil {
		return nil, err
	}
	u.open = append(u.open, turn)
	return u.tx.Head().Turn(turn).ComingMessage(m.ID).Part(part.ID), nil
}

// useFile holds on to the file that a part is.
func (u *utterance) useFile(part convo.Part) error {
	if part.File == nil {
		return nil
	}
	id, ours := convo.FileID(part.File.URI)
	if !ours {
		return nil
	}
	err := u.tx.UseFile(id)
	if mine, ok := errors.AsType[*convo.Error](err); ok && mine.Kind == convo.NotFound { // it has gone just now
		return &Refused{Why: BadPart, Cause: mine}
	}
	return err
}

func (u *utterance) sayText(s SaidText) error {
	t, err := u.input(s.Exchange, nil)
	if err != nil || t == nil {
		return err
	}
	m, err := u.openMessage(t.ID, SaidMessage{Message: s.Message, Role: "user"})
	if err != nil || m == nil {
		return err
	}
	part, err := u.openPart(t.ID, m, convo.Part{Alias: s.Part, MediaType: textType})
	if err != nil || part == nil || part.File != nil {
		return err
	}
	return u.addText(t.ID, m.ID, part, s)
}

// textType is the media type of a part whose client names none.
const textType = "text/markdown"

func (u *utterance) addText(turn, message string, part *convo.ComingPart, s SaidText) error {
	u.open = append(u.open, turn)
	kind := u.tx.Head().Turn(turn).ComingMessage(message).Type
	if has := u.tx.Length(message, ""); has.Bytes+len(s.Text) > u.e.limits.Text {
		return u.fail(turn, refused(TooLarge, convo.TooLarge, "a message may have up to %d bytes of text", u.e.limits.Text), message)
	}
	// Where it began is behind text that the others have: so a citation that does
	// not begin and end with this piece stands at its end.
	cited, ok := citation(part, s.Cites)
	if cited.Offset = u.tx.Length(message, part.ID).Units; ok && s.Cites.Starts {
		cited.Length = convo.LengthOf(s.Text).Units
		if err := u.append(turn, convo.Cited{Message: message, Part: part.ID, Citation: cited}); err != nil {
			return err
		}
	}
	if s.Text != "" {
		if err := u.append(turn, convo.Delta{Message: message, Type: kind, Text: s.Text, Part: part.ID}); err != nil {
			return err
		}
	}
	if ok && !s.Cites.Starts {
		cited.Offset += convo.LengthOf(s.Text).Units
		return u.append(turn, convo.Cited{Message: message, Part: part.ID, Citation: cited})
	}
	return nil
}

func (u *utterance) sayPartEnd(s SaidPartEnd) error {
	t, _, err := u.find(s.Exchange)
	if err != nil || t == nil {
		return err
	}
	m := coming(t, s.Message)
	if m == nil {
		return nil
	}
	open := m.Open()
	if open == nil || open.Alias != s.Part {
		return nil
	}
	if err := u.e.checkSaidMeta(BadPart, s.Meta); err != nil {
		return err
	}
	flagged, err := u.judged(t.ID, m)
	if flagged || err != nil {
		return err
	}
	u.open = append(u.open, t.ID)
	return u.append(t.ID, convo.PartEnded{Message: m.ID, Part: open.ID, Incomplete: s.Incomplete, Meta: s.Meta})
}
