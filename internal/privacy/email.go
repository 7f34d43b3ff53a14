package privacy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most bytes of the two parts of an address, and of a label in the second.
const (
	longestLocal  = 64 * 3 // 64 characters; those of other scripts take more bytes
	longestDomain = 255
	longestLabel  = 63 * 3
)

// email finds an address around an at sign.
func (s *scanner) email(i int) {
	start := s.localStart(i)
	end := s.domainEnd(i + 1)
	if start < i && end > 0 {
		s.add(Email, start, end)
	}
}

// localStart gives where the part before the at sign at i begins, i = there is none.
func (s *scanner) localStart(i int) int {
	i = s.overBreakBack(i)
	if s.byteAt(i-1) == '"' {
		least := max(0, i-longestLocal)
		open := strings.LastIndexByte(s.text[least:i-1], '"')
		if open >= 0 && !strings.Contains(s.text[least+open:i], "\n") {
			return least + open
		}
		return i
	}
	start := i
	for j := i; j > 0 && i-j < longestLocal; {
		r, size := utf8.DecodeLastRuneInString(s.text[:j])
		if !inLocal(r) || r > unicode.MaxASCII && spaceless(r) != s.spacelessBefore(i) {
			break
		}
		j -= size
		if r > unicode.MaxASCII || isAlnum(byte(r)) || r == '_' {
			start = j // signs count only between what is none
		}
	}
	return start
}

// overBreakBack goes back over a line break before i.
func (s *scanner) overBreakBack(i int) int {
	if s.byteAt(i-1) == '\n' {
		i--
		if s.byteAt(i-1) == '\r' {
			i--
		}
	}
	return i
}

// overBreak goes over a line break at i.
func (s *scanner) overBreak(i int) int {
	if s.byteAt(i) == '\r' {
		i++
	}
	if s.byteAt(i) == '\n' {
		return i + 1
	}
	return i
}

// inLocal tells what may stand before the at sign. Of the signs that the standard
// allows, those are left out that divide things where addresses are listed.
func inLocal(r rune) bool {
	if r > unicode.MaxASCII {
		return inWord(r)
	}
	return isAlnum(byte(r)) || strings.ContainsRune("._%+-'&#$!~*^", r)
}

// inWord tells letters, marks and digits.
func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// spacelessBefore says whether what ends at i is of a script without spaces. In
// such a text, an address in Latin letters begins where they begin.
func (s *scanner) spacelessBefore(i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s.text[:i])
	return spaceless(r)
}

// spaceless tells the scripts that are written without spaces, or that put endings
// directly behind foreign words.
func spaceless(r rune) bool {
	return r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// domainEnd gives where the domain that begins at i ends, 0 = there is none.
func (s *scanner) domainEnd(i int) int {
	i = s.overBreak(i)
	if s.byteAt(i) == '[' {
		return s.literalEnd(i)
	}
	first, _ := utf8.DecodeRuneInString(s.text[i:])
	start, end := i, 0
	for labels := 0; i-start < longestDomain; labels++ {
		next := s.labelEnd(i, spaceless(first))
		if next == i {
			break
		}
		if labels > 0 && endsDomain(s.text[start:i], s.text[i:next]) {
			end = next
		}
		if s.byteAt(next) != '.' {
			break
		}
		i = next + 1
	}
	return end
}

// endsDomain says whether a label may be the last one of a domain, behind others
// that end with a dot. Numbers are an IP address, or else the version of a package.
func endsDomain(before, label string) bool {
	if isDigit(label[0]) {
		return strings.Count(before, ".") == 3 && strings.Trim(before+label, "0123456789.") == ""
	}
	first, rest, _ := strings.Cut(before, ".")
	version := strings.Trim(first, "0123456789") == "" && rest != "" && isDigit(rest[0])
	return len(label) > 1 && !version
}

// labelEnd gives where the label of a domain that begins at i ends.
func (s *scanner) labelEnd(i int, wide bool) int {
	end := i
	for j := i; j < len(s.text) && j-i < longestLabel; {
		r, size := utf8.DecodeRuneInString(s.text[j:])
		if r == '-' && j > i {
			j++
			continue // it counts only before what is none
		}
		if r <= unicode.MaxASCII && !isAlnum(byte(r)) && r != '_' || r > unicode.MaxASCII && (!inWord(r) || spaceless(r) != wide) {
			break
		}
		j += size
		end = j
	}
	return end
}

// literalEnd gives where the address in brackets that begins at i ends.
func (s *scanner) literalEnd(i int) int {
	end := strings.IndexByte(s.text[i:min(len(s.text), i+longestDomain)], ']')
	if end < 3 || strings.Trim(s.text[i+1:i+end], "0123456789abcdefABCDEF.:IPv") != "" {
		return 0
	}
	return i + end + 1
}
