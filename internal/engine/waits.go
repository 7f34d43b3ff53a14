package engine

import (
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// wait is a call that waits for the next message of a channel, or for its user or
// a client.
type wait struct {
	channel channelKey // the channel is "" if it waits for no message
	key     hub.Key    // its conversation; without one in a turn that has no log
	turn    string
	call    string
	since   time.Time
	limit   time.Duration
	timer   *time.Timer // of a call with a conversation, once they run
	over    bool        // nobody waits any more
	private bool        // of a turn without a log: what answers it is kept encrypted

	// answer takes the message of a call without a conversation; it has room
	// for one.
	answer chan callEnd
}

// callEnd is how a call ends.
type callEnd struct {
	output  convo.JSON
	outcome convo.ToolOutcome
}

// callWaits are the calls that wait for somebody outside, of all conversations. They
// only serve to find the calls: whether a call is open is decided in the transaction
// that answers it. So a wait that has been forgotten to be taken out does no
// harm, and after a restart they are made anew from the open turns.
type callWaits struct {
	expire func(*wait)

	mu        sync.Mutex
	armed     bool                   // the timers run
	byChannel map[channelKey][]*wait // the oldest first
	byTurn    map[string][]*wait     // those with a conversation
}

func newCallWaits(expire func(*wait)) *callWaits {
	return &callWaits{expire: expire, byChannel: map[channelKey][]*wait{}, byTurn: map[string][]*wait{}}
}

// begin adds the wait of a call with a conversation, unless it is there. It is over
// when that much time has passed since it began.
func (l *callWaits) begin(key hub.Key, turn string, call convo.OpenCall, since time.Time, limit time.Duration) {
	w := &wait{channel: channelKey{key.Tenant, call.Channel}, key: key, turn: turn, call: call.ID, since: since, limit: limit}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.byTurn[turn] {
		if other.call == call.ID {
			return
		}
	}
	l.byTurn[turn] = append(l.byTurn[turn], w)
	if w.channel.channel != "" {
		l.list(w)
	}
	if l.armed {
		l.start(w)
	}
}

// list puts a wait among those of its channel, behind the older ones.
func (l *callWaits) list(w *wait) {
	list := l.byChannel[w.channel]
	i := len(list)
	for i > 0 && w.since.Before(list[i-1].since) {
		i--
	}
	l.byChannel[w.channel] = slices.Insert(list, i, w)
}

func (l *callWaits) start(w *wait) {
	w.timer = time.AfterFunc(time.Until(w.since.Add(w.limit)), func() { l.expire(w) })
}

// arm starts the timers: before the turns that were open have been brought back
// to life, none of their calls may end.
func (l *callWaits) arm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = true
	for _, list := range l.byTurn {
		for _, w := range list {
			if w.timer == nil {
				l.start(w)
			}
		}
	}
}

// again lets a wait expire a while later.
func (l *callWaits) again(w *wait, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.armed && !w.over {
		w.timer.Reset(pause)
	}
}

// await adds the wait of a call without a conversation.
func (l *callWaits) await(tenant, channel string, private bool) *wait {
	w := &wait{channel: channelKey{tenant, channel}, private: private, since: time.Now(), answer: make(chan callEnd, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list(w)
	return w
}

// oldest gives the oldest wait on a channel that passes a test, or nil.
func (l *callWaits) oldest(key channelKey, passes func(*wait) bool) *wait {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byChannel[key] {
		if passes(w) {
			return w
		}
	}
	return nil
}

// claim takes a wait without a conversation out, for the one message that
// answers it. It gives false if somebody else has.
func (l *callWaits) claim(w *wait) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.byChannel[w.channel], w) {
		return false
	}
	l.unlist(w)
	return true
}

// putBack takes a claim back, if somebody still waits.
func (l *callWaits) putBack(w *wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.over {
		l.list(w)
	}
}

// remove takes a wait out for good.
func (l *callWaits) remove(w *wait) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(w)
}

// removeCall takes the wait of a call out, if there is one.
func (l *callWaits) removeCall(turn, call string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byTurn[turn] {
		if w.call == call {
			l.take(w)
			return
		}
	}
}

func (l *callWaits) take(w *wait) {
	l.drop(w)
	mine := slices.DeleteFunc(l.byTurn[w.turn], func(other *wait) bool { return other == w })
	if len(mine) == 0 {
		delete(l.byTurn, w.turn)
		return
	}
	l.byTurn[w.turn] = mine
}

// end takes the waits of a turn out.
func (l *callWaits) end(turn string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.byTurn[turn] {
		l.drop(w)
	}
	delete(l.byTurn, turn)
}

func (l *callWaits) drop(w *wait) {
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	l.unlist(w)
}

func (l *callWaits) unlist(w *wait) {
	list := slices.DeleteFunc(l.byChannel[w.channel], func(other *wait) bool { return other == w })
	if len(list) == 0 {
		delete(l.byChannel, w.channel)
		return
	}
	l.byChannel[w.channel] = list
}

// disarm stops the timers: what is waited for then is found again at the next
// start.
func (l *callWaits) disarm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	for _, list := range l.byTurn {
		for _, w := range list {
			if w.timer != nil {
				w.timer.Stop()
			}
		}
	}
}
