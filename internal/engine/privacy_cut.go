package engine

import (
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/privacy"
)

// aroundCut is how far from where a text is cut values are looked for.
const aroundCut = 4 << 10

// cutText is the beginning of a text, at most so many bytes of it. It ends before a
// value that does not fit: half of one is not told any more, and would not be masked.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	from, to := runeAt(text, max(most-aroundCut, 0)), runeAt(text, min(most+aroundCut, len(text)))
	most = runeAt(text, most)
	for _, found := range privacy.Detect(text[from:to]) {
		if start, end := from+found.Start, from+found.End; start < most && most < end {
			return text[:start]
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
