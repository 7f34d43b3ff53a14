package engine

import (
	"slices"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	// maxHeld bounds how many characters of an answer are held back to see whether
	// they are a mark: a longer one is text.
	maxHeld = 8
	// maxMarks bounds the marks of a message that are citations: each is an
	// event.
	maxMarks = 1000
)

// citer finds the marks in an answer by which the model cites its sources: [2], or
// [1, 3]. A mark stays in the text and is what is cited. In code, a mark is text, as
// one is that names a number nobody has. With no sources it does nothing.
type citer struct {
	sources map[int]convo.Source // by number
	held    string               // the beginning of what may be a mark
	code    codeScan
	units   int // UTF-16 units of the text that was passed on
	made    []convo.Citation
}

// begin starts another message.
func (c *citer) begin() { c.held, c.code, c.units, c.made = "", newCodeScan(), 0, nil }

// take passes on a piece of text, with the citations that stand before it; what may
// be the beginning of a mark is held back until the rest comes.
func (c *citer) take(text string, say func(text string, cited *convo.Citation) error) error {
	text = c.held + text
	c.held = ""
	from := 0 // where begins what was not passed on
	for at := 0; at < len(text); {
		if text[at] != '[' || c.code.holds() {
			c.code.step(text[at])
			at++
			continue
		}
		length, numbers, whole := readMark(text[at:])
		if !whole {
			c.held = text[at:]
			return c.pass(text[from:at], nil, say)
		}
		named := c.named(numbers)
		if named == nil { // no mark, but one may follow right behind the bracket
			c.code.step('[')
			at++
			continue
		}
		if err := c.pass(text[from:at], nil, say); err != nil {
			return err
		}
		if err := c.pass(text[at:at+length], c.cite(length, named), say); err != nil {
			return err
		}
		c.code.step(']')
		at += length
		from = at
	}
	return c.pass(text[from:], nil, say)
}

// rest passes on what was held back, at the end of a message.
func (c *citer) rest(say func(text string, cited *convo.Citation) error) error {
	held := c.held
	c.held = ""
	return c.pass(held, nil, say)
}

func (c *citer) pass(text string, cited *convo.Citation, say func(string, *convo.Citation) error) error {
	if text == "" {
		return nil
	}
	c.units += convo.LengthOf(text).Units
	return say(text, cited)
}

// cite makes the citation of the next units of the text.
func (c *citer) cite(length int, sources []convo.Source) *convo.Citation {
	c.made = append(c.made, convo.Citation{ID: newID(), Offset: c.units, Length: length, Sources: sources})
	cited := c.made[len(c.made)-1]
	return &cited
}

// named gives the sources with these numbers, each once, or nil if one is not known.
func (c *citer) named(numbers []int) []convo.Source {
	var list []convo.Source
	for i, n := range numbers {
		s, known := c.sources[n]
		if !known || len(c.made) == maxMarks {
			return nil
		}
		if !slices.Contains(numbers[:i], n) {
			list = append(list, s)
		}
	}
	return list
}

// readMark reads a mark at the beginning of a text: its length and the numbers in
// it, none if it is no mark. whole is false if the text is too short to tell.
func readMark(text string) (length int, numbers []int, whole bool) {
	number, digits, needs := 0, 0, true
	for i := 1; i < len(text); i++ {
		switch ch := text[i]; {
		case i == maxHeld && ch != ']':
			return 0, nil, true
		case ch >= '0' && ch <= '9' && digits < 4 && (digits > 0 || needs):
			number, digits, needs = 10*number+int(ch-'0'), digits+1, false
		case ch == ' ' && digits == 0 && needs && len(numbers) > 0:
		case (ch == ',' || ch == ']') && digits > 0:
			numbers = append(numbers, number)
			if ch == ']' {
				return i + 1, numbers, true
			}
			number, digits, needs = 0, 0, true
		default:
			return 0, nil, true
		}
	}
	return 0, nil, false
}
