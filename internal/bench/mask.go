package bench

import (
	"context"
	crypto "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"

	"github.com/parleyhq/parley/internal/privacy"
)

// masking is a row that compares what masking and restoring a text costs, piece by
// piece as a model says it, with copying the same pieces.
type masking struct {
	size    int // bytes of the text
	copies  int // how often it is copied and restored
	maskeds int // how often it is masked
}

func (m masking) measure(ctx context.Context, b *bench, r *Result) error {
	p, err := b.start(ctx, "masker", m.size, nil)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "restoring, per KiB", unit: "µs", kind: Ratio},
		{name: "masking a stream, per KiB", unit: "µs", kind: Ratio},
		{name: "masking whole texts, per KiB", unit: "µs", kind: Ratio},
	}
	var allocations float64
	err = b.rounds(ctx, r, true, goals, func(last bool) (pairs []pair, err error) {
		plain, err := m.run(p, "copy", m.copies)
		if err != nil {
			return nil, err
		}
		err = b.profiled(last, p, func() error {
			for _, op := range []string{"restore", "stream", "whole"} {
				times := m.maskeds
				if op == "restore" {
					times = m.copies
				}
				took, err := m.run(p, op, times)
				if err != nil {
					return err
				}
				pairs = append(pairs, pair{took, plain})
			}
			return p.call("allocations", 0, &allocations)
		})
		return pairs, err
	})
	if err == nil {
		r.notef("%.4g allocations for a piece in which there is no placeholder", allocations)
	}
	return err
}

// run gives the microseconds of the processor for a KiB.
func (m masking) run(p *process, op string, times int) (float64, error) {
	spent, err := p.during(func() error { return p.call(op, times, nil) })
	return float64(spent.Nanoseconds()) / 1e3 / (float64(times*m.size) / 1024), err
}

// said is a text in pieces, and the same one masked.
type said struct {
	vault                *privacy.Vault
	text                 string
	clear, masked, prose []string
	out                  []byte
}

// valueEvery is how many words stand between two values in the text.
const valueEvery = 80

var errNotMasked = errors.New("a value was not masked")

func maskTexts(_ context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var size int
	if err := json.Unmarshal(in, &size); err != nil {
		return nil, nil, err
	}
	s := newSaid(size)
	return nil, map[string]operation{
		"copy": decoded(s.copy), "restore": decoded(s.restore), "stream": decoded(s.stream), "whole": decoded(s.whole), "allocations": decoded(s.allocations),
	}, nil
}

func newSaid(size int) *said {
	words := strings.Fields(string(newProse().say(nil, size, rand.New(rand.NewPCG(29, 31)))))
	s := &said{vault: privacy.NewVault(crypto.Reader), out: make([]byte, 0, 2*size)}
	var text strings.Builder
	for i, word := range words {
		if i > 0 && i%valueEvery == 0 {
			fmt.Fprintf(&text, "user%d@example.com ", i/valueEvery%50)
		}
		text.WriteString(word + " ")
	}
	s.text = text.String()[:size]
	masked, _ := s.vault.Mask(s.text)
	s.clear, s.masked = strings.SplitAfter(s.text, " "), strings.SplitAfter(masked, " ")
	for _, word := range words {
		s.prose = append(s.prose, word+" ")
	}
	return s
}

func (s *said) copy(_ context.Context, times int) (any, error) {
	for range times {
		s.out = s.out[:0]
		for _, piece := range s.masked {
			s.out = append(s.out, piece...)
		}
	}
	return nil, nil
}

func (s *said) restore(_ context.Context, times int) (any, error) {
	for range times {
		r := s.vault.Restorer()
		s.out = s.out[:0]
		for _, piece := range s.masked {
			s.out = append(s.out, r.Write(piece)...)
		}
		if s.out = append(s.out, r.Rest()...); string(s.out) != s.text {
			return nil, fmt.Errorf("of %d bytes came %d that are not the same", len(s.text), len(s.out))
		}
	}
	return nil, nil
}

func (s *said) stream(_ context.Context, times int) (any, error) {
	for range times {
		m := s.vault.Masker()
		s.out = s.out[:0]
		for _, piece := range s.clear {
			s.out = append(s.out, m.Write(piece)...)
		}
		if s.out = append(s.out, m.Rest()...); strings.Contains(string(s.out), "@example.com") {
			return nil, errNotMasked
		}
	}
	return nil, nil
}

func (s *said) whole(_ context.Context, times int) (any, error) {
	for range times {
		if masked, _ := s.vault.Mask(s.text); strings.Contains(masked, "@example.com") {
			return nil, errNotMasked
		}
	}
	return nil, nil
}

// allocations gives how many a piece without a placeholder makes, on average.
func (s *said) allocations(context.Context, int) (any, error) {
	var before, after runtime.MemStats
	r := s.vault.Restorer()
	runtime.ReadMemStats(&before)
	for _, piece := range s.prose {
		s.out = append(s.out[:0], r.Write(piece)...)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(len(s.prose)), nil
}
