package ratelimit

import (
	"time"
)

// holder is a token, a tenant or an address with what it has used: a bucket that
// requests fill and that empties evenly.
type holder struct {
	used    float64   // requests that have not been forgotten yet
	at      time.Time // of the latest change of used
	streams int
	tenant  *holder // of a token
}

// drain forgets what time has given back: limit requests a minute.
func (h *holder) drain(now time.Time, limit int) {
	if gone := now.Sub(h.at); gone > 0 {
		h.used = max(0, h.used-gone.Minutes()*float64(limit))
		h.at = now
	}
}

// slack keeps rounding from refusing the last request of a minute's worth.
const slack = 1e-6

// allows reports whether there is room for one more, in times a minute's worth.
func (h *holder) allows(limit, times int) bool {
	return limit <= 0 || h.used+1 <= float64(limit*times)+slack
}

func (h *holder) take(limit int) {
	if limit > 0 {
		h.used++
	}
}

// left is how many requests there is room for now.
func (h *holder) left(limit int) int {
	return max(0, int(float64(limit)-h.used+slack))
}

// wait is how long it takes until there is room for one.
func (h *holder) wait(limit int) time.Duration { return h.until(float64(limit-1), limit) }

// until is how long it takes until no more than that is used.
func (h *holder) until(used float64, limit int) time.Duration {
	return time.Duration(max(0, h.used-used) / float64(limit) * float64(time.Minute))
}

// idle reports whether nothing would change if the holder were forgotten.
func (h *holder) idle(now time.Time, limit int) bool {
	return h.streams == 0 && (limit <= 0 || h.until(0, limit) <= now.Sub(h.at))
}

// table remembers holders, and forgets those that are idle.
type table[K comparable] struct {
	holders map[K]*holder
	max     int
	limit   int
}

func newTable[K comparable](most, limit int) table[K] {
	return table[K]{holders: map[K]*holder{}, max: most, limit: limit}
}

// find gives the holder of a key, a new one if there is none.
func (t *table[K]) find(key K, now time.Time) *holder {
	h := t.holders[key]
	if h == nil {
		t.makeRoom(now)
		h = &holder{at: now}
		t.holders[key] = h
	}
	return h
}

// looks is how many holders are looked at for each new one. It is far more than
// one, so that idle ones go sooner than others come, and a search through all of
// them, for which everybody would have to wait, is never needed.
const looks = 16

// makeRoom forgets idle holders, and if there are too many then, a busy one. Those
// with streams are kept: all of them are connections, whose number has bounds of
// its own.
func (t *table[K]) makeRoom(now time.Time) {
	looked, full := 0, len(t.holders) >= t.max
	for key, h := range t.holders { // from a random place
		if looked++; looked > looks && (!full || looked > 100*looks) {
			return
		}
		if h.idle(now, t.limit) || full && h.streams == 0 {
			delete(t.holders, key)
			full = false
		}
	}
}
