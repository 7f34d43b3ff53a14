package engineio

import (
	"sync"
	"time"
)

// slots is into how many parts an interval between pings is divided.
const slots = 32

// heartbeat pings all connections with one ticker. A connection belongs to the
// slot of the time at which it came, and a slot is visited twice in each
// interval: to ping, and when its pings should have been answered.
type heartbeat struct {
	tick    time.Duration
	timeout int64 // ticks

	mu    sync.Mutex
	now   int64 // ticks since the start
	slots [slots]map[*Conn]struct{}
}

func newHeartbeat(o *Options) *heartbeat {
	tick := max(o.PingInterval/slots, time.Millisecond)
	h := &heartbeat{tick: tick, timeout: int64((o.PingTimeout + tick - 1) / tick), now: 1}
	for i := range h.slots {
		h.slots[i] = map[*Conn]struct{}{}
	}
	return h
}

// run beats until stop is closed.
func (h *heartbeat) run(stop <-chan struct{}) {
	ticker := time.NewTicker(h.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			h.beat()
		case <-stop:
			return
		}
	}
}

func (h *heartbeat) beat() {
	h.mu.Lock()
	h.now++
	now := h.now
	late, due := h.members(now-h.timeout), h.members(now)
	h.mu.Unlock()
	for _, c := range late {
		c.checkPong(now - h.timeout)
	}
	for _, c := range due {
		c.ping(now)
	}
}

// members needs the lock.
func (h *heartbeat) members(tick int64) []*Conn {
	slot := h.slots[((tick%slots)+slots)%slots]
	list := make([]*Conn, 0, len(slot))
	for c := range slot {
		list = append(list, c)
	}
	return list
}

func (h *heartbeat) add(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.slot = int(h.now % slots)
	h.slots[c.slot][c] = struct{}{}
}

func (h *heartbeat) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.slots[c.slot], c)
}

// all lists every connection.
func (h *heartbeat) all() []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*Conn
	for i := range h.slots {
		list = append(list, h.members(int64(i))...)
	}
	return list
}

// ping sends one, unless the last one is still to be answered.
func (c *Conn) ping(now int64) {
	if c.pinged != 0 && !c.wire.heard.Load() {
		return
	}
	c.pinged = now
	c.wire.heard.Store(false)
	c.control(packetFrame(packetPing, nil))
}

// checkPong cuts off a peer that was pinged at a tick or before and has said
// nothing since.
func (c *Conn) checkPong(tick int64) {
	if c.pinged == 0 || c.pinged > tick {
		return
	}
	c.pinged = 0
	if !c.wire.heard.Load() {
		c.abort(ErrSilent)
	}
}
