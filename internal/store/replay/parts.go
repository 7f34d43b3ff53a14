package replay

import (
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// said is the text of a part, or of a message without parts, as far as it has come.
type said struct {
	id     string
	file   bool
	uri    string // of the file
	ended  bool
	length convo.Length
	cited  int // units up to which citations reach
}

// aliasKey names what a client named: a turn, or a message of a turn.
type aliasKey struct {
	message     bool
	turn, alias string
}

// addPart applies the events of parts.
func (l *Log) addPart(e convo.Event) {
	switch b := e.Body.(type) {
	case convo.PartStarted:
		o := l.open[b.Message]
		s := said{id: b.Part.ID, file: b.Part.File != nil}
		if s.file {
			s.uri = b.Part.File.URI
		}
		o.said = append(o.said, s)
		o.note(e)
	case convo.PartEnded:
		o := l.open[b.Message]
		o.last().ended = true
		o.note(e)
	case convo.Cited:
		o := l.open[b.Message]
		o.last().cited = b.Citation.Offset + b.Citation.Length
		o.note(e)
	}
}

// last is the part that text belongs to now.
func (o *opened) last() *said {
	if len(o.said) == 0 {
		return &o.whole
	}
	return &o.said[len(o.said)-1]
}

// note remembers an event of the message, and whether it holds something.
func (o *opened) note(e convo.Event) {
	o.parts = append(o.parts, e.Seq)
	if _, ok := e.Body.(convo.Delta); !ok && holds(e, o.id) {
		o.holding = append(o.holding, e.Seq)
	}
}

// checkPart refuses what contradicts what is known of a message's parts: they
// come one after the other, and nothing of a part comes before its start or
// after its end.
func (l *Log) checkPart(e convo.Event) error {
	switch b := e.Body.(type) {
	case convo.PartStarted:
		return l.checkPartStart(e, b)
	case convo.PartEnded:
		if err := l.checkComes(e, b.Message); err != nil {
			return err
		}
		return l.checkSpeaks(e, b.Message, b.Part)
	case convo.Cited:
		return l.checkCited(e, b)
	}
	return nil
}

func (l *Log) checkPartStart(e convo.Event, b convo.PartStarted) error {
	if err := l.checkComes(e, b.Message); err != nil {
		return err
	}
	o := l.open[b.Message]
	switch {
	case b.Part.ID == "":
		return wrong(e, "a part needs an id")
	case len(o.said) > 0 && !o.last().ended:
		return wrong(e, "part %q starts before the one before it has ended", b.Part.ID)
	case o.whole.length.Bytes > 0 || o.whole.cited > 0:
		return wrong(e, "part %q starts behind text that belongs to no part", b.Part.ID)
	}
	for _, s := range o.said {
		if s.id == b.Part.ID {
			return wrong(e, "there is a part %q already", b.Part.ID)
		}
	}
	return nil
}

// checkSpeaks refuses what belongs to another part than the open one.
func (l *Log) checkSpeaks(e convo.Event, message, part string) error {
	o := l.open[message]
	if last := o.last(); last.id != part || last.ended || part == "" && len(o.said) > 0 {
		return wrong(e, "part %q of message %q has not started, or has ended", part, message)
	}
	return nil
}

func (l *Log) checkCited(e convo.Event, b convo.Cited) error {
	if err := l.checkComes(e, b.Message); err != nil {
		return err
	}
	if err := l.checkSpeaks(e, b.Message, b.Part); err != nil {
		return err
	}
	c, last := b.Citation, l.open[b.Message].last()
	switch {
	case c.Offset == 0 && c.Length == 0 && len(c.Sources) == 0:
		return nil // erased
	case c.Offset != last.length.Units || c.Length < 0:
		return wrong(e, "a citation stands at %d, where the text is %d long", c.Offset, last.length.Units)
	case c.Offset < last.cited:
		return wrong(e, "a citation begins before the one before it ends")
	}
	return nil
}

// checkText refuses a piece of text that cannot come.
func (l *Log) checkText(e convo.Event, b convo.Delta) error {
	if err := l.checkComes(e, b.Message); err != nil {
		return err
	}
	if err := l.checkSpeaks(e, b.Message, b.Part); err != nil {
		return err
	}
	if l.open[b.Message].last().file && b.Text != "" {
		return wrong(e, "part %q of message %q is a file, and has no text", b.Part, b.Message)
	}
	return nil
}

// checkEndOfParts holds the parts that a message ends with against those that came.
func (l *Log) checkEndOfParts(e convo.Event, b convo.MessageEnded) error {
	o := l.open[b.ID]
	if b.Alias != o.alias {
		return wrong(e, "message %q ends under another alias than that of its start", b.ID)
	}
	if len(b.Parts) != len(o.said) {
		return wrong(e, "message %q ends with %d parts, where %d came", b.ID, len(b.Parts), len(o.said))
	}
	for i, p := range b.Parts {
		switch s := o.said[i]; {
		case !s.ended:
			return wrong(e, "message %q ends before its part %q", b.ID, s.id)
		case s.id != p.ID || s.file != (p.File != nil):
			return wrong(e, "part %q of message %q is not the one that came", p.ID, b.ID)
		case p.End-p.Start != s.length.Bytes:
			return wrong(e, "the text of part %q of message %q is not that of its deltas", p.ID, b.ID)
		}
	}
	if err := checkParts(e, b.ID, b.Text, b.Parts); err != nil {
		return err
	}
	return checkCitations(e, b.ID, b.Text, b.Citations)
}

// checkParts refuses parts that are not those of a text: their texts follow each
// other, and are all of it.
func checkParts(e convo.Event, message, text string, parts []convo.Part) error {
	if parts == nil {
		return nil
	}
	end := 0
	seen := make(map[string]bool, len(parts))
	for _, p := range parts {
		switch {
		case p.ID == "" || seen[p.ID]:
			return wrong(e, "a part of message %q has no id, or that of another part", message)
		case p.Start != end || p.End < p.Start || p.End > len(text) || p.File != nil && p.End > p.Start:
			return wrong(e, "part %q of message %q is no piece of its text, or not the next one", p.ID, message)
		case p.End < len(text) && !utf8.RuneStart(text[p.End]):
			return wrong(e, "part %q of message %q ends inside a character", p.ID, message)
		}
		seen[p.ID], end = true, p.End
		if err := checkCitations(e, message, text[p.Start:p.End], p.Citations); err != nil {
			return err
		}
	}
	if end != len(text) {
		return wrong(e, "the text of message %q goes on behind its last part", message)
	}
	return nil
}

// checkCitations refuses citations that are not in the order of their text, or
// lie outside it.
func checkCitations(e convo.Event, message, text string, citations []convo.Citation) error {
	if len(citations) == 0 {
		return nil
	}
	end, units := 0, convo.LengthOf(text).Units
	for _, c := range citations {
		if c.Length < 0 || c.Offset < end || c.Offset+c.Length > units {
			return wrong(e, "citation %q of message %q lies outside its text, or over another one", c.ID, message)
		}
		end = c.Offset + c.Length
	}
	return nil
}

// checkAlias refuses an alias that something of its kind is called by.
func (l *Log) checkAlias(e convo.Event, k aliasKey) error {
	if k.alias == "" {
		return nil
	}
	_, turn := l.turns[k.alias]
	if l.aliases[k] || !k.message && turn || k.message && (l.messages[k.alias] != nil || l.open[k.alias] != nil) {
		return wrong(e, "something is called %q already", k.alias)
	}
	return nil
}

// name notes an alias.
func (l *Log) name(k aliasKey) {
	if k.alias != "" {
		l.aliases[k] = true
	}
}

// Files says, by their ids, of how many parts of messages that are there, or come,
// the files that are kept here are the content.
func (l *Log) Files() map[string]int64 {
	uses := make(map[string]int64)
	use := func(uri string) {
		if id, ok := convo.FileID(uri); ok {
			uses[id]++
		}
	}
	for _, m := range l.messages {
		for _, p := range m.Message.Parts {
			if p.File != nil {
				use(p.File.URI)
			}
		}
	}
	for _, o := range l.open {
		for _, s := range o.said {
			use(s.uri)
		}
	}
	return uses
}
