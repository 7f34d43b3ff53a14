package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/retrieve"
)

// sweepEvery is how often what has expired is removed.
const sweepEvery = 10 * time.Minute

// Sweep removes records, tokens, messages of channels, turns that were dispatched
// to them, files that no message has, and what is left of datasets, once they have expired, now and then,
// until ctx ends.
//
// Once an hour it also has the words of deleted and changed records leave the indexes
// that the store keeps.
func (e *Engine) Sweep(ctx context.Context) {
	var words purging
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-ticker.C:
			e.purge(ctx, &words, at) // first: what it replaces is removed with the rest
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

// purgeEvery is how long words of what is gone stay in the index that the store keeps,
// at most. Each time, what has some is written anew.
const purgeEvery = time.Hour

// purging is what is known of the last time.
type purging struct {
	last    time.Time
	changes map[retrieve.Collection]int64 // up to which the datasets' indexes are pure
}

func (e *Engine) purge(ctx context.Context, p *purging, at time.Time) {
	if e.texts == nil || at.Sub(p.last) < purgeEvery {
		return
	}
	p.last = at
	pure := map[retrieve.Collection]int64{} // those that are gone are forgotten
	err := e.eachDataset(ctx, func(tenant, dataset string) {
		c := retrieve.Collection{Tenant: tenant, Dataset: dataset}
		if ctx.Err() != nil {
			return
		}
		change, err := e.texts.Purge(ctx, c, p.changes[c])
		if err != nil && ctx.Err() == nil {
			e.log.Error("words of deleted records could not be removed from the index", "tenant", tenant, "dataset", dataset, "error", err)
		}
		pure[c] = change
	})
	p.changes = pure
	if err != nil && ctx.Err() == nil {
		e.log.Error("words of deleted records could not be removed from the indexes", "error", err)
	}
}
