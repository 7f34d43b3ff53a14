package privacy

import (
	"unicode"
	"unicode/utf8"
)

// scanner goes once through a plain text. What each sign may be part of is looked
// at where the sign stands, with bounded looks to both sides.
type scanner struct {
	text  string
	found []Found

	numbers numbers // that were looked at last

	// How far looks that go far have gone, so that they are not repeated.
	urlSeen, keySeen, secretSeen, pemSeen int
}

// class is what a byte may begin.
type class uint8

const (
	other class = iota
	letter
	digit
	at
	colon
	beyond // of a character that is not in ASCII
)

func classOf(c byte) class {
	switch {
	case '0' <= c && c <= '9':
		return digit
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return letter
	case c == '@':
		return at
	case c == ':':
		return colon
	case c >= 0x80:
		return beyond
	}
	return other
}

// scan finds all pieces, in no order and with overlaps.
func scan(text string) []Found {
	s := scanner{text: text}
	for i := 0; i < len(text); {
		switch classOf(text[i]) {
		case digit:
			s.number(i)
			i = s.digitsEnd(i)
		case at:
			s.email(i)
			i++
		case colon:
			s.url(i)
			i = max(i+1, s.ipv6(i))
		case letter:
			i = s.words(i)
		case beyond:
			r, size := utf8.DecodeRuneInString(text[i:])
			switch {
			case spaceless(r):
				i = s.han(i, r, size)
			case unicode.IsLetter(r):
				i = s.words(i)
			default:
				i += size
			}
		default:
			i++
		}
	}
	return s.found
}

// add notes a piece.
func (s *scanner) add(kind string, start, end int) {
	s.found = append(s.found, Found{kind, start, end})
}

// digitsEnd is where the digits that begin at i end.
func (s *scanner) digitsEnd(i int) int {
	for i < len(s.text) && isDigit(s.text[i]) {
		i++
	}
	return i
}

// byteAt gives a byte, 0 outside of the text.
func (s *scanner) byteAt(i int) byte {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }

// lower makes a letter of ASCII small.
func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}
