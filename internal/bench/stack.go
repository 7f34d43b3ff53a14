package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// stack is a provider, what can stand between it and a client, and the clients.
type stack struct {
	*bench
	provider, proxy, server *endpoint
	load                    *process
}

// endpoint is a worker that listens.
type endpoint struct {
	*process
	address
}

func (b *bench) endpoint(ctx context.Context, role string, with any) (*endpoint, error) {
	e := &endpoint{}
	var err error
	e.process, err = b.start(ctx, role, with, &e.address)
	return e, err
}

// newStack starts all of them. The model may be "".
func (b *bench) newStack(ctx context.Context, model string) (*stack, error) {
	s, err := b.newEnds(ctx)
	if err != nil {
		return nil, err
	}
	if s.proxy, err = b.endpoint(ctx, "proxy", s.provider.address); err != nil {
		return nil, err
	}
	folder, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	s.server, err = b.endpoint(ctx, "server", serverSpec{Data: folder, Provider: s.provider.URL, Model: model})
	return s, err
}

// newEnds starts a provider and clients, with nothing between them yet.
func (b *bench) newEnds(ctx context.Context) (s *stack, err error) {
	s = &stack{bench: b}
	if s.provider, err = b.endpoint(ctx, "provider", nil); err != nil {
		return nil, err
	}
	s.load, err = b.start(ctx, "load", nil, nil)
	return s, err
}

// run has the load ask for answers, which all have to be whole.
func (s *stack) run(spec loadSpec) (report loadReport, err error) {
	err = s.load.call("run", spec, &report)
	want := int64(spec.Streams) * int64(max(spec.Answers, 1)) * int64(spec.Answer.Tokens)
	if err == nil && report.Tokens != want {
		err = errors.New("the load lost count of its tokens")
	}
	return report, err
}

// rounds has baseline and subject take turns, and adds what came out of it to
// the result, a measure for each goal. With warm, there is a round before the
// first that fills pools and opens connections and does not count. The last one
// is that of the profiles.
func (b *bench) rounds(ctx context.Context, r *Result, warm bool, goals []goal, round func(last bool) ([]pair, error)) error {
	all := make([][]pair, len(goals))
	first := 1
	if warm {
		first = 0
	}
	for i := first; i <= b.Rounds; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		began := time.Now()
		pairs, err := round(i == b.Rounds)
		if err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		for g, p := range pairs {
			all[g] = append(all[g], p)
		}
		b.logf("%s: round %d of %d took %s: %s", b.name, i, b.Rounds, time.Since(began).Round(time.Millisecond), show(goals, pairs))
	}
	for g, pairs := range all {
		r.add(goals[g], pairs)
	}
	return nil
}

// show writes what one round gave.
func show(goals []goal, pairs []pair) string {
	var all []string
	for i, p := range pairs {
		m := measure(goals[i], pairs[i:i+1])
		all = append(all, fmt.Sprintf("%s %s (%s, %s)", m.Name, m.show(m.Value), figure(p.subject, m.Unit), m.baseline()))
	}
	return strings.Join(all, "; ")
}
