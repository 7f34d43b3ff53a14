package vector

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// sketcher makes short vectors of long ones that point nearly as far apart: it spreads
// what each value says over all of them, by signs and Hadamard's transform, and takes
// some. The same length gives the same sketches.
type sketcher struct {
	signs []float32 // of each value
	taken []int     // of the spread values
	room  []float32
}

const (
	// sketchLength is how many values a sketch has.
	sketchLength = 128
	// sketchFrom is the length from which on vectors get sketches: looking at shorter
	// ones whole costs little more.
	sketchFrom = 2 * sketchLength
)

// newSketcher gives nil for vectors that need none.
func newSketcher(length int) *sketcher {
	if length < sketchFrom {
		return nil
	}
	random := rand.New(rand.NewPCG(uint64(length), 128))
	s := &sketcher{signs: make([]float32, length), room: make([]float32, 1<<bits.Len(uint(length-1)))}
	for i := range s.signs {
		s.signs[i] = float32(1 - 2*random.IntN(2))
	}
	s.taken = random.Perm(len(s.room))[:sketchLength]
	return s
}

// sketch appends the sketch of a direction, a byte a value, and gives what a byte is
// worth.
func (s *sketcher) sketch(codes []int8, direction []float32) ([]int8, float32) {
	clear(s.room)
	for i, x := range direction {
		s.room[i] = x * s.signs[i]
	}
	spread(s.room)
	values := make([]float32, sketchLength)
	for i, at := range s.taken {
		values[i] = s.room[at]
	}
	return encode(codes, values)
}

// spread is Hadamard's transform, but for its scale, of a power of two of values.
func spread(v []float32) {
	for half := 1; half < len(v); half *= 2 {
		for at := 0; at < len(v); at += 2 * half {
			low, high := v[at:at+half], v[at+half:at+2*half]
			for i, x := range low {
				low[i], high[i] = x+high[i], x-high[i]
			}
		}
	}
}

// encode appends one byte for each value, and gives what a byte is worth.
func encode(codes []int8, v []float32) ([]int8, float32) {
	most := float32(0)
	for _, x := range v {
		most = max(most, x, -x)
	}
	if most == 0 {
		return append(codes, make([]int8, len(v))...), 0
	}
	scale := most / math.MaxInt8
	for _, x := range v {
		codes = append(codes, int8(math.Round(float64(x/scale))))
	}
	return codes, scale
}
