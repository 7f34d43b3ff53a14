package bench

import (
	"context"
	"time"
)

// relay is a row that compares the processor time of a token on its way through
// the server with that of one on its way through the proxy.
type relay struct {
	streams  int
	answers  int // that each stream asks for, one after the other
	answer   answerSpec
	protocol protocol
	limit    float64
}

func (m relay) measure(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newStack(ctx, "")
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "CPU per token", unit: "µs", kind: Ratio, limit: m.limit},
		{name: "CPU per token, with provider and client", unit: "µs", kind: Ratio},
	}
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		baseline, err := m.cost(s, s.proxy, loadSpec{To: s.proxy.address, Protocol: bare})
		if err != nil {
			return nil, err
		}
		spec := loadSpec{To: s.server.address, Protocol: m.protocol}
		if m.protocol == stored {
			if err := s.load.call("create", createSpec{s.server.address, m.streams}, &spec.Conversations); err != nil {
				return nil, err
			}
		}
		var subject relayCost
		err = s.profiled(last, s.server.process, func() (err error) {
			subject, err = m.cost(s, s.server, spec)
			return err
		})
		return []pair{{subject.alone, baseline.alone}, {subject.chain, baseline.chain}}, err
	})
}

// relayCost is the processor time of a token in microseconds: in the process
// that relays it alone, and in all that it passes through.
type relayCost struct{ alone, chain float64 }

func (m relay) cost(s *stack, through *endpoint, spec loadSpec) (cost relayCost, err error) {
	spec.Streams, spec.Answers, spec.Answer = m.streams, m.answers, m.answer
	spec.Spread = 10 * m.answer.Pause // so that tokens do not come all at once
	var report loadReport
	var alone, provider time.Duration
	load, err := s.load.during(func() (err error) {
		provider, err = s.provider.during(func() (err error) {
			alone, err = through.during(func() (err error) {
				report, err = s.run(spec)
				return err
			})
			return err
		})
		return err
	})
	if err != nil {
		return cost, err
	}
	tokens := float64(report.Tokens)
	return relayCost{micros(alone) / tokens, micros(alone+provider+load) / tokens}, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
