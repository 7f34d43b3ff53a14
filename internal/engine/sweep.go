package engine

import (
	"context"
	"time"
)

// sweepEvery is how often what has expired is removed.
const sweepEvery = 10 * time.Minute

// Sweep removes records, tokens, messages of channels, turns that were dispatched
// to them, files that no message has, and what is left of datasets, once they have expired, now and then,
// until ctx ends.
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
	if open, err := e.store.OpenTurns(ctx); err == nil { // else the next sweep does it
		e.repeats.prune(at.Add(-unkeyedFor), open)
	}
	if err := e.store.PruneRequests(ctx, at.Add(-keyedFor), at.Add(-unkeyedFor)); err != nil && ctx.Err() == nil {
		e.log.Error("old request records could not be removed", "error", err)
	}
	if err := e.store.PruneTokens(ctx, at); err != nil && ctx.Err() == nil {
		e.log.Error("expired session tokens could not be removed", "error", err)
	}
	if err := e.store.PruneChannels(ctx, at.Add(-e.limits.ChannelKeep)); err != nil && ctx.Err() == nil {
		e.log.Error("old messages of channels could not be removed", "error", err)
	}
	if err := e.store.PruneFiles(ctx, at.Add(-unusedFiles)); err != nil && ctx.Err() == nil {
		e.log.Error("files that no message has could not be removed", "error", err)
	}
	if err := e.store.PruneRecords(ctx); err != nil && ctx.Err() == nil {
		e.log.Error("what is left of datasets that are gone could not be removed", "error", err)
	}
	if err := e.store.PruneJournal(ctx, at.AddDate(0, 0, -journalDays), journalKeep); err != nil && ctx.Err() == nil {
		e.log.Error("old entries of event logs could not be removed", "error", err)
	}
	if err := e.sweepDispatches(ctx, at.Add(-e.limits.ChannelKeep)); err != nil && ctx.Err() == nil {
		e.log.Error("old dispatched turns could not be removed", "error", err)
	}
}
