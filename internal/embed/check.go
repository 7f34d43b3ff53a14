package embed

import (
	"math"

	"github.com/parleyhq/parley/internal/convo"
)

// MaxDimensions bounds the length of vectors.
const MaxDimensions = 16384

// Check holds what a service gave for a number of texts against what drivers
// promise.
func Check(texts int, vectors [][]float32) error {
	if len(vectors) != texts {
		return convo.Errorf(convo.UpstreamFailed, "the embedding service gave %d vectors for %d texts", len(vectors), texts)
	}
	for _, v := range vectors {
		if len(v) == 0 || len(v) > MaxDimensions || len(v) != len(vectors[0]) {
			return convo.Errorf(convo.UpstreamFailed, "the embedding service gave vectors of lengths that cannot be used: %d and %d", len(vectors[0]), len(v))
		}
		if !usable(v) {
			return convo.Errorf(convo.UpstreamFailed, "the embedding service gave a vector that points nowhere")
		}
	}
	return nil
}

// usable reports whether a vector has a direction.
func usable(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum > 0 && !math.IsInf(sum, 0) && !math.IsNaN(sum)
}
