package storetest

import (
	"fmt"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// giving perhaps gives a turn an input.
func (h *history) giving(turn string) func(store.Tx) error {
	sealed := []byte(h.text() + "sealed")
	if h.r.IntN(2) == 0 {
		return func(store.Tx) error { return nil }
	}
	return func(tx store.Tx) error { return tx.PutInput(turn, sealed) }
}

// arguments are those of a call, nil, short or long.
func (h *history) arguments() convo.JSON {
	if h.r.IntN(4) == 0 {
		return nil
	}
	return fmt.Appendf(nil, `{ "a": %d, "b": %q }`, h.r.IntN(9), fmt.Sprintf("%0*d", h.r.IntN(400), 7))
}

// ask makes the request of a call, at an index of the turn's slot.
func (h *history) ask(active *convo.Turn, index int64) convo.ToolRequested {
	r := convo.ToolRequested{
		ID: h.id(), Message: h.id(), Place: convo.Place(active.Slot, index), Name: "f", Arguments: h.arguments(), Runs: convo.RunsServer,
	}
	switch h.r.IntN(6) {
	case 0, 1:
		r.Runs, r.Channel = convo.RunsChannel, "channel"
	case 2, 3:
		r.Asked, r.Runs = h.asked()
	}
	if h.r.IntN(3) == 0 {
		r.Signature = h.text()
	}
	return r
}

// request requests calls of the active turn, all in one update.
func (h *history) request(c *talk, active *convo.Turn) {
	var events []convo.Event
	for i := range 1 + h.r.Int64N(3) {
		r := h.ask(active, active.Next+i)
		if left, ok := c.left[active.ID]; ok && i == 0 {
			delete(c.left, active.ID)
			left.Place = r.Place
			r = left
		}
		c.messages = append(c.messages, r.Message)
		events = append(events, h.event(active.ID, r))
	}
	h.update(c, "request calls", events...)
}

// call starts or ends an open call.
func (h *history) call(c *talk, active *convo.Turn) {
	call := active.Calls[h.r.IntN(len(active.Calls))]
	if h.r.IntN(3) > 0 && h.answer(c, active, call) {
		return
	}
	if call.Started == 0 && h.r.IntN(3) > 0 && (call.Asks == convo.AsksNothing || call.Approved) {
		started := call.Start()
		started.To = call.To
		h.update(c, "start a call", h.event(active.ID, started))
		return
	}
	end := convo.ToolEnded{
		ID: call.ID, Message: h.id(), Place: convo.Place(active.Slot, active.Next), Name: call.Name, Arguments: call.Arguments,
		Channel: call.Channel, Output: convo.JSON(fmt.Sprintf("%q", h.arguments())), Outcome: convo.ToolDone,
	}
	c.messages = append(c.messages, end.Message)
	h.update(c, "end a call", append(h.interrupted(c, active), h.event(active.ID, end))...)
}

// waiting says that the active turn waits, perhaps with a call that is left.
func (h *history) waiting(c *talk, active *convo.Turn) convo.TurnWaiting {
	var b convo.TurnWaiting
	if h.r.IntN(2) == 0 {
		b.Answered = &convo.ModelAnswered{Model: "m"}
	}
	if h.r.IntN(2) == 0 {
		left := h.ask(active, 0)
		c.left = map[string]convo.ToolRequested{active.ID: left}
		b.Left = []convo.ToolRequested{left}
	}
	return b
}
