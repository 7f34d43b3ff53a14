package bench

import (
	"context"
	"sync"
	"time"
)

// pacer sends the tokens of all answers of one speed, by one timer. An answer's
// tokens come at the same moment of each period, the one at which it began.
type pacer struct {
	tick time.Duration

	mu      sync.Mutex
	buckets [][]*answer // one for each tick of a period
	at      int         // the bucket of the last tick
	open    int         // answers in the buckets
}

// A period has so many ticks that hardly two tokens leave at once, as those of
// models in different places would not, and each wakes its reader by itself.
const (
	ticksPeriod = 200
	shortTick   = 100 * time.Microsecond
	longTick    = 2 * time.Millisecond
	idleNap     = time.Millisecond // while there are no answers
)

func newPacer(pause time.Duration) *pacer {
	tick := min(max(pause/ticksPeriod, shortTick), longTick)
	n := max(int(pause/tick), 1)
	return &pacer{tick: pause / time.Duration(n), buckets: make([][]*answer, n)}
}

// pacer gives the one for a speed.
func (p *provider) pacer(pause time.Duration) *pacer {
	p.mu.Lock()
	defer p.mu.Unlock()
	paced := p.pacers[pause]
	if paced == nil {
		paced = newPacer(pause)
		p.pacers[pause] = paced
		p.serving.Go(func() { paced.run(p.ctx) })
	}
	return paced
}

// add takes an answer whose first token was just sent.
func (p *pacer) add(a *answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buckets[p.at] = append(p.buckets[p.at], a)
	p.open++
}

// run sends until the context ends. Ticks that were missed are made up for.
func (p *pacer) run(ctx context.Context) {
	began := time.Now()
	for passed := 0; ctx.Err() == nil; passed++ {
		if wait := time.Duration(passed+1)*p.tick - time.Since(began); wait > 0 {
			nap(wait)
		}
		if !p.next() {
			nap(idleNap)
		}
	}
}

// next sends what one tick has to send. It reports whether anything is open.
func (p *pacer) next() bool {
	p.mu.Lock()
	p.at = (p.at + 1) % len(p.buckets)
	at := p.at
	due := p.buckets[at]
	p.buckets[at] = nil
	p.mu.Unlock()

	open := due[:0]
	for _, a := range due {
		if a.send() {
			open = append(open, a)
		} else {
			close(a.done)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open -= len(due) - len(open)
	p.buckets[at] = append(open, p.buckets[at]...)
	return p.open > 0
}
