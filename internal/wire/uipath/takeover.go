package uipath

import (
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// recovery is the taking over of a session.
type recovery struct{ tenant, owner, pid string }

// errRecovering is for a connection that comes while another takes its session over.
var errRecovering = errors.New("the session is being taken over")

// begin begins a recovery, unless the same one is under way: two connections would
// have the session then, and only one of them would be known.
func (l *live) begin(key recovery) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recovering[key] {
		return false
	}
	l.recovering[key] = true
	return true
}

func (l *live) done(key recovery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.recovering, key)
}

// retire ends the connection that has a session which its client goes on with
// elsewhere. When it returns, that connection changes nothing of the session any
// more.
func (l *live) retire(pid string, actor convo.Actor) {
	l.mu.Lock()
	old := l.sockets[pid]
	l.mu.Unlock()
	if old == nil || old.actor.Tenant != actor.Tenant || ownerOf(old.actor) != ownerOf(actor) {
		return
	}
	old.retire()
	old.drop("the session goes on elsewhere")
}

// retireTime bounds the wait for what a connection still has to handle.
const retireTime = 5 * time.Second

// retire ends the part that a connection has in its session: what it has heard is
// handled, and then it stores nothing any more.
func (s *socket) retire() {
	s.leave()
	timer := time.NewTimer(retireTime)
	defer timer.Stop()
	select {
	case <-s.handled():
	case <-timer.C:
	}
	s.saving.Lock() // what is being written was before
	defer s.saving.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = true
}
