package document

import "github.com/ledongthuc/pdf"

// The bounds of what a page may put into each other.
const (
	maxForms  = 12  // drawings in drawings
	maxStates = 512 // saved states, open marks
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

func matrixOf(args []pdf.Value) (matrix, bool) {
	if len(args) != 6 {
		return identity, false
	}
	return matrix{
		args[0].Float64(), args[1].Float64(), args[2].Float64(),
		args[3].Float64(), args[4].Float64(), args[5].Float64(),
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
	if k := content.Kind(); k != pdf.Stream && k != pdf.Array {
		return
	}
	pdf.Interpret(content, func(stack *pdf.Stack, op string) {
		args := make([]pdf.Value, stack.Len())
		for i := len(args) - 1; i >= 0; i-- {
			args[i] = stack.Pop()
		}
		if !c.place(op, args) {
			c.show(op, args, resources)
		}
	})
}

// place carries out the operators that say where text stands and how large it is.
func (c *canvas) place(op string, args []pdf.Value) bool {
	s := &c.state
	number := func(i int) float64 {
		if i >= len(args) {
			return 0
		}
		return args[i].Float64()
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
func (c *canvas) show(op string, args []pdf.Value, resources pdf.Value) {
	if len(args) == 0 && op != "EMC" {
		return
	}
	s := &c.state
	switch op {
	case "Tf":
		if len(args) == 2 {
			s.font, s.size = c.file.font(resources.Key("Font").Key(args[0].Name())), args[1].Float64()
		}
	case "Tj":
		c.write(args[0].RawString())
	case "'":
		s.move(0, -s.leading)
		c.write(args[0].RawString())
	case "\"":
		if len(args) == 3 {
			s.betweenWords, s.betweenLetters = args[0].Float64(), args[1].Float64()
			s.move(0, -s.leading)
			c.write(args[2].RawString())
		}
	case "TJ":
		for i := range args[0].Len() {
			if v := args[0].Index(i); v.Kind() == pdf.String {
				c.write(v.RawString())
			} else {
				s.advance(-v.Float64() / 1000 * s.size * s.scale)
			}
		}
	case "Do":
		c.form(resources.Key("XObject").Key(args[0].Name()), resources)
	case "BMC", "BDC":
		c.mark(args[0].Name() == "Artifact")
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
	values := make([]pdf.Value, form.Key("Matrix").Len())
	for i := range values {
		values[i] = form.Key("Matrix").Index(i)
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
