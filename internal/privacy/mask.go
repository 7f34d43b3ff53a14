package privacy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// piece is what is masked of a text, in bytes of the original.
type piece struct {
	kind       string
	start, end int
	value      string // as it is read
	entry      int    // of a known value, -1 = not known
}

// Mask puts placeholders in the place of what Detect finds and of the values that
// are known, wherever they stand. It says what it replaced, in order. Placeholders
// in the text stay, and nothing is looked for across them.
func (v *Vault) Mask(text string) (string, []convo.Entity) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.mask("", text)
}

// passes is how often a text is looked at again for the values that were found in it
// and stand elsewhere in it, where nothing tells them.
const passes = 4

// mask masks a text behind a cue, which is not part of it.
func (v *Vault) mask(cue, text string) (string, []convo.Entity) {
	var pieces []piece
	for range passes {
		pieces = v.pieces(cue, text)
		known := len(v.entries)
		for i, p := range pieces {
			if p.entry < 0 {
				pieces[i].entry = v.entry(p.kind, p.value, text)
			}
		}
		if len(v.entries) == known {
			break
		}
	}
	if len(pieces) == 0 {
		return text, nil
	}
	var out strings.Builder
	entities := make([]convo.Entity, 0, len(pieces))
	last, before, after := 0, 0, 0 // bytes and UTF-16 units of the text, units of the masked one
	for _, p := range pieces {
		gap := units(text[last:p.start])
		out.WriteString(text[last:p.start])
		before, after = before+gap, after+gap
		e := v.entries[p.entry]
		out.WriteString(e.Placeholder)
		value := text[p.start:p.end]
		size := units(value)
		entities = append(entities, convo.Entity{
			Type: e.Type, Begin: before, End: before + size, Text: value,
			Replacement: &convo.Replacement{Begin: after, End: after + holderLength, Text: e.Placeholder},
		})
		before, after, last = before+size, after+holderLength, p.end
	}
	out.WriteString(text[last:])
	return out.String(), entities
}

// pieces gives what is to be masked, in order and without overlaps.
func (v *Vault) pieces(cue, text string) []piece {
	p := fold(cue + text)
	own := len(fold(cue).text)
	fences := v.fences(p.text)
	found := scan(p.text)
	matches := v.known.find(p.text)
	for _, m := range matches {
		found = append(found, Found{v.entries[m.entry].Type, m.start, m.end})
	}
	var pieces []piece
	for _, f := range apart(settle(found), fences) {
		f.Start = max(f.Start, own)
		if f.Start >= f.End {
			continue
		}
		start, end := p.original(f.Start, f.End)
		start, end = start-len(cue), end-len(cue)
		if n := len(pieces); n > 0 && start < pieces[n-1].end {
			continue // both are of one escape
		}
		next := piece{f.Type, start, end, p.text[f.Start:f.End], -1}
		if at, ok := slices.BinarySearchFunc(matches, f.Start, func(m match, start int) int { return cmp.Compare(m.start, start) }); ok && matches[at].end == f.End && !matches[at].other {
			next.entry = matches[at].entry
		}
		if next.entry >= 0 || worth(next.value) {
			pieces = append(pieces, next)
		}
	}
	return pieces
}

// worth says whether what remains of a piece may say something: two characters, or
// one that is a word.
func worth(value string) bool {
	value = strings.TrimSpace(value)
	first, size := utf8.DecodeRuneInString(value)
	return len(value) > size || spaceless(first)
}

// fences gives the placeholders in a text.
func (v *Vault) fences(text string) []Found {
	var fences []Found
	for at, holder := v.holders.next(text, 0); holder != ""; {
		fences = append(fences, Found{"", at, at + holderLength})
		at, holder = v.holders.next(text, at+holderLength)
	}
	return fences
}

// apart takes fences out of what was found; what remains at their sides is masked
// for itself. Both are in order.
func apart(found, fences []Found) []Found {
	if len(fences) == 0 {
		return found
	}
	var out []Found
	for _, f := range found {
		for len(fences) > 0 && fences[0].End <= f.Start {
			fences = fences[1:]
		}
		for _, fence := range fences {
			if fence.Start >= f.End {
				break
			}
			if fence.Start > f.Start {
				out = append(out, Found{f.Type, f.Start, fence.Start})
			}
			f.Start = fence.End
		}
		if f.Start < f.End {
			out = append(out, f)
		}
	}
	return out
}

// units counts UTF-16 units.
func units(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x10000 {
			n++
		}
	}
	return n
}
