package bench

import (
	"context"
	"fmt"
	"time"
)

// sessionStack is a server with its provider, Node's socket.io as the reference,
// and the clients of both.
type sessionStack struct {
	*stack
	reference *endpoint
}

func (b *bench) newSessionStack(ctx context.Context) (*sessionStack, error) {
	s := &sessionStack{}
	var err error
	if s.reference, err = b.newReference(ctx); err != nil {
		return nil, err
	}
	if s.stack, err = b.newEnds(ctx); err != nil {
		return nil, err
	}
	s.server, err = s.between(ctx, stored)
	return s, err
}

// conversations makes some that are new.
func (s *sessionStack) conversations(n int) (ids []string, err error) {
	return ids, s.load.call("create", createSpec{s.server.address, n}, &ids)
}

// sessionSpec is who listens to what.
type sessionSpec struct {
	conversations int
	readers       int // of each
	answers       int // in each, one after the other
	answer        answerSpec
}

// heardCost is what it cost one server to tell an audience everything.
type heardCost struct {
	heardReport
	cpu time.Duration
}

// hear attaches an audience to a server, has answers told, and lets it go.
func (s *sessionStack) hear(m sessionSpec, e *endpoint, ids []string, tell func() error) (cost heardCost, err error) {
	if err := s.load.call("attach", attachSpec{To: e.address, Conversations: ids, Readers: m.readers}, nil); err != nil {
		return cost, err
	}
	if err := s.load.call("expect", expectSpec{ids, m.answers, m.answer}, nil); err != nil {
		return cost, err
	}
	cost.cpu, err = e.during(func() error {
		if err := tell(); err != nil {
			return err
		}
		return s.load.call("heard", nil, &cost.heardReport)
	})
	if err != nil {
		return cost, err
	}
	return cost, s.load.call("detach", nil, nil)
}

// ask has the server answer in all conversations.
func (s *sessionStack) ask(m sessionSpec, ids []string) error {
	return s.load.call("ask", askSpec{s.server.address, ids, m.answers, m.answer}, nil)
}

// emit has the reference emit the same answers.
func (s *sessionStack) emit(m sessionSpec, ids []string) error {
	for n := range m.answers {
		spec := emitSpec{ids, m.answer.Tokens, m.answer.Pause, m.answer.Stamp, fmt.Sprintf("0198a7f2-8d6e-7cc3-98c4-dc0c0c%06d", n)}
		if err := s.reference.call("emit", spec, nil); err != nil {
			return err
		}
	}
	return nil
}

// measure compares what an event costs that is delivered, above the turn that it
// is of, with what it costs the reference, which has it in memory.
func (m sessionSpec) measure(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newSessionStack(ctx)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "CPU per event delivered", unit: "µs", kind: Ratio, limit: 0.6},
		{name: "events delivered", unit: "k", kind: Ratio},
	}
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		server, err := s.delivered(m, last)
		if err != nil {
			return nil, err
		}
		ids, err := s.conversations(m.conversations)
		if err != nil {
			return nil, err
		}
		reference, err := s.hear(m, s.reference, ids, func() error { return s.emit(m, ids) })
		if err != nil {
			return nil, err
		}
		return []pair{
			{micros(server.cpu) / float64(server.Events), micros(reference.cpu) / float64(reference.Events)},
			{float64(server.Events) / 1000, float64(reference.Events) / 1000},
		}, nil
	})
}

// delivered is what the readers cost the server: what turns with them cost, above
// the same turns without.
func (s *sessionStack) delivered(m sessionSpec, last bool) (cost heardCost, err error) {
	alone, err := s.conversations(m.conversations)
	if err != nil {
		return cost, err
	}
	ids, err := s.conversations(m.conversations)
	if err != nil {
		return cost, err
	}
	turns, err := s.server.during(func() error { return s.ask(m, alone) })
	if err != nil {
		return cost, err
	}
	err = s.profiled(last, s.server.process, func() (err error) {
		cost, err = s.hear(m, s.server, ids, func() error { return s.ask(m, ids) })
		return err
	})
	cost.cpu -= turns
	return cost, err
}

// sessionLate is a row about how late pieces of text are, from the model's
// provider to the client.
type sessionLate struct{ sessionSpec }

func (m sessionLate) measure(ctx context.Context, b *bench, r *Result) error {
	s, err := b.newSessionStack(ctx)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "lateness, p99", unit: "ms", kind: Alone, limit: 5},
		{name: "lateness, p50", unit: "ms", kind: Alone},
		{name: "the reference's, p99", unit: "ms", kind: Alone},
		{name: "events delivered a second", unit: "", kind: Alone},
	}
	err = b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		ids, err := s.conversations(m.conversations)
		if err != nil {
			return nil, err
		}
		var server heardCost
		var took time.Duration
		err = s.profiled(last, s.server.process, func() (err error) {
			server, err = s.hear(m.sessionSpec, s.server, ids, func() error {
				began := time.Now()
				defer func() { took = time.Since(began) }()
				return s.ask(m.sessionSpec, ids)
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		reference, err := s.hear(m.sessionSpec, s.reference, ids, func() error { return s.emit(m.sessionSpec, ids) })
		return []pair{
			{subject: millis(server.Late.P99)}, {subject: millis(server.Late.P50)},
			{subject: millis(reference.Late.P99)}, {subject: float64(server.Events) / took.Seconds()},
		}, err
	})
	r.notef("meanwhile %d turns began and ended in each round, and both were synced", m.conversations*m.answers)
	return err
}
