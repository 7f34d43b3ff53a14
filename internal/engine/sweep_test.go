package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/retrieve"
)

// purged notes what of an index is purged, and since which change.
type purged struct {
	byWords
	mu    sync.Mutex
	asked []string
}

func (p *purged) Purge(_ context.Context, c retrieve.Collection, since int64) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, fmt.Sprintf("%s/%s since %d", c.Tenant, c.Dataset, since))
	return since + 10, nil
}

func TestTheWordsOfDeletedRecordsLeaveTheIndexesEveryHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		d := b.dataset(convo.Dataset{})
		b.record(d, "words", "")
		b.stop()
		texts := &purged{byWords: byWords{b.store}}
		b.Engine = engine.New(engine.Options{
			Store: b.store, Hub: hub.New(), Models: b.fixed, Sealer: b.sealer, Limits: engine.DefaultLimits(), Texts: texts,
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); b.Sweep(ctx) }()
		time.Sleep(3 * time.Hour)
		cancel()
		<-ended
		var want []string
		for since := range 3 {
			want = append(want, fmt.Sprintf("t/%s since %d", convo.MemoryDataset, 10*since), fmt.Sprintf("t/%s since %d", d, 10*since))
		}
		if !slices.Equal(texts.asked, want) {
			t.Errorf("it asks for\n%q, want\n%q", texts.asked, want)
		}
	})
}
