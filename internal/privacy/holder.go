package privacy

import (
	"io"
	"slices"
	"strings"
)

// holderLength is the length of placeholders.
const holderLength = 11

// holderSigns are what placeholders are made of.
const holderSigns = "abcdefghijklmnopqrstuvwxyz0123456789"

// isHolder says whether a text has a placeholder's form.
func isHolder(s string) bool {
	return len(s) == holderLength && strings.Trim(s, holderSigns) == "" &&
		strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, holderSigns[:26])
}

// newHolder makes a placeholder that is neither taken nor in text.
func (v *Vault) newHolder(text string) string {
	text = strings.ToLower(text)
	for {
		holder := v.randomHolder()
		_, taken := v.byHolder[holder]
		if isHolder(holder) && !taken && !strings.Contains(text, holder) {
			return holder
		}
	}
}

// randomHolder gives random signs, all with the same probability.
func (v *Vault) randomHolder() string {
	var raw [1]byte
	holder := make([]byte, 0, holderLength)
	for len(holder) < holderLength {
		if _, err := io.ReadFull(v.random, raw[:]); err != nil {
			panic("privacy: no randomness: " + err.Error()) // NewVault asks for a source that does not fail
		}
		if fair := 256 / len(holderSigns) * len(holderSigns); int(raw[0]) < fair {
			holder = append(holder, holderSigns[int(raw[0])%len(holderSigns)])
		}
	}
	return string(holder)
}

// holders are the placeholders of a vault, for finding them and their beginnings
// in texts.
type holders struct {
	sorted []string
	starts [(pairs + 63) / 64]uint64 // the first two signs of each, as a set
}

// pairs is how many pairs of signs there are.
const pairs = len(holderSigns) * len(holderSigns)

// pairOf numbers a pair of signs, -1 = one is none.
func pairOf(a, b byte) int {
	first, second := signOf(a), signOf(b)
	if first < 0 || second < 0 {
		return -1
	}
	return first*len(holderSigns) + second
}

// signOf numbers a sign, -1 = it is none.
func signOf(c byte) int {
	switch {
	case isLetter(c):
		return int(lower(c) - 'a')
	case isDigit(c):
		return int(c-'0') + 26
	}
	return -1
}

func (h *holders) add(holder string) {
	at, _ := slices.BinarySearch(h.sorted, holder)
	h.sorted = slices.Insert(h.sorted, at, holder)
	pair := pairOf(holder[0], holder[1])
	h.starts[pair/64] |= 1 << (pair % 64)
}

// may says whether a placeholder may begin with two bytes.
func (h *holders) may(a, b byte) bool {
	pair := pairOf(a, b)
	return pair >= 0 && h.starts[pair/64]&(1<<(pair%64)) != 0
}

// at gives the placeholder that a text begins with, "" = none.
func (h *holders) at(text string) string {
	if len(text) < holderLength || !h.may(text[0], text[1]) {
		return ""
	}
	if i, ok := h.search(text[:holderLength]); ok {
		return h.sorted[i]
	}
	return ""
}

// begins says whether a placeholder begins with a text that is shorter.
func (h *holders) begins(text string) bool {
	if len(text) > 1 && !h.may(text[0], text[1]) {
		return false
	}
	_, ok := h.search(text)
	return ok
}

// search gives the first placeholder that begins with a text in letters of any case.
func (h *holders) search(text string) (int, bool) {
	return slices.BinarySearchFunc(h.sorted, text, func(holder, text string) int {
		for i := range len(text) {
			if c := lower(text[i]); holder[i] != c {
				return int(holder[i]) - int(c)
			}
		}
		return 0
	})
}

// next gives where the first placeholder at or after i begins, len(text) = there is
// none.
func (h *holders) next(text string, i int) (int, string) {
	if len(h.sorted) == 0 {
		return len(text), ""
	}
	for i+holderLength <= len(text) {
		// Words are shorter than placeholders, so most of a text is passed over by
		// looking from the end of where one would stand.
		last := i + holderLength - 1
		for last >= i && isAlnum(text[last]) {
			last--
		}
		if last >= i {
			i = last + 1
			continue
		}
		if holder := h.at(text[i:]); holder != "" {
			return i, holder
		}
		i++
	}
	return len(text), ""
}
