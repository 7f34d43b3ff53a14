package ratelimit

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// MayTry reports whether a secret from this address is looked up:
// [convo.RateLimited] if too many from there were wrong. An address that is not
// valid is nobody's, and is not limited.
func (l *Limiter) MayTry(address netip.Addr) error {
	if l == nil || l.limits.AddressRate <= 0 || !address.IsValid() {
		return nil
	}
	limit := l.limits.AddressRate
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.addresses.holders[network(address)]
	if h == nil {
		return nil
	}
	h.drain(time.Now(), limit)
	if h.allows(limit, 1) {
		return nil
	}
	l.counts.AddressRate++
	wait := h.wait(limit)
	return &convo.Error{
		Kind: convo.RateLimited, RetryAfter: wait,
		Message: fmt.Sprintf("too many wrong tokens came from this address; try again in %d s", seconds(wait)),
	}
}

// TriedWrong counts a wrong secret from an address.
func (l *Limiter) TriedWrong(address netip.Addr) {
	if l == nil || l.limits.AddressRate <= 0 || !address.IsValid() {
		return
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.addresses.find(network(address), now)
	h.drain(now, l.limits.AddressRate)
	// Attempts that were let in together may all be wrong; they cost no more
	// than one minute.
	h.used = min(h.used+1, float64(l.limits.AddressRate))
}

// network is what one customer has: an IPv4 address, or the 64-bit network of an
// IPv6 one.
func network(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Addr()
}
