package privacy

import (
	"html"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain is a text as it is read: without what cannot be seen, with all spaces,
// dashes and digits written alike, and with escapes undone.
type plain struct {
	text   string
	layers []layer // what was undone, the first one first; none = nothing
}

// layer is where a text differs from the one that it was made of, in order.
type layer []edit

// edit says that width bytes at position at are the bytes from start to end of what
// was there before.
type edit struct{ at, width, start, end int32 }

// rounds is how many layers of escapes are undone, one in the other.
const rounds = 3

// fold makes a text plain.
func fold(text string) plain {
	p := plain{text: text}
	for range rounds {
		next, changed := foldOnce(p.text)
		if len(changed) == 0 {
			break
		}
		p = plain{next, append(p.layers, changed)}
	}
	return p
}

// original gives the place in the original text of a piece of the plain one.
func (p plain) original(start, end int) (int, int) {
	for _, l := range slices.Backward(p.layers) {
		start, end = l.start(start), l.end(end)
	}
	return start, end
}

// before gives the last edit at or before a position, -1 = none.
func (l layer) before(at int) int {
	return sort.Search(len(l), func(i int) bool { return int(l[i].at) > at }) - 1
}

// start is where the byte at a position began.
func (l layer) start(at int) int {
	i := l.before(at)
	if i < 0 {
		return at
	}
	e := l[i]
	if at < int(e.at+e.width) {
		return int(e.start)
	}
	return int(e.end) + at - int(e.at+e.width)
}

// end is where what ends before a position ended. What cannot be seen and follows
// is not part of it.
func (l layer) end(at int) int {
	i := l.before(at - 1)
	if i < 0 {
		return at
	}
	e := l[i]
	if at <= int(e.at+e.width) {
		return int(e.end)
	}
	return int(e.end) + at - int(e.at+e.width)
}

// foldOnce undoes one layer.
func foldOnce(text string) (string, layer) {
	var out []byte
	var edits layer
	copied := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && c != '%' && c != '&' && c != '\\' {
			i++
			continue
		}
		start := i
		by, size, changed := foldAt(text[i:])
		if !changed && c >= firstMark {
			start, by, changed = compose(text, copied, i, size)
		}
		i += size
		if !changed {
			continue
		}
		out = append(out, text[copied:start]...)
		edits = append(edits, edit{int32(len(out)), int32(len(by)), int32(start), int32(i)})
		out = append(out, by...)
		copied = i
	}
	if len(edits) == 0 {
		return text, nil
	}
	return string(append(out, text[copied:]...)), edits
}

// foldAt gives what stands for the first size bytes of a text.
func foldAt(text string) (by string, size int, changed bool) {
	switch text[0] {
	case '%':
		if len(text) > 2 && hexDigit(text[1]) >= 0 && hexDigit(text[2]) >= 0 {
			return foldByte(byte(hexDigit(text[1])<<4 | hexDigit(text[2]))), 3, true
		}
		return "", 1, false
	case '&':
		return foldEntity(text)
	case '\\':
		return foldEscape(text)
	}
	r, size := utf8.DecodeRuneInString(text)
	if 0xFB00 <= r && r <= 0xFB06 || 0xFF61 <= r && r <= 0xFF9F || 0x1D400 <= r && r <= 0x1D7CB {
		return norm.NFKC.String(text[:size]), size, true // ligatures, narrow kana, letters of formulas
	}
	folded := foldRune(r)
	if folded == r {
		return "", size, false
	}
	if folded < 0 {
		return "", size, true
	}
	return string(folded), size, true
}

// firstMark is what the characters begin with that compose looks at, or a higher byte.
const firstMark = 0xCC

// compose puts a mark and the letter before it together, where Unicode has one
// character for both. It does not look before from. It gives where the letter begins.
func compose(text string, from, at, size int) (start int, by string, changed bool) {
	mark, _ := utf8.DecodeRuneInString(text[at:])
	if !isMark(mark) {
		return at, "", false
	}
	_, before := utf8.DecodeLastRuneInString(text[from:at])
	start = at - before
	by = norm.NFC.String(text[start : at+size])
	return start, by, before > 0 && by != text[start:at+size]
}

