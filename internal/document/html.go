package document

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxProse is how much prose is gathered before it is given on.
const maxProse = 64 << 10

// maxHeading bounds the text of a heading: in a page whose heading is not closed,
// what follows is prose.
const maxHeading = 1 << 10

// hypertext reads a page token by token. It builds no tree: a million tags that
// nest cost as much as a million that do not.
func hypertext(text string) parse {
	return func(emit func(Block) bool) (string, error) {
		p := page{emit: emit}
		t := html.NewTokenizer(strings.NewReader(text))
		for !p.stopped {
			kind := t.Next()
			if kind == html.ErrorToken {
				break // the end: the tokenizer takes everything else as it is
			}
			p.token(kind, t)
		}
		p.flush()
		if left, is := p.outline.leave(); is {
			p.put(left)
		}
		return p.title, nil
	}
}

// page is what is known while a page is read.
type page struct {
	emit    func(Block) bool
	stopped bool
	outline outline
	title   string

	text   strings.Builder
	gap    string      // what stands before the next word: "", " ", "\n" or "\n\n"
	bullet bool        // the next word begins an item of a list
	hidden atom.Atom   // the element whose content nobody sees, 0 = none
	depth  int         // how many of its name are open
	into   int         // the level of the heading that is open, 0 = none
	naming bool        // in the page's title
	pre    bool        // in preformatted text
	table  *hypertable // the table that is open
}

// hypertable is a table of a page: its rows are lines, its cells stand between bars.
type hypertable struct {
	head  string // the row of column names
	cells int    // in the row that is open
	names bool   // the row that is open has names of columns only
	rows  int
}

func (p *page) put(b Block) {
	if !p.stopped {
		p.stopped = !p.emit(b)
	}
}

