package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// A conversation is compacted by itself when the prompt of its last turn filled this
// share of the window, in quarters, if what was said since the last checkpoint fills
// that share, and within that time. Where the backstory and the tools are what fills
// the window, a summary would help nobody, and each turn would pay for one.
const (
	compactQuarters = 3
	spokenQuarters  = 1
	compactTime     = 2 * time.Minute
)

// A compaction that came to nothing is tried again after one turn that would have
// one, then after two, four and so on, up to so many: each try is paid for. So many
// conversations are remembered for that at most; then all are forgotten.
const (
	mostPassed = 64
	mostFailed = 10_000
)

// compactions are the conversations that are compacted by themselves.
type compactions struct {
	running map[hub.Key]bool
	failed  map[hub.Key]failedCompaction
}

// failedCompaction says for how many turns a conversation is left alone.
type failedCompaction struct {
	passes int // from the failure on
	left   int
}

func newCompactions() compactions {
	return compactions{running: map[hub.Key]bool{}, failed: map[hub.Key]failedCompaction{}}
}

// begin reports whether a conversation is to be compacted now.
func (c *compactions) begin(key hub.Key) bool {
	if c.running[key] {
		return false
	}
	if f, failed := c.failed[key]; failed && f.left > 0 {
		f.left--
		c.failed[key] = f
		return false
	}
	c.running[key] = true
	return true
}

// end notes what came of it.
func (c *compactions) end(key hub.Key, err error) {
	delete(c.running, key)
	if err == nil {
		delete(c.failed, key)
		return
	}
	if len(c.failed) >= mostFailed {
		clear(c.failed)
	}
	passes := min(max(1, 2*c.failed[key].passes), mostPassed)
	c.failed[key] = failedCompaction{passes: passes, left: passes}
}

// compactAfter compacts a conversation in the background whose window has filled
// with the turn that has just ended. If something is said meanwhile, the summary is
// dropped, and made after a later turn; until then prompts are cut as ever. A turn
// that its caller will go on with has not ended its exchange.
func (e *Engine) compactAfter(key hub.Key, head convo.Head, l *loop, why convo.EndReason) {
	over := (why == convo.EndDone || why == convo.EndLength) && len(head.Open) == 0
	if !e.limits.Compact || !over || !l.worthCompacting() || head.Channel != nil || l.choice.ProviderKind == "quote" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining || !e.compactions.begin(key) {
		return
	}
	e.active.Add(1)
	go func() {
		defer e.active.Done()
		err := e.compact(key)
		if err != nil && convo.ErrorKind(grown(err)) != convo.Conflict {
			e.log.Warn("a conversation could not be compacted", "conversation", key.Conversation, "error", err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.compactions.end(key, err)
	}()
}

// worthCompacting reports whether a summary would make the next prompts much shorter.
func (l *loop) worthCompacting() bool {
	h := l.history
	return h.latest == 0 && l.prompted*4 >= h.window*compactQuarters && h.spoken()*4 >= h.window*spokenQuarters
}

// compact is Compact for nobody who waits.
func (e *Engine) compact(key hub.Key) error {
	ctx, cancel := context.WithTimeout(e.calm, compactTime)
	defer cancel()
	head, c, err := e.recallToCompact(ctx, key)
	if err != nil || c == nil {
		return err
	}
	made, err := c.sumUp(ctx)
	if err != nil {
		return err
	}
	return e.update(e.over, key, store.Durable, func(tx store.Tx) error { return c.put(tx, head, &made, "") })
}
