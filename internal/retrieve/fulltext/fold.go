package fulltext

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// isPlain reports whether a word is what most are: letters of ASCII without a capital
// but the first.
func isPlain(s string) bool {
	if s == "" || len(s) > maxTerm {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i > 0 || c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendLower appends letters of ASCII.
func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, s[i]|0x20)
	}
	return b
}

// isJoiner reports whether a byte holds the parts of a name or a number together.
func isJoiner(c byte) bool {
	return c == '_' || c == '.' || c == ',' || c == ':' || c == ';' || c == '\''
}

// joins reports the same of what UAX #29 lets stand inside of a word.
func joins(r rune) bool {
	return r < utf8.RuneSelf && isJoiner(byte(r)) || r == '·'
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r)
}

// isDense reports whether a character is of a script that has no spaces between
// words. Korean has, but what hangs on its words is of no use to a search.
func isDense(r rune) bool {
	if r < 0x0e00 {
		return false
	}
	return isWord(r) && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == '々'
}

// appendFolded appends a word in the form in which it is compared: lower case, and
// without accents where they only help to read.
func appendFolded(b, word []byte) []byte {
	if isASCII(string(word)) {
		for _, c := range word {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			b = append(b, c)
		}
		return b
	}
	var base rune
	for _, r := range string(norm.NFD.Bytes(word)) {
		if unicode.Is(unicode.M, r) {
			if !isAccent(r, base) {
				b = utf8.AppendRune(b, r)
			}
			continue
		}
		base = r
		b = appendLetter(b, unicode.ToLower(r))
	}
	return b
}

// isAccent reports whether a mark goes: all of Latin, Greek, Hebrew and Arabic, and
// of Cyrillic all but the breve, which makes another letter. In other scripts marks
// are vowels.
func isAccent(mark, base rune) bool {
	if unicode.Is(unicode.Cyrillic, base) {
		return mark != '\u0306'
	}
	return unicode.In(base, unicode.Latin, unicode.Greek, unicode.Hebrew, unicode.Arabic)
}

// appendLetter appends a letter that has no accent to lose as those that people
// write who do not have it on their keyboard.
func appendLetter(b []byte, r rune) []byte {
	switch r {
	case 'ß':
		return append(b, "ss"...)
	case 'æ':
		return append(b, "ae"...)
	case 'œ':
		return append(b, "oe"...)
	case 'þ':
		return append(b, "th"...)
	case 'ø':
		return append(b, 'o')
	case 'ł':
		return append(b, 'l')
	case 'đ', 'ð':
		return append(b, 'd')
	case 'ı':
		return append(b, 'i')
	case 'ς':
		return utf8.AppendRune(b, 'σ')
	case '·':
		return append(b, '.')
	}
	return utf8.AppendRune(b, r)
}
