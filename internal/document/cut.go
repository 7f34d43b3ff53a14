package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// unitsPerToken is how finely text is counted: a token has four units.
const unitsPerToken = 4

// Tokens is about how many tokens a text has: one for four bytes, and one for each
// letter of scripts like Han, whose letters are words.
func Tokens(text string) int64 {
	return int64(units(text)+unitsPerToken-1) / unitsPerToken
}

func units(text string) int {
	n := len(text)
	for _, r := range text {
		if isDense(r) {
			n += unitsPerToken - utf8.RuneLen(r)
		}
	}
	return n
}

// isDense tells the scripts whose letters count as a token each: Han, Kana, Hangul
// and what Unicode keeps beside them.
func isDense(r rune) bool { return r >= 0x2E80 && r != utf8.RuneError }

// cut says where a text is split so that the first part has at most room units: at
// its end if all of it fits; else behind a paragraph, a line, a sentence or a word,
// the best of these that leaves the part half full. clean is false where less is
// left than the full units of an empty chunk, and no whole paragraph fits in it.
func cut(text string, room, full int) (end int, clean bool) {
	limit := reach(text, room)
	if limit == len(text) {
		return limit, true
	}
	if end = breakBefore(text, limit, paragraphEnd); end > 0 && (room < full || end > limit/2) {
		return end, true
	}
	if room < full {
		return 0, false // only whole paragraphs are joined to what is there
	}
	for _, at := range []func(string, int) bool{lineEnd, sentenceEnd, wordEnd} {
		if end := breakBefore(text, limit, at); end > limit/2 {
			return end, true
		}
	}
	if end := breakBefore(text, limit, wordEnd); end > 0 {
		return end, true
	}
	return max(limit, firstRune(text)), true
}

// reach is how many bytes of a text have at most so many units.
func reach(text string, room int) int {
	for i, r := range text {
		size := utf8.RuneLen(r)
		if isDense(r) {
			size = unitsPerToken
		}
		if room -= size; room < 0 {
			return i
		}
	}
	return len(text)
}

func firstRune(text string) int {
	_, size := utf8.DecodeRuneInString(text)
	return size
}

// breakBefore is the last place up to limit at which a text may be split so, 0 = none.
func breakBefore(text string, limit int, at func(text string, end int) bool) int {
	for end := limit; end > 0; end-- {
		if utf8.RuneStart(text[end]) && at(text, end) {
			return end
		}
	}
	return 0
}

func paragraphEnd(text string, end int) bool {
	if text[end-1] != '\n' {
		return false
	}
	before := strings.TrimRight(text[max(0, end-80):end-1], " \t")
	return strings.HasSuffix(before, "\n")
}

func lineEnd(text string, end int) bool { return text[end-1] == '\n' }

func sentenceEnd(text string, end int) bool {
	if isSpace(text[end-1]) && end > 1 {
		return strings.IndexByte(".!?", text[end-2]) >= 0
	}
	r, _ := utf8.DecodeLastRuneInString(text[:end])
	return strings.ContainsRune("。！？｡।", r)
}

// wordEnd is behind a space, and anywhere between the letters of scripts that write
// no spaces, but never before a mark that belongs to the letter before it.
func wordEnd(text string, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:end])
	if unicode.IsSpace(before) {
		return true
	}
	after, _ := utf8.DecodeRuneInString(text[end:])
	if unicode.Is(unicode.M, after) || after == 0x200d || before == 0x200d {
		return false
	}
	return isSpaceless(before) || isSpaceless(after)
}

func isSpaceless(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
