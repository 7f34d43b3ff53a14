package document

import (
	"io"
	"strings"

	"github.com/ledongthuc/pdf"
)

// The bounds of what a page may put into each other.
const (
	maxForms   = 12       // drawings in drawings
	maxStates  = 512      // saved states, open marks
	maxContent = 64 << 20 // bytes of operators
)

// matrix maps a point: x' = a·x + c·y + e, y' = b·x + d·y + f.
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// then is the matrix that maps by m and then by n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

func matrixOf(args []operand) (matrix, bool) {
	if len(args) != 6 {
		return identity, false
	}
	return matrix{
		args[0].number, args[1].number, args[2].number,
		args[3].number, args[4].number, args[5].number,
	}, true
}

// graphics is the state of drawing that matters for text.
type graphics struct {
	ctm, text, line              matrix
	font                         *font
	size, scale, leading, rise   float64
	betweenLetters, betweenWords float64
}

// canvas follows the operators of a page and writes down the text that they show.
type canvas struct {
	file   *portableFile
	state  graphics
	saved  []graphics
	marks  []bool // the open marks of content: true = it is no part of the text
	hidden int    // how many of them
	forms  int
	text   lines
}

// draw carries out the operators of a content stream.
func (c *canvas) draw(content, resources pdf.Value) {
	o := operators{contentOf(content)}
	for op, args := o.next(); op != ""; op, args = o.next() {
		if !c.place(op, args) {
			c.show(op, args, resources)
		}
	}
}

// contentOf reads a content stream, or several that belong together. What can be
// read of a damaged one counts.
func contentOf(content pdf.Value) string {
	var b strings.Builder
	read := func(v pdf.Value) {
		if v.Kind() != pdf.Stream {
			return
		}
		r := v.Reader()
		defer r.Close()
		_, _ = io.Copy(&b, io.LimitReader(r, int64(maxContent-b.Len())))
		b.WriteByte('\n')
	}
	if read(content); content.Kind() == pdf.Array {
		for i := 0; i < content.Len() && b.Len() < maxContent; i++ {
			read(content.Index(i))
		}
	}
	return b.String()
}

// place carries out the operators that say where text stands and how large it is.
func (c *canvas) place(op string, args []operand) bool {
	s := &c.state
	number := func(i int) float64 {
		if i >= len(args) {
			return 0
		}
		return args[i].number
	}
	switch op {
	case "q":
		if len(c.saved) < maxStates {
			c.saved = append(c.saved, *s)
		}
	case "Q":
		if last := len(c.saved) - 1; last >= 0 {
			*s, c.saved = c.saved[last], c.saved[:last]
		}
	case "cm":
		if m, ok := matrixOf(args); ok {
			s.ctm = m.then(s.ctm)
		}
	case "BT":
		s.text, s.line = identity, identity
	case "Tm":
		if m, ok := matrixOf(args); ok {
			s.text, s.line = m, m
		}
	case "Td":
		s.move(number(0), number(1))
	case "TD":
		s.leading = -number(1)
		s.move(number(0), number(1))
	case "T*":
		s.move(0, -s.leading)
	case "TL":
		s.leading = number(0)
	case "Tc":
		s.betweenLetters = number(0)
	case "Tw":
		s.betweenWords = number(0)
	case "Tz":
		s.scale = number(0) / 100
	case "Ts":
		s.rise = number(0)
	default:
		return false
	}
	return true
}

// move begins a line at a distance from the one before.
func (s *graphics) move(x, y float64) {
	s.line = matrix{a: 1, d: 1, e: x, f: y}.then(s.line)
	s.text = s.line
}

// show carries out the operators that show something, and those that say what.
func (c *canvas) show(op string, args []operand, resources pdf.Value) {
	if len(args) == 0 && op != "EMC" {
		return
	}
	s := &c.state
	switch op {
	case "Tf":
		if len(args) == 2 {
			s.font, s.size = c.file.font(resources.Key("Font").Key(args[0].name)), args[1].number
		}
	case "Tj":
		c.write(args[0].text)
	case "'":
		s.move(0, -s.leading)
		c.write(args[0].text)
	case "\"":
		if len(args) == 3 {
			s.betweenWords, s.betweenLetters = args[0].number, args[1].number
			s.move(0, -s.leading)
			c.write(args[2].text)
		}
	case "TJ":
		for _, v := range args[0].list {
			if v.isText {
				c.write(v.text)
			} else {
				s.advance(-v.number / 1000 * s.size * s.scale)
			}
		}
	case "Do":
		c.form(resources.Key("XObject").Key(args[0].name), resources)
	case "BMC", "BDC":
		c.mark(args[0].name == "Artifact")
	case "EMC":
		c.unmark()
	}
}

// mark and unmark follow what a page says of its content: page numbers and the like
// are no part of its text.
func (c *canvas) mark(artifact bool) {
	if len(c.marks) >= maxStates {
		return
	}
	c.marks = append(c.marks, artifact)
	if artifact {
		c.hidden++
	}
}

func (c *canvas) unmark() {
	last := len(c.marks) - 1
	if last < 0 {
		return
	}
	if c.marks[last] {
		c.hidden--
	}
	c.marks = c.marks[:last]
}

// form draws a drawing that the page names.
func (c *canvas) form(form, resources pdf.Value) {
	if form.Key("Subtype").Name() != "Form" || c.forms >= maxForms {
		return
	}
	if own := form.Key("Resources"); own.Kind() == pdf.Dict {
		resources = own
	}
	state, saved := c.state, c.saved
	values := make([]operand, min(form.Key("Matrix").Len(), 6))
	for i := range values {
		values[i].number = form.Key("Matrix").Index(i).Float64()
	}
	if m, ok := matrixOf(values); ok {
		c.state.ctm = m.then(c.state.ctm)
	}
	c.forms, c.saved = c.forms+1, nil
	c.draw(form, resources)
	c.forms, c.state, c.saved = c.forms-1, state, saved
}

func (s *graphics) advance(x float64) { s.text = matrix{a: 1, d: 1, e: x}.then(s.text) }

// write shows a string in the font of the state.
func (c *canvas) write(raw string) {
	s := &c.state
	if s.font == nil {
		return
	}
	for raw != "" {
		code, rest := s.font.next(raw)
		raw = rest
		width := s.font.width(code) / 1000
		at := matrix{a: s.size * s.scale, d: s.size, f: s.rise}.then(s.text).then(s.ctm)
		if c.hidden == 0 {
			c.text.letter(s.font.text(code), at, width, s.font.guessed)
		}
		x := width*s.size + s.betweenLetters
		if code == " " {
			x += s.betweenWords
		}
		s.advance(x * s.scale)
	}
}