// isMark says whether a character is put together with the one before it: accents,
// those of kana and Arabic, and the vowels and ends of Korean syllables.
func isMark(r rune) bool {
	return 0x300 <= r && r < 0x370 || r == 0x3099 || r == 0x309A || 0x653 <= r && r <= 0x655 || 0x1161 <= r && r < 0x11C3
}

// foldByte gives what a byte that is escaped in an address stands for there. What
// would end the address becomes a plus, which is a blank in addresses anyway.
func foldByte(c byte) string {
	switch c {
	case ' ', '\t', '\n', '\r', '"', '<', '>', '`', 0:
		return "+"
	}
	return string([]byte{c})
}

// longestEntity is how long a character reference of HTML is that is looked at.
const longestEntity = 12

// foldEntity undoes a character reference of HTML.
func foldEntity(text string) (string, int, bool) {
	end := strings.IndexByte(text[:min(len(text), longestEntity)], ';')
	if end < 2 {
		return "", 1, false
	}
	raw := text[:end+1]
	by := html.UnescapeString(raw)
	return by, len(raw), by != raw
}

// foldEscape undoes an escape of JSON, or of a programming language like it.
func foldEscape(text string) (string, int, bool) {
	if len(text) < 2 {
		return "", 1, false
	}
	switch text[1] {
	case 'n', 'r':
		return "\n", 2, true
	case 't':
		return "\t", 2, true
	case '"', '/', '\\', '\'':
		return text[1:2], 2, true
	case 'u':
		return foldHex(text, 4)
	case 'x':
		return foldHex(text, 2)
	}
	return "", 1, false
}

// foldHex undoes an escape with so many digits.
func foldHex(text string, digits int) (string, int, bool) {
	if len(text) < 2+digits {
		return "", 1, false
	}
	r := rune(0)
	for _, c := range []byte(text[2 : 2+digits]) {
		d := hexDigit(c)
		if d < 0 {
			return "", 1, false
		}
		r = r<<4 | rune(d)
	}
	return string(r), 2 + digits, true // half of a surrogate pair becomes U+FFFD, which is no part of a value
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// foldRune gives the plain form of a character, -1 where it cannot be seen.
func foldRune(r rune) rune {
	switch {
	case r < 0xA0:
		return r
	case r == 0xA0 || r == 0x1680 || r == 0x202F || r == 0x205F || r == 0x3000 || 0x2000 <= r && r <= 0x200A:
		return ' '
	case invisible(r):
		return -1
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		return '\n'
	case 0x2010 <= r && r <= 0x2015 || r == 0x2212 || r == 0xFE58 || r == 0xFE63:
		return '-'
	case r == 0x2024 || r == 0xFE52 || r == 0x2027 || r == 0xB7 || r == 0x2022 || r == 0x2219:
		return '.' // leaders and middle dots, as between groups of digits
	case r == 0x2018 || r == 0x2019 || r == 0x02BC:
		return '\''
	case r == 0xFE6B:
		return '@'
	case 0xFF01 <= r && r <= 0xFF5E:
		return r - 0xFF01 + '!'
	case r < 0x660 || 0x3041 <= r && r < 0xA620 || 0xAC00 <= r && r < 0xFF00:
		return r // Latin, Greek, Cyrillic, Hebrew; Han and kana; Hangul: no digits
	}
	return foldDigit(r)
}

// invisible says of a character that it takes no place, and so may stand inside a
// value that looks whole.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF:
		return true
	case 0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F, 0xFE00 <= r && r <= 0xFE0F:
		return true
	}
	return false
}

// foldDigit makes a decimal digit of another script one of ASCII. Unicode has them
// in tens, each beginning with zero.
func foldDigit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
}
