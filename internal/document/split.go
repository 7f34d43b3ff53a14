package document

import (
	"iter"
	"slices"
	"strings"
)

// Options say how a document is split.
type Options struct {
	MaxTokens  int64  // how long a chunk is at most, by Tokens; 0 = 512. From 16 to 65,536
	Separators string // texts at which it is split in any case, one a line; "" = none
}

// Chunk is a piece of a document: what becomes a record.
type Chunk struct {
	Title string // the headings under which it stands, "Guide > Install"; else the document's title
	Text  string
	Page  int64 // on which it begins, from 1; 0 = the format knows none
}

const (
	defaultTokens = 512
	fewestTokens  = 16
	mostTokens    = 1 << 16
)

// Split splits a document by its structure. Neighbours under the same heading and on
// the same page are joined while they fit; code, tables and rows stay whole where
// they fit in a chunk. What does not fit is split between paragraphs, else between
// lines, sentences, words, and in the middle of a word only where a word alone is
// longer than a chunk. The chunks are made while they are asked for.
func Split(d *Document, o Options) iter.Seq[Chunk] {
	tokens := o.MaxTokens
	if tokens == 0 {
		tokens = defaultTokens
	}
	most := int(min(max(tokens, fewestTokens), mostTokens)) * unitsPerToken
	separators := separatorsOf(o.Separators)
	return func(yield func(Chunk) bool) {
		p := packer{most: most, title: d.Title, yield: yield}
		for b := range d.Blocks() {
			rest := b
			for more := true; more && !p.stopped; {
				rest.Text, b.Text, more = separated(b.Text, separators)
				p.add(rest)
				if more {
					p.flush()
				}
			}
			if p.stopped {
				return
			}
		}
		p.flush()
	}
}

// separatorsOf reads the separators of a dataset: one a line, where \n and \t stand
// for the end of a line and a tab.
func separatorsOf(said string) []string {
	var separators []string
	for line := range strings.SplitSeq(said, "\n") {
		if line = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(strings.TrimSuffix(line, "\r")); line != "" {
			separators = append(separators, line)
		}
	}
	return separators
}

// separated cuts a text at the first of any separators.
func separated(text string, separators []string) (before, after string, found bool) {
	at, size := len(text), 0
	for _, separator := range separators {
		if i := strings.Index(text[:min(len(text), at+len(separator))], separator); i >= 0 && i < at {
			at, size = i, len(separator)
		}
	}
	return text[:at], text[at+size:], size > 0
}

// packer joins pieces to chunks.
type packer struct {
	most    int // units that a chunk may have
	title   string
	yield   func(Chunk) bool
	stopped bool

	text  strings.Builder
	units int
	last  Block // whose place the chunk has
}

// add puts a block into the chunk that is open, or into new ones.
func (p *packer) add(b Block) {
	if blank(b.Text) {
		return
	}
	if b.Page != p.last.Page || !slices.Equal(b.Headings, p.last.Headings) {
		p.flush()
	}
	p.last = b
	around := units(b.Head) + units(b.Tail)
	if around > p.most/2 {
		b.Text, b.Head, b.Tail, around = b.Head+b.Text+b.Tail, "", "", 0
	}
	if b.Kind != Prose && !p.fits(units(b.Text)+around) {
		p.flush()
	}
	for text := b.Text; !blank(text) && !p.stopped; {
		room := p.most - p.units - around
		if p.units > 0 {
			room -= unitsPerToken // for what stands between
		}
		end, clean := cut(text, room, p.most-around)
		if p.units > 0 && !clean {
			p.flush()
			continue
		}
		if piece := tidy(text[:end]); piece != "" {
			p.join(b.Head + piece + b.Tail)
		}
		if text = text[end:]; !blank(text) {
			p.flush()
		}
	}
}

// fits says that so many units can be joined to the chunk that is open.
func (p *packer) fits(units int) bool { return p.units+unitsPerToken+units <= p.most }

func (p *packer) join(piece string) {
	if p.units > 0 {
		p.text.WriteString("\n\n")
		p.units += unitsPerToken
	}
	p.text.WriteString(piece)
	p.units += units(piece)
}

// flush gives the chunk that is open.
func (p *packer) flush() {
	if p.units == 0 || p.stopped {
		return
	}
	title := p.title
	if len(p.last.Headings) > 0 {
		title = strings.Join(p.last.Headings, " > ")
	}
	p.stopped = !p.yield(Chunk{Title: title, Text: p.text.String(), Page: p.last.Page})
	p.text.Reset()
	p.units = 0
}

// tidy takes away the empty lines around a piece, and spaces at its end.
func tidy(piece string) string {
	piece = strings.TrimRight(piece, " \t\n\f\v\u00a0")
	for {
		line, rest, more := strings.Cut(piece, "\n")
		if !more || !blank(line) {
			return piece
		}
		piece = rest
	}
}
