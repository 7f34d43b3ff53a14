package remote

import "github.com/parleyhq/parley/internal/model"

// Events passes a driver's events on to its reader. It holds the last one back
// until it is known whether another one follows without waiting, which is what
// [model.Event].More says; so somebody has to call Flush before he waits.
type Events struct {
	yield   func(model.Event, error) bool
	held    model.Event
	holding bool
	left    bool
}

// NewEvents passes events on to a reader.
func NewEvents(yield func(model.Event, error) bool) *Events { return &Events{yield: yield} }

// Give passes an event on, sooner or later. It reports false when the reader
// has gone. Of a usage, a count that cannot be is taken as one that was not
// reported.
func (e *Events) Give(event model.Event) bool {
	e.pass(true)
	if e.left {
		return false
	}
	if event.Type == model.Usage {
		event.Usage = possible(event.Usage)
	}
	e.held, e.holding = event, true
	return true
}

// GiveCalls passes calls on, by the names that the tools have here.
func (e *Events) GiveCalls(calls []model.Call, names Names) {
	for _, c := range calls {
		c.Name = names.Back(c.Name)
		e.Give(model.Event{Type: model.ToolCall, Call: &c})
	}
}

// Flush passes on what is held back. It reports false when the reader has gone.
func (e *Events) Flush() bool {
	e.pass(false)
	return !e.left
}

func (e *Events) pass(more bool) {
	if !e.holding || e.left {
		return
	}
	e.held.More, e.holding = more, false
	e.left = !e.yield(e.held, nil)
}

// Left reports whether the reader has gone.
func (e *Events) Left() bool { return e.left }

// End passes on what is held back, and then the error, if there is one.
func (e *Events) End(err error) {
	e.Flush()
	if err != nil && !e.left {
		e.left = !e.yield(model.Event{}, err)
	}
}

// maxTokens is more than a call can cost. Such counts can be added up for ever.
const maxTokens = 1 << 40

// possible leaves out counts that cannot be.
func possible(r *model.Report) *model.Report {
	check := func(n *int64) *int64 {
		if n == nil || *n < 0 || *n > maxTokens {
			return nil
		}
		return n
	}
	return &model.Report{Input: check(r.Input), Cached: check(r.Cached), Reasoning: check(r.Reasoning), Output: check(r.Output)}
}
