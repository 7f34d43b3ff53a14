package privacy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// known finds the values of a vault in plain texts.
type known struct {
	values  map[uint32][]pattern // by the hash of their first bytes
	numbers map[string]int       // entries of numbers, by their digits
	starts  [1 << 12 / 64]uint64 // these hashes, as a set
	short   bool                 // there are values of two or three bytes
}

// pattern is a value as it is looked for.
type pattern struct {
	text  string // in small letters, with a single blank between words
	entry int
	name  bool // a word with a capital: there are others that are written without
	any   bool // also within a word
	given bool // by a caller
	loud  bool // too short to be told in small letters, if it is a name
}

// How many bytes of a value are hashed, blanks not counted; of one that is shorter,
// two, whatever they are. Many may begin with the same four, so one that is long is
// found by more of them.
const (
	hashed      = 4
	hashedLong  = 16
	hashedShort = 2
	// hashedWithin is how far it is looked for them.
	hashedWithin = 64
)

// insideWord is how many characters a value has at least that is found within a
// word as well.
const insideWord = 6

// shortestWord is how many characters a name has at least that is known in small
// letters as well, if a caller gave it.
const shortestWord = 3

func (k *known) add(e Entry, entry int) {
	if k.values == nil {
		k.values, k.numbers = map[uint32][]pattern{}, map[string]int{}
	}
	if digits := onlyDigits(e.Value); len(digits) >= insideWord && isNumber(e.Value) {
		if _, there := k.numbers[digits]; !there {
			k.numbers[digits] = entry
		}
	}
	text := patternText(e.Value)
	if len(text) < hashedShort {
		return
	}
	first, _ := utf8.DecodeRuneInString(e.Value)
	long := utf8.RuneCountInString(e.Value)
	p := pattern{
		text: text, entry: entry, given: e.Given, any: long >= insideWord, loud: long < shortestWord,
		name: unicode.IsUpper(first) && len(e.Value) < 2*insideWord && !strings.Contains(text, " "),
	}
	key, short := patternKey(p.text)
	k.values[key] = append(slices.Clip(k.values[key]), p) // clones share them
	start := key
	if short {
		k.short = true
	} else {
		start, _ = hash(p.text, hashed)
	}
	k.starts[start%(1<<12)/64] |= 1 << (start % 64)
}

// patternText is a value as it is looked for.
func patternText(value string) string {
	words := strings.FieldsFunc(value, func(r rune) bool { return r < utf8.RuneSelf && isSpace(byte(r)) })
	return small(strings.Join(words, " "))
}

// patternKey is under which hash a value is kept.
func patternKey(text string) (key uint32, short bool) {
	if key, ok := hash(text, hashedLong); ok {
		return key, false
	}
	if key, ok := hash(text, hashed); ok {
		return key, false
	}
	return hashShort(text), true
}

// given says whether a caller has given an entry's value in this spelling.
func (k *known) given(value string, entry int) bool {
	text := patternText(value)
	if len(text) < hashedShort {
		return true
	}
	key, _ := patternKey(text)
	return slices.ContainsFunc(k.values[key], func(p pattern) bool { return p.given && p.entry == entry && p.text == text })
}

// small gives a text in small letters, of the same length: a letter whose small form
// has another one stays.
func small(text string) string {
	var out []byte
	for i, r := range text {
		if r < utf8.RuneSelf && !isUpper(byte(r)) {
			continue
		}
		low := unicode.ToLower(r)
		if r == 'ς' {
			low = 'σ' // as it is written at the end of a word
		}
		if low != r && utf8.RuneLen(low) == utf8.RuneLen(r) {
			if out == nil {
				out = []byte(text)
			}
			utf8.EncodeRune(out[i:], low)
		}
	}
	if out == nil {
		return text
	}
	return string(out)
}

// hash is of the first n bytes that are no blanks; ok is false if there are fewer.
func hash(text string, n int) (_ uint32, ok bool) {
	h := uint32(2166136261)
	for i := range min(len(text), hashedWithin) {
		if isBlank(text[i]) {
			continue
		}
		if h, n = (h^uint32(text[i]))*16777619, n-1; n == 0 {
			return h ^ h>>15, true
		}
	}
	return 0, false
}

