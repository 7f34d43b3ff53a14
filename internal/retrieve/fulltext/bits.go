package fulltext

import "math/bits"

// set is some of the records of a body.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

// fullSet has the first n.
func fullSet(n int) set {
	s := newSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := n % 64; rest != 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

func (s set) has(doc uint32) bool { return s[doc/64]&(1<<(doc%64)) != 0 }
func (s set) add(doc uint32)      { s[doc/64] |= 1 << (doc % 64) }
func (s set) remove(doc uint32)   { s[doc/64] &^= 1 << (doc % 64) }

// next is the first record of the set that is not before doc, or end.
func (s set) next(doc uint32) uint32 {
	for i := int(doc / 64); i < len(s); i++ {
		word := s[i]
		if i == int(doc/64) {
			word &= ^uint64(0) << (doc % 64)
		}
		if word != 0 {
			return uint32(i*64 + bits.TrailingZeros64(word))
		}
	}
	return end
}

// and keeps what is in both; nil has all.
func (s set) and(other set) {
	if other == nil {
		return
	}
	for i := range s {
		s[i] &= other[i]
	}
}

// nextNot is the first record from doc on that the set has not; it may be one behind
// all that there are.
func (s set) nextNot(doc uint32) uint32 {
	for i := int(doc / 64); i < len(s); i++ {
		word := ^s[i]
		if i == int(doc/64) {
			word &= ^uint64(0) << (doc % 64)
		}
		if word != 0 {
			return uint32(i*64 + bits.TrailingZeros64(word))
		}
	}
	return end
}
