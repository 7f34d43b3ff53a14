package document

import (
	"strconv"
	"strings"
)

// maxOperands bounds the operands of one operator, and the elements of a list.
const maxOperands = 1 << 16

// operand is an operand of a page's operators.
type operand struct {
	number float64
	name   string
	text   string
	list   []operand
	isText bool
}

// operators reads the operators of a page's content with their operands, and passes
// over the pictures that stand among them. It takes any bytes and ends with them.
type operators struct {
	rest string
}

// next gives the next operator; "" = there is none.
func (o *operators) next() (op string, operands []operand) {
	for {
		value, word, ok := o.token()
		switch {
		case !ok:
			return "", nil
		case word == "":
			if len(operands) < maxOperands {
				operands = append(operands, value)
			}
		case word == "[":
			operands = append(operands, operand{list: o.list()})
		case word == "BI":
			o.skipImage()
			operands = nil
		case strings.Contains("]<<>>{})", word): // of dictionaries, only what is in them counts
		default:
			return word, operands
		}
	}
}

// list reads the elements of a list up to its end.
func (o *operators) list() (list []operand) {
	for {
		value, word, ok := o.token()
		if !ok || word == "]" {
			return list
		}
		if word == "" && len(list) < maxOperands {
			list = append(list, value)
		}
	}
}

// token reads a value, or else a word: an operator or a bracket.
func (o *operators) token() (value operand, word string, ok bool) {
	o.rest = strings.TrimLeft(o.rest, pdfSpaces)
	for strings.HasPrefix(o.rest, "%") {
		_, o.rest, _ = strings.Cut(o.rest, "\n")
		o.rest = strings.TrimLeft(o.rest, pdfSpaces)
	}
	if o.rest == "" {
		return operand{}, "", false
	}
	switch c := o.rest[0]; {
	case c == '(':
		return operand{text: o.literal(), isText: true}, "", true
	case strings.HasPrefix(o.rest, "<<"), strings.HasPrefix(o.rest, ">>"):
		return operand{}, o.take(2), true
	case c == '<':
		end := strings.IndexByte(o.rest, '>')
		if end < 0 {
			end = len(o.rest) - 1
		}
		return operand{text: unhex(o.take(end + 1)), isText: true}, "", true
	case c == '/':
		o.take(1)
		return operand{name: unescaped(o.take(wordLength(o.rest)))}, "", true
	case strings.IndexByte(pdfDelimiters, c) >= 0:
		return operand{}, o.take(1), true
	}
	word = o.take(wordLength(o.rest))
	if n, err := strconv.ParseFloat(word, 64); err == nil {
		return operand{number: n}, "", true
	}
	return operand{}, word, true
}

// What stands between words.
const (
	pdfSpaces     = " \t\r\n\f\x00"
	pdfDelimiters = "()<>[]{}/%"
)

func wordLength(text string) int {
	if end := strings.IndexAny(text, pdfSpaces+pdfDelimiters); end >= 0 {
		return end
	}
	return len(text)
}

func (o *operators) take(n int) (taken string) {
	taken, o.rest = o.rest[:n], o.rest[n:]
	return taken
}

// literal reads a string in parentheses, which may nest.
func (o *operators) literal() string {
	var b strings.Builder
	o.take(1)
	for depth := 1; o.rest != ""; {
		c := o.take(1)
		switch c {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return b.String()
			}
		case "\\":
			b.WriteString(o.escape())
			continue
		}
		b.WriteString(c)
	}
	return b.String()
}

// escape reads what stands behind a backslash.
func (o *operators) escape() string {
	if o.rest == "" {
		return ""
	}
	digits := 0
	for digits < min(3, len(o.rest)) && o.rest[digits] >= '0' && o.rest[digits] <= '7' {
		digits++
	}
	if digits > 0 {
		n, _ := strconv.ParseUint(o.take(digits), 8, 16) // it has digits only
		return string([]byte{byte(n)})
	}
	switch c := o.take(1); c {
	case "n":
		return "\n"
	case "r":
		return "\r"
	case "t":
		return "\t"
	case "b", "f":
		return " "
	case "\r":
		o.rest = strings.TrimPrefix(o.rest, "\n")
		return ""
	case "\n":
		return ""
	default:
		return c
	}
}

// unescaped is a name whose letters may be written as #20.
func unescaped(name string) string {
	before, after, is := strings.Cut(name, "#")
	if !is || len(after) < 2 {
		return name
	}
	return before + unhex("<"+after[:2]+">") + unescaped(after[2:])
}

// skipImage passes over a picture that stands in the content: the word EI ends it,
// which its bytes may hold as well, but hardly between spaces.
func (o *operators) skipImage() {
	_, rest, found := strings.Cut(o.rest, "ID")
	for found {
		var before string
		before, rest, found = strings.Cut(rest, "EI")
		if endsInSpace(before) && (rest == "" || strings.IndexByte(pdfSpaces, rest[0]) >= 0) {
			break
		}
	}
	o.rest = rest
}

func endsInSpace(text string) bool {
	return text != "" && strings.IndexByte(pdfSpaces, text[len(text)-1]) >= 0
}
