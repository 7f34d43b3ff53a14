package outbound

import (
	"context"
	"sync"
)

type tenantKey struct{}

// WithTenant says for whom the requests of a context are: those of one tenant
// take no more than his share of the requests at once, so that one who waits for
// silent servers does not keep the others from theirs.
func WithTenant(ctx context.Context, tenant string) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

// slots bound how many requests run at once, in all and of one tenant.
type slots struct {
	all  chan struct{}
	most int // of one tenant

	mu     sync.Mutex
	shares map[string]*share // of those who have requests
}

type share struct {
	slots chan struct{}
	users int // requests that run or wait
}

func newSlots(all, most int) *slots {
	return &slots{all: make(chan struct{}, all), most: most, shares: map[string]*share{}}
}

// enter waits for room, first in the tenant's share.
func (s *slots) enter(ctx context.Context) (func(), error) {
	leaveShare := func() {}
	if tenant, ok := ctx.Value(tenantKey{}).(string); ok {
		var err error
		if leaveShare, err = s.enterShare(ctx, tenant); err != nil {
			return nil, err
		}
	}
	select {
	case s.all <- struct{}{}:
		return func() { <-s.all; leaveShare() }, nil
	case <-ctx.Done():
		leaveShare()
		return nil, ctx.Err()
	}
}

func (s *slots) enterShare(ctx context.Context, tenant string) (func(), error) {
	s.mu.Lock()
	own := s.shares[tenant]
	if own == nil {
		own = &share{slots: make(chan struct{}, s.most)}
		s.shares[tenant] = own
	}
	own.users++
	s.mu.Unlock()
	gone := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(s.shares, tenant)
		}
	}
	select {
	case own.slots <- struct{}{}:
		return func() { <-own.slots; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}
