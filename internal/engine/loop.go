package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
)

// loop carries out a turn: it asks the model, carries out the calls of the
// answer, and asks again, until the model is done or a limit is reached. It is
// the same for stored and for stateless turns, which differ in their sink, and
// for turns that begin and that go on, which differ in their progress.
type loop struct {
	e      *Engine
	key    hub.Key // without a conversation in a stateless turn
	turn   string  // "" in a stateless turn
	origin string  // who opened it
	choice model.Choice
	kit    *kit
	sink   turnSink
	// secrets is what the turn keeps from its model; nil = nothing.
	secrets *secrecy
	told    *inbox          // calls that others answered
	mine    []convo.Message // those that the turn made since the history was read
	asked   string          // without a conversation, the last message of the user, without its files

	history  history
	lookup   lookup
	progress progress

	prompted int64            // tokens of the latest prompt and of the answer to it, about
	stopped  model.StopReason // of the latest answer
	full     bool             // the latest answer was cut by our own limit
	again    bool             // the turn goes on after an answer that nothing else follows
	length   bool             // a limit cut the last answer
}

// errWaits says that a turn was left to wait: it has no end yet.
var errWaits = errors.New("the turn waits")

// start carries out a turn, one that has only started or one that goes on.
func (l *loop) start(ctx context.Context, goesOn bool) (convo.EndReason, error) {
	if goesOn && (l.progress.iterations > 0 || l.progress.calls > 0) {
		return l.run(ctx)
	}
	o := l.kit.open(l.history.messages)
	l.progress.starts = o.starts
	if err := l.retrieve(ctx); err != nil {
		return "", err
	}
	if o.call != nil {
		if err := l.request([]model.Call{*o.call}); err != nil {
			return "", err
		}
	}
	return l.run(ctx)
}

// run works until the turn is over, and gives the reason. An error is why it
// failed, the end of ctx, or errWaits.
func (l *loop) run(ctx context.Context) (convo.EndReason, error) {
	l.again = l.progress.spoke()
	for {
		if err := l.carryOut(ctx); err != nil {
			return "", err
		}
		if err := l.settle(); err != nil {
			return "", err
		}
		if reason := l.over(); reason != "" {
			return reason, l.account()
		}
		if err := l.ask(ctx); err != nil {
			return "", err
		}
	}
}

// account writes the cost of a turn that asked no model, because its caller's own
// call was all it did: readers expect a cost of every turn.
func (l *loop) account() error {
	if l.progress.iterations > 0 {
		return nil
	}
	return l.write(convo.ModelAnswered{Model: l.choice.ID}, true)
}

// over gives the reason for which the turn ends now, or "".
func (l *loop) over() convo.EndReason {
	p := &l.progress
	switch {
	case p.forCaller():
		return convo.EndCaller
	case slices.ContainsFunc(l.kit.ends, func(name string) bool { return p.ended[name] }):
		return l.done()
	case p.calls > l.kit.limits.Calls:
		return convo.EndLimit
	case p.iterations == 0 || p.nextStart() != "":
		return ""
	case p.ending && l.nextEnd() == "":
		return l.done()
	case p.ending || l.again:
		return ""
	case p.latest > 0 && p.iterations >= l.kit.limits.Iterations:
		return convo.EndLimit
	case p.latest > 0 || l.continues():
		return ""
	}
	p.ending, l.length = true, l.stopped == model.StopLength
	if l.nextEnd() != "" {
		return ""
	}
	return l.done()
}

// continues reports whether the model is asked to go on with an answer that a token
// limit cut. What our own limit cut is long enough.
func (l *loop) continues() bool {
	return l.stopped == model.StopLength && !l.full && l.progress.continuations < l.kit.limits.Continuations
}

// nextEnd is the function that the model has to call next behind its last answer, or
// "": each that it did not call by itself, once.
func (l *loop) nextEnd() string {
	for _, name := range l.kit.ends {
		if !l.progress.last[name] && (!l.progress.called[name] || slices.Contains(l.kit.starts, name)) {
			return name
		}
	}
	return ""
}

// done is the end of a turn whose model has nothing more to say. One that said
// nothing has only calls to show.
func (l *loop) done() convo.EndReason {
	switch {
	case !l.progress.said:
		return convo.EndCaller
	case l.length:
		return convo.EndLength
	}
	return convo.EndDone
}

// ask asks the model once, and requests the calls of its answer.
func (l *loop) ask(ctx context.Context) error {
	force := l.progress.nextStart()
	if force == "" && l.progress.ending {
		force = l.nextEnd()
	}
	l.history.force, l.again = force, false
	p, err := assemble(l.history)
	if err != nil {
		return err
	}
	l.history.from = p.from
	if l.progress.iterations > 0 || l.progress.calls > 0 {
		l.sink.part()
	}
	a := &answer{
		choice: l.choice, limit: l.e.limits.Answer, quiet: l.progress.ending, sink: l,
		from: p.from, prompted: count(p.messages) + l.history.tools, cites: citer{sources: p.sources},
	}
	request := model.Request{
		Model: l.choice.Name, Messages: p.messages, Tools: l.kit.offered, Force: force,
		Params: l.choice.Params, Context: l.choice.Context,
	}
	if err := l.mask(ctx, &request); err != nil {
		return err
	}
	a.secrets = l.secrets
	ctx = a.observe(ctx, l.e.observer, l.key.Conversation, request.Messages)
	failed := a.run(ctx, &request)
	if failed != nil && l.sink.lost(failed) {
		a.abandon(failed)
		return failed
	}
	answered, err := a.finish(failed)
	l.prompted = a.prompted + estimate(a.bytes)
	l.stopped, l.full = a.stopped, a.full
	l.progress.answered = &answered
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	for i := range a.calls {
		a.calls[i].ID = newID() // the model's own need not be unique
	}
	l.secrets.restoreCalls(a.calls)
	return l.request(a.calls)
}

// mask masks a request to the model, if the turn keeps something from it.
func (l *loop) mask(ctx context.Context, r *model.Request) (err error) {
	if l.secrets == nil {
		l.secrets, err = l.e.recalls(ctx, l.key, r.Messages)
		return err
	}
	return l.secrets.prompt(ctx, r)
}

// settle writes what follows the calls of an answer: those that are left to the
// caller, and the answer's own end.
func (l *loop) settle() error {
	for _, left := range slices.Clone(l.progress.left) {
		left.Place = l.sink.place()
		if err := l.write(left, true); err != nil {
			return err
		}
	}
	if l.progress.asked == nil {
		return nil
	}
	return l.write(l.answeredNow(), true)
}

// fail closes what is open when the turn ends early.
func (l *loop) fail() error {
	l.progress.left = nil
	if err := l.closeCalls(convo.ToolCancelled, func(convo.OpenCall) bool { return true }); err != nil {
		return err
	}
	return l.settle()
}

// leave closes what ends with this process, of a turn that goes on in the next one,
// and lets it wait for what others answer.
func (l *loop) leave(ctx context.Context) error {
	err := l.closeCalls(convo.ToolInterrupted, func(c convo.OpenCall) bool {
		return c.Runs == convo.RunsServer && (c.Asks == convo.AsksNothing || c.Started != 0)
	})
	if err != nil {
		return err
	}
	if waits, err := l.sink.wait(ctx, l.waiting()); err != nil || waits {
		return err
	}
	return l.settle()
}

// answeredNow is the end of the open model call; an estimate, where the process
// that had it died.
func (l *loop) answeredNow() convo.ModelAnswered {
	if exact := l.progress.answered; exact != nil {
		return *exact
	}
	return l.progress.estimate(0, now())
}