func (p *page) token(kind html.TokenType, t *html.Tokenizer) {
	switch kind {
	case html.TextToken:
		if p.hidden == 0 {
			p.words(string(t.Text()))
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		name, attrs := t.TagName()
		a := atom.Lookup(name)
		if p.hidden != 0 {
			if a == p.hidden && kind == html.StartTagToken {
				p.depth++
			}
			return
		}
		if a == atom.Img && attrs {
			p.words(alt(t))
		}
		p.open(a, kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		name, _ := t.TagName()
		p.close(atom.Lookup(name))
	}
}

// alt is what an image says to those who do not see it.
func alt(t *html.Tokenizer) string {
	for {
		key, value, more := t.TagAttr()
		if string(key) == "alt" {
			return string(value)
		}
		if !more {
			return ""
		}
	}
}

func (p *page) open(a atom.Atom, closed bool) {
	switch a {
	case atom.P, atom.Table, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.heading() // one that was not closed
	}
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Svg, atom.Nav, atom.Iframe, atom.Object, atom.Select:
		if !closed {
			p.hidden, p.depth = a, 1
		}
	case atom.Title:
		p.naming = p.title == ""
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.flush()
		p.into = level(a)
	case atom.Pre:
		p.flush()
		p.pre = true
	case atom.Table:
		p.flush()
		p.table = &hypertable{}
	case atom.Tr:
		p.row()
	case atom.Td, atom.Th:
		p.cell(a == atom.Th)
	case atom.Li:
		p.wants("\n")
		p.bullet = p.into == 0 && p.table == nil && !p.pre
	case atom.Br:
		p.wants("\n")
	default:
		if isBlock(a) {
			p.wants("\n\n")
		}
	}
}

func (p *page) close(a atom.Atom) {
	if p.hidden != 0 {
		if a == p.hidden {
			if p.depth--; p.depth == 0 {
				p.hidden = 0
			}
		}
		return
	}
	switch a {
	case atom.Title:
		p.naming = false
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.heading()
	case atom.Pre:
		p.flush()
		p.pre = false
	case atom.Table:
		p.flush()
		p.table = nil
	case atom.Tr:
		p.row()
	case atom.Li:
		p.wants("\n")
	default:
		if isBlock(a) {
			p.wants("\n\n")
		}
	}
}

// words writes text as a page shows it: runs of spaces are one.
func (p *page) words(text string) {
	switch {
	case p.naming:
		p.title += text[:min(len(text), 1024)]
		p.naming = len(p.title) < 1024
		return
	case p.pre:
		p.text.WriteString(text)
		return
	}
	if text == "" {
		return
	}
	if isSpace(text[0]) {
		p.wants(" ")
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < 128 && isSpace(byte(r)) }) {
		p.raw(word)
		p.wants(" ")
	}
	if !isSpace(text[len(text)-1]) && p.gap == " " {
		p.gap = ""
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// raw writes a word behind the gap that is wanted.
func (p *page) raw(word string) {
	if p.text.Len() > 0 {
		p.text.WriteString(p.gap)
	}
	if p.bullet {
		p.text.WriteString("- ")
	}
	p.gap, p.bullet = "", false
	p.text.WriteString(word)
	if p.into > 0 && p.text.Len() > maxHeading {
		p.into = 0
	}
}

// wants asks for a gap before what follows; the widest one counts.
func (p *page) wants(gap string) {
	switch {
	case p.pre && gap != " ":
		p.text.WriteString("\n")
	case p.table != nil || p.into > 0:
		p.gap = " " // a cell and a heading are one line
	case p.bullet:
	case gap == "\n\n" && p.text.Len() > maxProse:
		p.flush()
	case len(gap) > len(p.gap) || gap == "\n" && p.gap == " ":
		p.gap = gap
	}
}

// heading ends the heading that is open.
func (p *page) heading() {
	if p.into == 0 {
		return
	}
	name := p.text.String()
	p.text.Reset()
	p.gap = ""
	if left, is := p.outline.enter(p.into, name); is {
		p.put(left)
	}
	p.into = 0
}

// cell begins a cell of a table; row ends a row of it.
func (p *page) cell(name bool) {
	t := p.table
	if t == nil {
		p.wants(" ")
		return
	}
	if t.cells > 0 {
		p.gap = " "
		p.raw("|")
		p.gap = " "
	} else {
		p.gap = ""
		t.names = true
	}
	t.cells++
	t.names = t.names && name
}

func (p *page) row() {
	t := p.table
	if t == nil || t.cells == 0 {
		return
	}
	t.cells, p.gap = 0, ""
	if t.rows == 0 && t.names && t.head == "" {
		t.head = p.text.String() + "\n"
		p.text.Reset()
		return
	}
	t.rows++
	if p.text.WriteByte('\n'); p.text.Len() > maxProse {
		p.flush()
	}
}

// flush gives what was gathered.
func (p *page) flush() {
	text := p.text.String()
	p.text.Reset()
	p.gap, p.bullet = "", false
	b := Block{Text: strings.Trim(text, "\n")}
	switch t := p.table; {
	case p.into > 0:
		p.text.WriteString(text) // the heading that is open
		return
	case p.pre:
		b.Kind, b.Head, b.Tail = Code, "```\n", "\n```"
	case t != nil:
		b.Kind, b.Head = Table, t.head
		if b.Text == "" {
			b = Block{Text: strings.TrimSpace(t.head)}
		}
	}
	if !blank(b.Text) {
		p.put(p.outline.place(b))
	}
}

func level(a atom.Atom) int {
	return 1 + slices.Index([]atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}, a)
}

// isBlock says that an element begins and ends a line of its own.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Header, atom.Footer, atom.Aside, atom.Ul, atom.Ol,
		atom.Dl, atom.Dt, atom.Dd, atom.Blockquote, atom.Figure, atom.Figcaption, atom.Form, atom.Fieldset, atom.Hr,
		atom.Details, atom.Summary, atom.Address, atom.Body, atom.Caption, atom.Option, atom.Label:
		return true
	}
	return false
}
