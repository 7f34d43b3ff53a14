package bench

import (
	"context"
	"time"
)

// sessionStall is a row about a client that has stopped reading while others read
// on: what it costs the server, and the others.
type sessionStall struct {
	conversations int // which every client has open
	readers       int
	pause         time.Duration // between the tokens of each answer
	every         time.Duration // the memory is looked at
}

func (m sessionStall) measure(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newSessionStack(ctx)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "extra memory", unit: "MiB", kind: Difference, limit: 1},
		{name: "lateness of the others, p99", unit: "ms", kind: Ratio},
	}
	err = b.rounds(ctx, r, false, goals, func(bool) ([]pair, error) {
		alone, err := m.run(ctx, s, false)
		if err != nil {
			return nil, err
		}
		beside, err := m.run(ctx, s, true)
		return []pair{{beside.memory / (1 << 20), alone.memory / (1 << 20)}, {millis(beside.late.P99), millis(alone.late.P99)}}, err
	})
	r.notef("the client stops for %s, as every answer takes so long", b.Stall)
	return err
}

// stallCost is the most live memory that was seen, in bytes, and how late the
// events of those who read were.
type stallCost struct {
	memory float64
	late   quantiles
}

func (m sessionStall) run(ctx context.Context, s *sessionStack, stalled bool) (cost stallCost, err error) {
	spec := answerSpec{Tokens: int(s.Stall / m.pause), Pause: m.pause, Stamp: true}
	ids, err := s.conversations(m.conversations)
	if err != nil {
		return cost, err
	}
	attach := attachSpec{To: s.server.address, Conversations: ids, Readers: m.readers, Together: true}
	if err := s.load.call("attach", attach, nil); err != nil {
		return cost, err
	}
	if stalled {
		attach.Readers, attach.Stalled = 1, true
		if err := s.load.call("attach", attach, nil); err != nil {
			return cost, err
		}
	}
	if err := s.load.call("expect", expectSpec{ids, 1, spec}, nil); err != nil {
		return cost, err
	}
	var live float64 // before anything happens
	if err := s.server.call("collect", nil, &live); err != nil {
		return cost, err
	}
	asked := make(chan error, 1)
	go func() { asked <- s.load.call("ask", askSpec{s.server.address, ids, 1, spec}, nil) }()
	most, err := m.watch(s, asked)
	if err != nil {
		return cost, err
	}
	var report heardReport
	if err := s.load.call("heard", nil, &report); err != nil {
		return cost, err
	}
	return stallCost{most - live, report.Late}, s.load.call("detach", nil, nil)
}

// watch is the most live memory of the server until all was asked.
func (m sessionStall) watch(s *sessionStack, asked <-chan error) (most float64, err error) {
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	for {
		select {
		case err := <-asked:
			return most, err
		case <-ticker.C:
			var live float64
			if err := s.server.call("collect", nil, &live); err != nil {
				<-asked
				return 0, err
			}
			most = max(most, live)
		}
	}
}
