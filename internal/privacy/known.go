package privacy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// known finds the values of a vault in plain texts.
type known struct {
	values  map[uint64][]pattern // by the hash of all their bytes; short ones of their first two
	lengths map[uint32][]int     // how many bytes are hashed of those that begin alike, in order
	numbers map[string]int       // entries of numbers, by their digits
	starts  [1 << 12 / 64]uint64 // the hashes of how they begin, as a set
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

// How many bytes say how a value begins, blanks not counted; of one that is shorter,
// two, whatever they are. Thousands may begin alike, so of those that do none is held
// against a text before the hash of all its bytes says that it stands there.
const (
	hashed      = 4
	hashedShort = 2
	// hashedWithin is how far it is looked for the first ones.
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
		k.values, k.lengths, k.numbers = map[uint64][]pattern{}, map[uint32][]int{}, map[string]int{}
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
	letters := utf8.RuneCountInString(e.Value)
	p := pattern{
		text: text, entry: entry, given: e.Given, any: letters >= insideWord, loud: letters < shortestWord,
		name: unicode.IsUpper(first) && len(e.Value) < 2*insideWord && !strings.Contains(text, " "),
	}
	key := patternKey(p.text)
	k.values[key] = append(slices.Clip(k.values[key]), p) // clones share them
	start, long := hash(p.text, hashed)
	if long {
		_, n := hashAll(p.text)
		if at, there := slices.BinarySearch(k.lengths[start], n); !there {
			k.lengths[start] = slices.Insert(slices.Clip(k.lengths[start]), at, n)
		}
	} else {
		start, k.short = hashShort(p.text), true
	}
	k.starts[start%(1<<12)/64] |= 1 << (start % 64)
}

// patternText is a value as it is looked for.
func patternText(value string) string {
	words := strings.FieldsFunc(value, func(r rune) bool { return r < utf8.RuneSelf && isSpace(byte(r)) })
	return small(strings.Join(words, " "))
}

// patternKey is under which hash a value is kept.
func patternKey(text string) uint64 {
	if _, ok := hash(text, hashed); !ok {
		return uint64(hashShort(text))
	}
	key, _ := hashAll(text)
	return key
}

// given says whether a caller has given an entry's value in this spelling.
func (k *known) given(value string, entry int) bool {
	text := patternText(value)
	if len(text) < hashedShort {
		return true
	}
	return slices.ContainsFunc(k.values[patternKey(text)], func(p pattern) bool { return p.given && p.entry == entry && p.text == text })
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

// hashAll is of all bytes that are no blanks, and how many they are.
func hashAll(text string) (h uint64, n int) {
	h = offset64
	for _, c := range []byte(text) {
		if !isBlank(c) {
			h, n = (h^uint64(c))*prime64, n+1
		}
	}
	return h, n
}

// Those of FNV-1a.
const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

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
		best, ok = k.along(k.lengths[key], text, low, i)
	}
	if !ok && k.short {
		if key := hashShort(low[i:]); k.starts[key%(1<<12)/64]&(1<<(key%64)) != 0 {
			best, ok = k.with(uint64(key), text, low, i)
		}
	}
	if len(k.numbers) > 0 && isDigit(text[i]) {
		if m, is := k.number(text, i); is && m.end > best.end {
			return m, true
		}
	}
	return best, ok
}

// along gives the longest value that begins at a place, of those that have so many bytes.
func (k *known) along(lengths []int, text, low string, i int) (best match, ok bool) {
	h, n := uint64(offset64), 0
	for j := i; j < len(low) && len(lengths) > 0; j++ {
		if isBlank(low[j]) {
			continue
		}
		h, n = (h^uint64(low[j]))*prime64, n+1
		if n < lengths[0] {
			continue
		}
		lengths = lengths[1:]
		if m, is := k.with(h, text, low, i); is && m.end > best.end {
			best, ok = m, true
		}
	}
	return best, ok
}

// with gives the longest value of a hash that begins at a place.
func (k *known) with(key uint64, text, low string, i int) (best match, ok bool) {
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
