package sqlite

import "math/bits"

// Sizes and times of deltas are small numbers with a rare large one between
// them. They are written as exponential Golomb codes: k low bits, and for what
// is above them twice as many bits as it needs. Two bytes of varints become
// hardly more than one.

// bitWriter appends bits to bytes, the highest bit of a byte first.
type bitWriter struct {
	b    []byte
	free int // bits of the last byte
}

// write appends the n low bits of v.
func (w *bitWriter) write(v uint64, n int) {
	for n > 0 {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		take := min(n, w.free)
		chunk := v >> (n - take) & (1<<take - 1)
		w.b[len(w.b)-1] |= byte(chunk << (w.free - take))
		w.free -= take
		n -= take
	}
}

// golomb appends the code of v, which is below 1<<62.
func (w *bitWriter) golomb(v uint64, k int) {
	v += 1 << k
	n := bits.Len64(v)
	w.write(0, n-1-k)
	w.write(v, n)
}

// golombSize is how many bits golomb appends.
func golombSize(v uint64, k int) int { return 2*bits.Len64(v+1<<k) - 1 - k }

// bestK is the k with which a list of numbers takes the fewest bits.
func bestK(list []uint64) int {
	best, bestSize := 0, -1
	for k := range maxK + 1 {
		size := 0
		for _, v := range list {
			size += golombSize(v, k)
		}
		if bestSize < 0 || size < bestSize {
			best, bestSize = k, size
		}
	}
	return best
}

// maxK is the largest k that is tried, and read.
const maxK = 24

// bitReader reads bits, and remembers that some were missing.
type bitReader struct {
	b   []byte
	at  int // the next bit
	bad bool
}

func (r *bitReader) read(n int) uint64 {
	var v uint64
	for n > 0 && !r.bad {
		if r.at >= 8*len(r.b) {
			r.bad = true
			return 0
		}
		left := 8 - r.at%8
		take := min(n, left)
		chunk := uint64(r.b[r.at/8]) >> (left - take) & (1<<take - 1)
		v = v<<take | chunk
		r.at += take
		n -= take
	}
	return v
}

func (r *bitReader) golomb(k int) uint64 {
	n := 0
	for r.read(1) == 0 {
		if n++; r.bad || n+k > 62 {
			r.bad = true
			return 0
		}
	}
	return (1<<(n+k) | r.read(n+k)) - 1<<k
}

// end reports whether nothing but the padding of the last byte is left.
func (r *bitReader) end() bool {
	left := 8*len(r.b) - r.at
	return !r.bad && left < 8 && r.read(left) == 0
}
