package fulltext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
)

// analysis is the version of what [analyser] makes of a text. A segment of another
// one is made again; so it goes up with every change of a term.
const analysis = 2

// maxTerm is how many bytes of a word count. What is longer is no word of a language.
const maxTerm = 64

// analyser turns texts into the terms that they are found by: the words of UAX #29,
// folded to lower case without accents and plural; names in code whole and in parts;
// pairs of neighbours in scripts without spaces between words. The same text gives
// the same terms, everywhere and always. It is not for several goroutines.
type analyser struct {
	emit   func(term []byte, place bool)
	asking bool // a question needs no parts that only help others to be found

	word  []byte // a word as it is emitted
	plain []byte // a word in its normal form, before it is folded
	dense []byte // the characters of a run of a script without spaces
	cuts  []int  // where in dense its characters end
}

// text emits the terms of a text. place says that the term is one more word of it;
// the others are parts of the words that are.
func (a *analyser) text(s string) {
	for segments := words.FromString(s); segments.Next(); {
		a.segment(segments.Value())
	}
	a.endRun()
}

// segment takes what stands between two boundaries of UAX #29: a word, or what
// separates words.
func (a *analyser) segment(s string) {
	if isPlain(s) {
		a.endRun()
		a.word = appendLower(a.word[:0], s)
		a.put(a.word, true)
		return
	}
	if !isASCII(s) {
		a.plain = norm.NFKC.AppendString(a.plain[:0], strings.ReplaceAll(s, "’", "'"))
	} else {
		a.plain = append(a.plain[:0], s...)
	}
	a.runs(a.plain)
}

// runs divides a word where the kind of its scripts changes: "API를" is two.
func (a *analyser) runs(s []byte) {
	start := 0 // of the letters and digits that are not dense
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRune(s[at:])
		switch {
		case isDense(r):
			a.spaced(s[start:at])
			at = a.character(s, at)
			start = at
			continue
		case !isWord(r) && !joins(r):
			a.spaced(s[start:at])
			a.endRun()
			start = at + size
		}
		at += size
	}
	a.spaced(s[start:])
}

// character adds a character of a dense script, with the marks that follow it, to
// the run, and says where it ends.
func (a *analyser) character(s []byte, at int) int {
	_, size := utf8.DecodeRune(s[at:])
	end := at + size
	for end < len(s) {
		r, size := utf8.DecodeRune(s[end:])
		if !unicode.Is(unicode.M, r) {
			break
		}
		end += size
	}
	if end-at <= maxTerm/2 { // more marks than that are no character
		a.dense = append(a.dense, s[at:end]...)
		a.cuts = append(a.cuts, len(a.dense))
	}
	return end
}

// endRun emits the run of dense characters that stood before: each pair of
// neighbours, which is what a word most often is, and each one alone, so that a
// question of one character finds something too.
func (a *analyser) endRun() {
	start, before := 0, 0
	for i, end := range a.cuts {
		if !a.asking || len(a.cuts) == 1 {
			a.emit(a.dense[start:end], i == 0)
		}
		if i > 0 {
			a.emit(a.dense[before:end], true)
		}
		before, start = start, end
	}
	a.dense, a.cuts = a.dense[:0], a.cuts[:0]
}

// spaced emits a word of a script that separates words: whole, and in its parts if
// it is a name in code.
func (a *analyser) spaced(s []byte) {
	for len(s) > 0 && isJoiner(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isJoiner(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if len(s) == 0 {
		return
	}
	a.endRun()
	a.word = appendFolded(a.word[:0], s)
	a.put(a.word, true)
	if len(s) <= maxTerm {
		a.parts(s)
	}
}

// parts emits what a name is made of: http.ServeMux is also http, servemux, serve
// and mux.
func (a *analyser) parts(s []byte) {
	start := 0
	for at := 0; at <= len(s); at++ {
		if at < len(s) && !isJoiner(s[at]) {
			continue
		}
		elided := at < len(s) && s[at] == '\'' || start > 0 && s[start-1] == '\''
		if part := s[start:at]; len(part) > 1 || len(part) == 1 && !elided {
			whole := start == 0 && at == len(s)
			a.part(part, whole)
		}
		start = at + 1
	}
}

// part emits a part of a name, and what its capitals and digits divide it into.
func (a *analyser) part(s []byte, whole bool) {
	if !whole {
		a.putPart(s)
	}
	start := 0
	for at := humpEnd(s, 0); at < len(s); at = humpEnd(s, at) {
		a.putPart(s[start:at])
		start = at
	}
	if start > 0 {
		a.putPart(s[start:])
	}
}

func (a *analyser) putPart(s []byte) {
	a.word = appendFolded(a.word[:0], s)
	a.put(a.word, false)
}

// put emits a folded word as its stem.
func (a *analyser) put(word []byte, place bool) {
	if len(word) > maxTerm {
		word = cut(word)
	}
	if len(word) > 0 {
		a.emit(stem(word), place)
	}
}

// cut takes the first maxTerm bytes that are whole characters.
func cut(word []byte) []byte {
	end := maxTerm
	for end > 0 && !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

// humpEnd finds the end of the hump that begins at: parse|JSON, JSON|Text, utf|8. The
// plural of capitals is none: URLs.
func humpEnd(s []byte, at int) int {
	before, size := utf8.DecodeRune(s[at:])
	for at += size; at < len(s); at += size {
		var r rune
		r, size = utf8.DecodeRune(s[at:])
		switch {
		case unicode.Is(unicode.M, r):
			continue
		case unicode.IsDigit(before) != unicode.IsDigit(r), unicode.IsLower(before) && unicode.IsUpper(r):
			return at
		case unicode.IsUpper(before) && unicode.IsUpper(r):
			next, after := utf8.DecodeRune(s[at+size:])
			if unicode.IsLower(next) && (next != 's' || at+size+after < len(s)) {
				return at
			}
		}
		before = r
	}
	return len(s)
}
