package document

import (
	"math"
	"strings"
	"unicode"
)

// What tells words, lines and paragraphs apart, in sizes of the letters: PDFs say
// where letters stand, and seldom what is between them.
const (
	wordGap    = 0.17 // fonts' own spaces are from 0.2 on, kerning is below 0.1
	guessedGap = 0.5  // the same, where the widths of letters are not known
	lineStep   = 0.6  // smaller steps up or down are raised and lowered letters
	farStep    = 2.2  // a step to another paragraph in any case
	farther    = 1.4  // a step of so many of the steps before it, too
	overprint  = 0.2  // the same letter again within this is a bold one
)

// lines makes text of letters and where they stand, in the order in which they are
// drawn, which is the order of reading with all that print for readers.
type lines struct {
	b          strings.Builder
	began      bool
	last       string
	x, y       float64 // where the last letter begins
	endX, endY float64 // and ends
	size       float64
	step       float64 // from the line before to this one, 0 = not known
}

// letter adds a letter that stands at a place, whose width is in sizes of it.
func (l *lines) letter(text string, at matrix, width float64, guessed bool) {
	size := math.Hypot(at.c, at.d)
	along := math.Hypot(at.a, at.b)
	if text == "" || size == 0 || along == 0 {
		return
	}
	dx, dy := at.a/along, at.b/along // the direction of the line
	if l.began {
		gap := (at.e-l.endX)*dx + (at.f-l.endY)*dy
		across := (at.f-l.endY)*dx - (at.e-l.endX)*dy
		if text == l.last && math.Hypot(at.e-l.x, at.f-l.y) < overprint*size {
			return
		}
		l.between(gap, across, max(size, l.size), guessed)
	}
	l.b.WriteString(text)
	l.began, l.last, l.size = true, text, size
	l.x, l.y = at.e, at.f
	l.endX, l.endY = at.e+dx*width*along, at.f+dy*width*along
}

// between writes what stands between two letters.
func (l *lines) between(gap, across, size float64, guessed bool) {
	least := wordGap
	if guessed {
		least = guessedGap
	}
	switch step := math.Abs(across); {
	case step > lineStep*size:
		if across > 0 || step > farStep*size || l.step > 0 && step > farther*l.step {
			l.b.WriteByte('\n')
			step = 0
		}
		l.step = step
		l.b.WriteByte('\n')
	case gap < -size:
		l.b.WriteByte('\n') // back to the left, on the same line
	case gap > least*size:
		l.b.WriteByte(' ')
	}
}

// String is the text: words that were divided at the end of a line are whole.
func (l *lines) String() string {
	var b strings.Builder
	empty := true
	for line := range strings.SplitSeq(l.b.String(), "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			if !empty {
				b.WriteString("\n")
			}
			empty = true
			continue
		}
		empty = false
		b.WriteString(line + "\n")
	}
	return whole(strings.TrimSpace(b.String()))
}

// whole joins the parts of words that were divided at the ends of lines, and writes
// out letters that fonts have as one.
func whole(text string) string {
	text = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st", "\u00ad\n", "", "\u00ad", "").Replace(text)
	var b strings.Builder
	for {
		at := strings.Index(text, "-\n")
		if at < 0 {
			break
		}
		before, after := text[:at], text[at+2:]
		if endsInLetter(before) && beginsSmall(after) {
			b.WriteString(before)
		} else {
			b.WriteString(text[:at+2])
		}
		text = after
	}
	return b.String() + text
}

func endsInLetter(text string) bool {
	runes := []rune(text[max(0, len(text)-4):])
	return len(runes) > 0 && unicode.IsLetter(runes[len(runes)-1])
}

func beginsSmall(text string) bool {
	for _, r := range text {
		return unicode.IsLower(r)
	}
	return false
}