// hashShort is of the first two bytes; any blank is one.
func hashShort(text string) uint32 {
	h := uint32(2166136261)
	for i := range hashedShort {
		c := text[i]
		if isBlank(c) {
			c = ' '
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>15
}

// match is a value found in a text.
type match struct {
	start, end, entry int
	other             bool // a name in small letters, which is a value of its own: it may be a word
}

// find gives the values in a plain text, the longest at each place, in order and
// without overlaps.
func (k *known) find(text string) []match {
	if k.values == nil {
		return nil
	}
	var found []match
	low := small(text)
	for i := 0; i+hashedShort <= len(text); {
		m, ok := k.at(text, low, i)
		if ok {
			found = append(found, m)
			i = m.end
			continue
		}
		i++
	}
	return found
}

// at gives the longest value that begins at a place of a text, low in small letters.
func (k *known) at(text, low string, i int) (best match, ok bool) {
	if isSpace(low[i]) {
		return match{}, false // no value begins with one
	}
	if key, is := hash(low[i:], hashed); is && k.starts[key%(1<<12)/64]&(1<<(key%64)) != 0 {
		if long, is := hash(low[i:], hashedLong); is {
			best, ok = k.with(long, text, low, i)
		}
		if !ok {
			best, ok = k.with(key, text, low, i)
		}
	}
	if !ok && k.short {
		if key := hashShort(low[i:]); k.starts[key%(1<<12)/64]&(1<<(key%64)) != 0 {
			best, ok = k.with(key, text, low, i)
		}
	}
	if len(k.numbers) > 0 && isDigit(text[i]) {
		if m, is := k.number(text, i); is && m.end > best.end {
			return m, true
		}
	}
	return best, ok
}

// with gives the longest value of a hash that begins at a place.
func (k *known) with(key uint32, text, low string, i int) (best match, ok bool) {
	for _, p := range k.values[key] {
		end := p.end(low, i)
		if end > best.end && p.stands(text, i, end) {
			there, _ := utf8.DecodeRuneInString(text[i:])
			best, ok = match{i, end, p.entry, p.name && !unicode.IsUpper(there)}, true
		}
	}
	return best, ok
}

// The most digits of a number that is looked for in any grouping, and the most signs
// between two of them.
const (
	longestNumber = 24
	widestGap     = 2
)

// number gives the longest number that begins at a digit, whichever way its digits are
// grouped.
func (k *known) number(text string, i int) (best match, ok bool) {
	if i > 0 && isAlnum(text[i-1]) {
		return match{}, false
	}
	var digits [longestNumber]byte
	n, gap := 0, 0
	for end := i; end < len(text) && n < longestNumber && gap <= widestGap; end++ {
		switch c := text[end]; {
		case isDigit(c):
			digits[n] = c
			n, gap = n+1, 0
			if n < insideWord || end+1 < len(text) && isAlnum(text[end+1]) {
				continue
			}
			if entry, is := k.numbers[string(digits[:n])]; is {
				best, ok = match{i, end + 1, entry, false}, true
			}
		case isSpace(c), c == '-', c == '.', c == '/', c == '(', c == ')':
			gap++
		default:
			return best, ok
		}
	}
	return best, ok
}

// end gives where a value ends that begins at a place of a text in small letters, 0 =
// another text stands there. A space may be several, and a line's end; a plus that
// follows it in the value is not one of them.
func (p pattern) end(text string, i int) int {
	for j := 0; j < len(p.text); j++ {
		if i >= len(text) {
			return 0
		}
		if p.text[j] == ' ' && isBlank(text[i]) {
			plus := j+1 < len(p.text) && p.text[j+1] == '+'
			for i++; i < len(text) && (isSpace(text[i]) || text[i] == '+' && !plus); {
				i++
			}
			continue
		}
		if text[i] != p.text[j] {
			return 0
		}
		i++
	}
	return i
}

// stands says whether a value at a place is one there: it is long, or a word by
// itself. A single word that begins with a capital does so there, because there are
// names that are words as well, unless a caller gave it.
func (p pattern) stands(text string, start, end int) bool {
	if there, _ := utf8.DecodeRuneInString(text[start:]); p.name && !unicode.IsUpper(there) && (!p.given || p.loud) {
		return false
	}
	return p.any || !joined(text, start) && !joined(text, end)
}

// joined says whether the characters at both sides of a place are of one word.
func joined(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return inWord(before) && inWord(after) && !spaceless(before) && !spaceless(after)
}

// isBlank tells spaces, and what is one in an address.
func isBlank(c byte) bool { return c == '+' || isSpace(c) }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
