package privacy

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// known finds the values of a vault in plain texts.
type known struct {
	values map[uint32][]pattern // by the hash of their first bytes
	starts [1 << 12 / 64]uint64 // these hashes, as a set
	short  bool                 // there are values of two or three bytes
}

// pattern is a value as it is looked for.
type pattern struct {
	text  string
	entry int
	any   bool // also within a word
}

// How many bytes of a value are hashed; of one that is shorter, two.
const (
	hashed      = 4
	hashedShort = 2
)

// insideWord is how many characters a value has at least that is found within a
// word as well.
const insideWord = 6

func (k *known) add(value string, entry int) {
	if k.values == nil {
		k.values = map[uint32][]pattern{}
	}
	n := hashed
	if len(value) < hashed {
		n, k.short = hashedShort, true
	}
	if len(value) < hashedShort {
		return
	}
	key := hash(value, n)
	k.values[key] = append(slices.Clip(k.values[key]), pattern{value, entry, utf8.RuneCountInString(value) >= insideWord})
	k.starts[key%(1<<12)/64] |= 1 << (key % 64)
}

// hash is of the first n bytes, for letters of ASCII of any case; any space is one.
func hash(text string, n int) uint32 {
	h := uint32(2166136261)
	for i := range n {
		c := lower(text[i])
		if isBlank(c) {
			c = ' '
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>15
}

// match is a value found in a text.
type match struct{ start, end, entry int }

// find gives the values in a plain text, the longest at each place, in order and
// without overlaps.
func (k *known) find(text string) []match {
	if k.values == nil {
		return nil
	}
	var found []match
	for i := 0; i+hashedShort <= len(text); {
		m, ok := k.at(text, i)
		if ok {
			found = append(found, m)
			i = m.end
			continue
		}
		i++
	}
	return found
}

// at gives the longest value that begins at a place.
func (k *known) at(text string, i int) (best match, ok bool) {
	if i+hashed <= len(text) {
		best, ok = k.with(hash(text[i:], hashed), text, i)
	}
	if !ok && k.short {
		best, ok = k.with(hash(text[i:], hashedShort), text, i)
	}
	return best, ok
}

// with gives the longest value of a hash that begins at a place.
func (k *known) with(key uint32, text string, i int) (best match, ok bool) {
	if k.starts[key%(1<<12)/64]&(1<<(key%64)) == 0 {
		return match{}, false
	}
	for _, p := range k.values[key] {
		end := p.end(text, i)
		if end > best.end && p.stands(text, i, end) {
			best, ok = match{i, end, p.entry}, true
		}
	}
	return best, ok
}

// end gives where a value ends that begins at a place, 0 = another text stands
// there. Letters of ASCII may be of any case; a space may be several, and a line's
// end.
func (p pattern) end(text string, i int) int {
	for j := 0; j < len(p.text); j++ {
		if i >= len(text) {
			return 0
		}
		if isSpace(p.text[j]) && isBlank(text[i]) {
			for i < len(text) && isBlank(text[i]) {
				i++
			}
			continue
		}
		if lower(text[i]) != lower(p.text[j]) {
			return 0
		}
		i++
	}
	return i
}

// stands says whether a value at a place is one there: it is long, or a word by
// itself. A single word that begins with a capital does so there, because there are
// names that are words as well.
func (p pattern) stands(text string, start, end int) bool {
	first, _ := utf8.DecodeRuneInString(p.text)
	there, _ := utf8.DecodeRuneInString(text[start:])
	if unicode.IsUpper(first) && !unicode.IsUpper(there) && len(p.text) < 2*insideWord {
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
