package engine

import (
	"context"
	"time"
)

// sweepEvery is how often what has expired is removed.
const sweepEvery = 10 * time.Minute

// Sweep removes records and tokens that have expired, now and then, until ctx
// ends.
func (e *Engine) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-ticker.C:
			e.sweep(ctx, at)
		}
	}
}

func (e *Engine) sweep(ctx context.Context, at time.Time) {
	e.repeats.prune(at.Add(-keyedFor))
	if err := e.store.PruneRequests(ctx, at.Add(-keyedFor), at.Add(-time.Hour)); err != nil && ctx.Err() == nil {
		e.log.Error("old request records could not be removed", "error", err)
	}
	if err := e.store.PruneTokens(ctx, at); err != nil && ctx.Err() == nil {
		e.log.Error("expired session tokens could not be removed", "error", err)
	}
}
