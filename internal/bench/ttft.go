package bench

import (
	"context"
	"time"
)

// firstToken compares the time to the first token. The provider sends it at
// once, so that what is left is the way there and back.
func firstToken(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newStack(ctx, "")
	if err != nil {
		return err
	}
	one := loadSpec{Streams: 1, Answers: 500, Answer: answerSpec{Tokens: 1}}
	many := loadSpec{
		Streams: 256, Answers: 5, Spread: time.Second,
		Answer: answerSpec{Tokens: 50, Pause: 20 * time.Millisecond},
	}
	goals := []goal{
		{name: "added, 1 stream, p50", unit: "ms", kind: Difference, limit: 1},
		{name: "added, 1 stream, p99", unit: "ms", kind: Difference, limit: 5},
		{name: "added, 256 streams, p50", unit: "ms", kind: Difference, limit: 1},
		{name: "added, 256 streams, p99", unit: "ms", kind: Difference, limit: 5},
	}
	return b.rounds(ctx, r, true, goals, func(last bool) (pairs []pair, err error) {
		for _, spec := range []loadSpec{one, many} {
			spec.To, spec.Protocol = s.proxy.address, bare
			proxy, err := s.run(spec)
			if err != nil {
				return nil, err
			}
			spec.To, spec.Protocol = s.server.address, stateless
			var server loadReport
			err = s.profiled(last && spec.Streams > 1, s.server.process, func() (err error) {
				server, err = s.run(spec)
				return err
			})
			if err != nil {
				return nil, err
			}
			pairs = append(pairs,
				pair{millis(server.First.P50), millis(proxy.First.P50)},
				pair{millis(server.First.P99), millis(proxy.First.P99)})
		}
		return pairs, nil
	})
}
