package bench

import (
	"context"
	"path/filepath"
	"time"
)

// window is a row that compares turns in long conversations with turns in
// short ones, when the model gets the last ten messages of either.
type window struct{ conversations, long, short, turns int }

func (m window) measure(ctx context.Context, b *bench, r *Result) error {
	folder, err := b.newFolder()
	if err != nil {
		return err
	}
	data := filepath.Join(folder, "data")
	each := fillSpec{Folder: data, Conversations: m.conversations * (b.Rounds + 1), Mean: 200}
	short, long := each, each
	short.Messages, long.Messages, long.First = m.short, m.long, each.Conversations
	if _, err := b.filled(ctx, short, long); err != nil {
		return err
	}
	s, err := b.newEnds(ctx)
	if err != nil {
		return err
	}
	s.server, err = b.endpoint(ctx, "server", serverSpec{Data: data, Provider: s.provider.URL, Model: "openai/m/interactionMaxMessages=10"})
	if err != nil {
		return err
	}
	var goals []goal
	for _, which := range []string{"first turn", "next turns"} {
		goals = append(goals,
			goal{name: which + ", CPU", unit: "µs", kind: Ratio, limit: 2},
			goal{name: which + ", memory allocated", unit: "KiB", kind: Ratio, limit: 2},
			goal{name: which + ", to the first token, p50", unit: "ms", kind: Ratio})
	}
	round := 0
	return b.rounds(ctx, r, true, goals, func(last bool) (pairs []pair, err error) {
		first := round * m.conversations // nobody has spoken in these yet
		round++
		for _, answers := range []int{1, m.turns} {
			base, err := m.cost(s, first, answers)
			if err != nil {
				return nil, err
			}
			var got turnCost
			err = b.profiled(last && answers == 1, s.server.process, func() (err error) {
				got, err = m.cost(s, long.First+first, answers)
				return err
			})
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, pair{got.cpu, base.cpu}, pair{got.allocated, base.allocated}, pair{millis(got.first), millis(base.first)})
		}
		return pairs, nil
	})
}

// turnCost is what a turn cost the server.
type turnCost struct {
	cpu       float64 // µs
	allocated float64 // KiB
	first     time.Duration
}

// cost has turns in some conversations, from a first one on. The first turn of
// each finds nothing remembered of it.
func (m window) cost(s *stack, first, answers int) (c turnCost, err error) {
	spec := loadSpec{To: s.server.address, Protocol: stored, Streams: m.conversations, Answers: answers, Answer: answerSpec{Tokens: 5}}
	for i := range m.conversations {
		spec.Conversations = append(spec.Conversations, conversationID(first+i))
	}
	before, err := s.server.usage()
	if err != nil {
		return c, err
	}
	report, err := s.run(spec)
	if err != nil {
		return c, err
	}
	after, err := s.server.usage()
	turns := float64(m.conversations * answers)
	return turnCost{
		cpu:       micros(after.CPU-before.CPU) / turns,
		allocated: float64(after.Allocated-before.Allocated) / 1024 / turns,
		first:     report.First.P50,
	}, err
}
