// Package ratelimit bounds what the holders of tokens may ask for, and how often
// somebody may try secrets.
//
// It knows two kinds of limits, each for a token and for all tokens of a tenant
// together: requests a minute, and streams that are open at once. It promises:
//
//   - A request that is refused is counted nowhere. Who goes on asking is let in
//     as soon as who waits.
//   - As long as a [Pass] says that something is left, the next request is not
//     refused for that limit, unless somebody else was faster.
//   - A minute's worth may be used at once; it comes back evenly. So two minutes'
//     worth may pass in one minute that follows a quiet one, never more.
//   - A repeat of a request that was carried out before may overdraw a limit by
//     as much again: what has happened is to be answered, but not without end.
//   - All state is in memory and bounded. Forgotten are those of whom there is
//     nothing to remember; only if there are too many others, one of them.
//
// A limit of 0 is none. A nil [Limiter] limits nothing. All methods may be called
// by many goroutines at once, and none of them waits for anything.
package ratelimit

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Limits are the bounds; 0 stands for none.
type Limits struct {
	TokenRate     int // requests a minute with one token
	TenantRate    int // with all tokens of a tenant
	TokenStreams  int // streams that are open at once with one token
	TenantStreams int // with all tokens of a tenant
	AddressRate   int // wrong secrets a minute from one address
}

// Counts is what a limiter has done since it was made.
type Counts struct {
	TokenRate     uint64 // requests that were refused, by the limit that refused them
	TenantRate    uint64
	TokenStreams  uint64
	TenantStreams uint64
	AddressRate   uint64
	Streams       int64 // that are open now
}

// Limiter counts requests against limits. New makes one.
type Limiter struct {
	limits Limits
	policy [2]string // the header, for sessions and for others

	mu        sync.Mutex // guards what follows; held for no longer than some arithmetic
	tokens    table[tokenKey]
	tenants   map[string]*holder // as many as there are tenants, which an operator makes
	addresses table[netip.Addr]
	counts    Counts
}

// tokenKey names a token. Ids of tokens are unique in their tenant.
type tokenKey struct{ tenant, token string }

// How many tokens and addresses are remembered. Beyond that a busy one is
// forgotten, and starts with nothing used.
const (
	maxTokens    = 1 << 16
	maxAddresses = 1 << 16
)

// New makes a limiter that has counted nothing yet.
func New(limits Limits) *Limiter {
	return &Limiter{
		limits:    limits,
		policy:    [2]string{policyHeader(limits, true), policyHeader(limits, false)},
		tokens:    newTable[tokenKey](maxTokens, limits.TokenRate),
		tenants:   map[string]*holder{},
		addresses: newTable[netip.Addr](maxAddresses, limits.AddressRate),
	}
}

// limitsTokens reports whether any request of a token is counted.
func (l *Limiter) limitsTokens() bool {
	return l != nil && (l.limits.TokenRate > 0 || l.limits.TenantRate > 0 || l.limits.TokenStreams > 0 || l.limits.TenantStreams > 0)
}

// Admit counts a request, and a stream if it is to become one, or refuses it
// with [convo.RateLimited]. The pass is to be released when the answer is over.
// It is good for the headers of a refusal too.
func (l *Limiter) Admit(actor convo.Actor, stream bool) (Pass, error) {
	return l.admit(actor, stream, 1)
}

// AdmitRepeat is Admit for a request that Admit has refused, and that repeats one
// that was carried out.
func (l *Limiter) AdmitRepeat(actor convo.Actor, stream bool) (Pass, error) {
	return l.admit(actor, stream, 2)
}

func (l *Limiter) admit(actor convo.Actor, stream bool, times int) (Pass, error) {
	if !l.limitsTokens() {
		return Pass{}, nil
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	token := l.tokens.find(tokenKey{actor.Tenant, actor.Token}, now)
	if token.tenant == nil {
		token.tenant = l.tenantOf(actor.Tenant)
	}
	tenant := token.tenant
	token.drain(now, l.limits.TokenRate)
	tenant.drain(now, l.limits.TenantRate)
	pass := Pass{limiter: l, session: actor.Session()}
	err := l.refusal(token, tenant, stream, times)
	if err == nil {
		token.take(l.limits.TokenRate)
		tenant.take(l.limits.TenantRate)
		if stream {
			token.streams++
			tenant.streams++
			l.counts.Streams++
			pass.held = token
		}
	}
	pass.left = l.left(token, tenant)
	return pass, err
}

func (l *Limiter) tenantOf(id string) *holder {
	h := l.tenants[id]
	if h == nil {
		h = &holder{}
		l.tenants[id] = h
	}
	return h
}

// refusal says which limit does not let a request in, and counts that.
func (l *Limiter) refusal(token, tenant *holder, stream bool, times int) error {
	switch {
	case !token.allows(l.limits.TokenRate, times):
		l.counts.TokenRate++
		return tooMany("this token may be used for", l.limits.TokenRate, token.wait(l.limits.TokenRate))
	case !tenant.allows(l.limits.TenantRate, times):
		l.counts.TenantRate++
		return tooMany("all tokens of the tenant together may be used for", l.limits.TenantRate, tenant.wait(l.limits.TenantRate))
	case stream && full(token.streams, l.limits.TokenStreams, times):
		l.counts.TokenStreams++
		return tooManyStreams("this token", l.limits.TokenStreams)
	case stream && full(tenant.streams, l.limits.TenantStreams, times):
		l.counts.TenantStreams++
		return tooManyStreams("the tokens of the tenant", l.limits.TenantStreams)
	}
	return nil
}

func full(streams, limit, times int) bool { return limit > 0 && streams >= limit*times }

func tooMany(who string, limit int, wait time.Duration) error {
	return &convo.Error{
		Kind: convo.RateLimited, RetryAfter: wait,
		Message: fmt.Sprintf("%s %d requests a minute; try again in %d s", who, limit, seconds(wait)),
	}
}

// streamWait is what a client is told that has too many streams. Nobody knows
// when one of them ends.
const streamWait = time.Second

func tooManyStreams(who string, limit int) error {
	return &convo.Error{
		Kind: convo.RateLimited, RetryAfter: streamWait,
		Message: fmt.Sprintf("%s may have %d streams open at once; close one, or wait until one ends", who, limit),
	}
}

// seconds rounds up, so that who waits that long has waited long enough.
func seconds(d time.Duration) int64 { return max(1, int64(math.Ceil(d.Seconds()))) }

// Counts says what was refused, and how many streams are open.
func (l *Limiter) Counts() Counts {
	if l == nil {
		return Counts{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}
