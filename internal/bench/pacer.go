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
}

// A period has so many ticks that few tokens leave at once, and so few that the
// timer costs little.
const (
	ticksPeriod = 20
	shortTick   = time.Millisecond
	longTick    = 10 * time.Millisecond
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
}

// run sends until the context ends. Ticks that were missed are made up for.
func (p *pacer) run(ctx context.Context) {
	ticker := time.NewTicker(p.tick)
	defer ticker.Stop()
	began := time.Now()
	for passed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for due := int(time.Since(began) / p.tick); passed < due; passed++ {
			p.next()
		}
	}
}

// next sends what one tick has to send.
func (p *pacer) next() {
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
	p.buckets[at] = append(open, p.buckets[at]...)
	p.mu.Unlock()
}
