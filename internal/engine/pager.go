package engine

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of a page of a log.
const (
	firstPage = 8
	pageSize  = 1000
	pageBytes = 1 << 20
)

// pager reads in pages. A page is as long as the one before it suggests, so that
// what many readers of large messages hold at once stays bounded.
type pager struct{ limit int }

func newPager() pager { return pager{limit: firstPage} }

// read gives the next events of a log; last says that the log ended with them.
func (p *pager) read(ctx context.Context, log store.Reader, key hub.Key, after int64) (events []convo.Event, last bool, err error) {
	limit := p.limit
	events, err = log.Events(ctx, key.Tenant, key.Conversation, after, limit)
	bytes := 0
	for _, e := range events {
		bytes += e.Size()
	}
	p.turn(bytes)
	return events, len(events) < limit, err
}

// turn fits the length of the next page to the size of the one before.
func (p *pager) turn(bytes int) {
	p.limit = max(1, min(4*p.limit, p.limit*pageBytes/(bytes+1), pageSize))
}
