package privacy

import (
	"cmp"
	"slices"
)

// Found is a piece of a text that says something of a person. Start and End count
// bytes; End is exclusive.
type Found struct {
	Type       string
	Start, End int
}

// Detect gives what a text says of persons, in the order of the text and without
// overlaps.
func Detect(text string) []Found {
	p := fold(text)
	found := settle(scan(p.text))
	for i, f := range found {
		found[i].Start, found[i].End = p.original(f.Start, f.End)
	}
	return found
}

// rank says which of two types a piece is when it could be both: the one that is
// harder to be by chance, or that takes the other in.
func rank(kind string) int {
	switch kind {
	case URL:
		return 1
	case Key:
		return 2
	case Email:
		return 3
	case IBAN:
		return 4
	case SSN:
		return 5
	case Card:
		return 6
	case IP:
		return 7
	case Phone:
		return 8
	case Date:
		return 9
	case Address:
		return 10
	default:
		return 11
	}
}

// settle sorts what was found and has pieces that overlap become one: all that any
// of them covers, as the type that ranks first, so that nothing of a value is left
// over.
func settle(found []Found) []Found {
	if len(found) < 2 {
		return found
	}
	slices.SortFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(rank(a.Type), rank(b.Type)))
	})
	kept := found[:1]
	for _, f := range found[1:] {
		last := &kept[len(kept)-1]
		if f.Start >= last.End {
			kept = append(kept, f)
			continue
		}
		last.End = max(last.End, f.End)
		if rank(f.Type) < rank(last.Type) {
			last.Type = f.Type
		}
	}
	return kept
}
