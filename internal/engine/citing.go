package engine

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	// maxMark bounds how much of an answer is held back to see whether it is a mark.
	maxMark = 32
	// maxMarks bounds the marks of a message that are citations: each is an
	// event.
	maxMarks = 1000
)

// citer finds the marks in an answer by which the model cites its sources: [2], or
// [1, 3]. A mark stays in the text and is what is cited. With no sources it does
// nothing.
type citer struct {
	sources []convo.Source
	held    string // the beginning of what may be a mark
	units   int    // UTF-16 units of the text that was passed on
	made    []convo.Citation
}

// begin starts another message.
func (c *citer) begin() { c.held, c.units, c.made = "", 0, nil }

// take passes on a piece of text, with the citations that stand before it; what may
// be the beginning of a mark is held back until the rest comes.
func (c *citer) take(text string, say func(text string, cited *convo.Citation) error) error {
	text = c.held + text
	c.held = ""
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '[')
		if next < 0 {
			return c.pass(text, nil, say)
		}
		at += next
		length, numbers, whole := readMark(text[at:])
		if !whole {
			c.held = text[at:]
			return c.pass(text[:at], nil, say)
		}
		named := c.named(numbers)
		if named == nil { // no mark, but one may follow right behind the bracket
			at++
			continue
		}
		if err := c.pass(text[:at], nil, say); err != nil {
			return err
		}
		if err := c.pass(text[at:at+length], c.cite(length, named), say); err != nil {
			return err
		}
		text, at = text[at+length:], 0
	}
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

// named gives the sources with these numbers, or nil if one is not known.
func (c *citer) named(numbers []int) []convo.Source {
	var list []convo.Source
	for _, n := range numbers {
		if n < 1 || n > len(c.sources) || len(c.made) == maxMarks {
			return nil
		}
		list = append(list, c.sources[n-1])
	}
	return list
}

// readMark reads a mark at the beginning of a text: its length and the numbers in
// it, none if it is no mark. whole is false if the text is too short to tell.
func readMark(text string) (length int, numbers []int, whole bool) {
	number, digits, needs := 0, 0, true
	for i := 1; i < len(text); i++ {
		switch ch := text[i]; {
		case i == maxMark:
			return 0, nil, true
		case ch >= '0' && ch <= '9' && digits < 3 && (digits > 0 || needs):
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
