package privacy

import "unicode/utf8"

// aroundCut is how far from where a text is cut values are looked for.
const aroundCut = 4 << 10

// Cut is the beginning of a text, at most so many bytes of it, in whole characters. It
// ends before what would not fit whole: a value, one that Detect finds or one that is
// known, of which half would not be told any more; and a placeholder, of which half
// would not be restored.
func (v *Vault) Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	from, to := runeAt(text, max(most-aroundCut, 0)), runeAt(text, min(most+aroundCut, len(text)))
	most = runeAt(text, max(most, 0))
	around := text[from:to]
	whole := func(start, end int) bool { return most <= from+start || from+end <= most }
	for at, holder := v.holders.next(around, 0); holder != ""; at, holder = v.holders.next(around, at+holderLength) {
		if !whole(at, at+holderLength) {
			return text[:from+at]
		}
	}
	for _, p := range v.pieces("", around) {
		if !whole(p.start, p.end) {
			return text[:from+p.start]
		}
	}
	return text[:most]
}

// runeAt is where the character begins that is at a place of a text, or its end.
func runeAt(text string, at int) int {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
