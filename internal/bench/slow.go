package bench

import (
	"context"
	"errors"
	"time"
)

// spareFiles is how many files a process may need beside those of its streams,
// which are two a stream where it stands between two others.
const spareFiles = 100

// slow is a row that compares what very many streams that say little cost: the
// memory of each, and how late their tokens come.
type slow struct {
	streams, tokens int
	pause, ramp     time.Duration
}

func (m slow) measure(ctx context.Context, b *bench, r *Result) error {
	if resident("self") == 0 {
		return errNoResident
	}
	files, err := openFiles()
	if err != nil {
		return err
	}
	if room := int(min(files, 1<<20)) - spareFiles; room < 2*m.streams {
		r.notef("%d streams instead of %d: a process may have only %d files open; raise the limit (ulimit -n) to %d", room/2, m.streams, files, 2*m.streams+spareFiles)
		m.streams = room / 2
	}
	goals := []goal{
		{name: "resident memory of a stream", unit: "KiB", kind: Ratio, limit: 1.2},
		{name: "lateness, p99", unit: "ms", kind: Ratio, limit: 1.5},
		{name: "lateness, p50", unit: "ms", kind: Ratio},
		{name: "of its memory, stacks", unit: "KiB", kind: Ratio},
		{name: "of its memory, heap", unit: "KiB", kind: Ratio},
		{name: "CPU per token", unit: "µs", kind: Ratio},
	}
	return b.rounds(ctx, r, false, goals, func(last bool) ([]pair, error) {
		proxy, err := m.cost(ctx, b, false, bare)
		if err != nil {
			return nil, err
		}
		server, err := m.cost(ctx, b, last, stateless)
		if err != nil {
			return nil, err
		}
		return []pair{
			{server.memory, proxy.memory}, {millis(server.late.P99), millis(proxy.late.P99)},
			{millis(server.late.P50), millis(proxy.late.P50)},
			{server.stacks, proxy.stacks}, {server.heap, proxy.heap}, {server.cpu, proxy.cpu},
		}, nil
	})
}

// slowCost is what the streams cost one process.
type slowCost struct {
	memory, stacks, heap float64 // KiB a stream
	cpu                  float64 // µs a token
	late                 quantiles
}

// cost runs the streams through processes of their own: what memory a process
// has had once, it keeps for a while.
func (m slow) cost(ctx context.Context, b *bench, last bool, p protocol) (cost slowCost, err error) {
	defer b.release(len(b.open))
	s, err := b.newEnds(ctx)
	if err != nil {
		return cost, err
	}
	through, err := s.between(ctx, p)
	if err != nil {
		return cost, err
	}
	// A first request, so that what the process needs once is not counted.
	if _, err := s.run(loadSpec{To: through.address, Protocol: p, Streams: 1, Answer: answerSpec{Tokens: 1}}); err != nil {
		return cost, err
	}
	before, err := through.usage()
	if err != nil {
		return cost, err
	}
	var report loadReport
	err = b.profiled(last && p != bare, through.process, func() (err error) {
		ended := make(chan error, 1)
		go func() {
			var err error
			report, err = s.run(loadSpec{
				To: through.address, Protocol: p, Streams: m.streams, Spread: m.ramp,
				Answer: answerSpec{Tokens: m.tokens, Pause: m.pause, Stamp: true},
			})
			ended <- err
		}()
		full, err := m.look(ctx, through.process)
		each := func(full, before float64) float64 { return (full - before) / 1024 / float64(m.streams) }
		cost.memory = each(float64(full.Resident), float64(before.Resident))
		cost.stacks = each(float64(full.Stacks), float64(before.Stacks))
		cost.heap = each(float64(full.Heap), float64(before.Heap))
		if err == nil && last && p != bare {
			err = b.heap(through.process)
		}
		return errors.Join(err, <-ended)
	})
	if err != nil {
		return cost, err
	}
	after, err := through.usage()
	cost.cpu = micros(after.CPU-before.CPU) / float64(report.Tokens)
	cost.late = report.Late
	return cost, err
}

// between puts a process between the ends that speaks a protocol.
func (s *stack) between(ctx context.Context, p protocol) (*endpoint, error) {
	if p == bare {
		return s.endpoint(ctx, "proxy", s.provider.address)
	}
	folder, err := s.newFolder()
	if err != nil {
		return nil, err
	}
	return s.endpoint(ctx, "server", serverSpec{Data: folder, Provider: s.provider.URL})
}

// looks is how often the memory is read: a garbage collection moves it.
const looks = 5

// look is the median of the process's memory between the end of the ramp, when
// all streams are open, and the end of the first stream.
func (m slow) look(ctx context.Context, p *process) (Usage, error) {
	var resident, stacks, heap [looks]float64
	wait := m.ramp
	for i := range looks {
		wait += (time.Duration(m.tokens)*m.pause - m.ramp) / (looks + 2)
		if !sleep(ctx, wait) {
			return Usage{}, context.Cause(ctx)
		}
		wait = 0
		u, err := p.usage()
		if err != nil {
			return Usage{}, err
		}
		resident[i], stacks[i], heap[i] = float64(u.Resident), float64(u.Stacks), float64(u.Heap)
	}
	return Usage{Resident: int64(median(resident[:])), Stacks: uint64(median(stacks[:])), Heap: uint64(median(heap[:]))}, nil
}
