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
			parts := newCutter(b.Text, separators)
			for more := true; more && !p.stopped; {
				b.Text, more = parts.next()
				p.add(b)
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

// cutter cuts a text at separators. It looks for each of them once in every part of
// the text, however often the others are found.
type cutter struct {
	text  string
	at    int
	marks []mark
}

// mark is a separator and where it is found next; the text's length = nowhere.
type mark struct {
	text string
	next int
}

func newCutter(text string, separators []string) *cutter {
	c := &cutter{text: text}
	for _, separator := range separators {
		c.marks = append(c.marks, mark{separator, -1})
	}
	return c
}

// next gives what stands before the next separator, and whether there is one.
func (c *cutter) next() (part string, more bool) {
	end, size := len(c.text), 0
	for i := range c.marks {
		m := &c.marks[i]
		if m.next < c.at {
			m.next = len(c.text)
			if found := strings.Index(c.text[c.at:], m.text); found >= 0 {
				m.next = c.at + found
			}
		}
		if m.next < end {
			end, size = m.next, len(m.text)
		}
	}
	part, c.at = c.text[c.at:end], end+size
	return part, size > 0
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
	next := ink(b.Text) // known for as long as it is ahead: spaces are looked at once
	for text := b.Text; next >= 0 && !p.stopped; {
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
		text = text[end:]
		if next -= end; next < 0 {
			next = ink(text)
		}
		if next >= 0 {
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
