package engine

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/tool"
)

// request requests the calls of an answer: all but those that are left to the
// caller, which come when the others have ended. What has its end already gets it
// at once. They reach the log together, with the starts of those that have to be
// carried out: a call that is open there is one that was not begun.
func (l *loop) request(calls []model.Call) error {
	var requests []convo.Body
	var ends []convo.ToolEnded
	for i, c := range calls {
		p := l.kit.plan(c, l.secrets)
		l.warn(c.Name)
		if l.progress.calls+i >= l.kit.limits.Calls {
			p = p.end(failureOutput("not called: this turn may make %d calls", l.kit.limits.Calls), convo.ToolFailed)
		}
		p.request.Message = l.sink.messageID()
		if p.request.Runs == convo.RunsCaller && !p.ended {
			l.progress.left = append(l.progress.left, p.request)
			continue
		}
		p.request.Place = l.sink.place()
		requests = append(requests, p.request)
		if p.ended {
			ends = append(ends, p.request.Open(0).Ended(l.sink.messageID(), p.output, p.outcome))
		}
	}
	for _, body := range slices.Concat(requests, l.placed(ends)) {
		if err := l.write(body, true); err != nil {
			return err
		}
	}
	return nil
}

// warn tells the operator, once a turn, of a function whose arguments could not be
// checked.
func (l *loop) warn(name string) {
	s := l.kit.schemas[name]
	if s == nil || l.progress.called[name] || s.Checked() {
		return
	}
	l.e.log.Warn("the arguments of a function are not checked: its schema cannot be used",
		"function", name, "tenant", l.key.Tenant, "conversation", l.key.Conversation, "fault", s.Fault())
}

// placed gives ends their places, behind those of the requests.
func (l *loop) placed(ends []convo.ToolEnded) []convo.Body {
	bodies := make([]convo.Body, len(ends))
	for i, end := range ends {
		end.Place = l.sink.place()
		bodies[i] = end
	}
	return bodies
}

// carryOut carries out the open calls, those of the server at once, or when they
// are approved, and returns when all have ended, or when ctx has.
func (l *loop) carryOut(ctx context.Context) error {
	if l.progress.pending() == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what still runs then was given up on
	c := &calls{loop: l, results: make(chan toolEnd, len(l.progress.open)), began: make(chan string)}
	if err := c.start(ctx, nil); err != nil {
		return err
	}
	for l.progress.pending() > 0 {
		step := c.next
		if c.idle() {
			step = c.wait
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// calls are those that a turn carries out at this moment.
type calls struct {
	*loop
	results chan toolEnd // has room for all of them
	began   chan string  // channel calls of a stateless turn whose wait is registered
	running int          // on goroutines of this process
}

// idle reports whether nothing in this process will end a call: the turn waits
// for others, and holds nothing meanwhile.
func (c *calls) idle() bool { return c.running == 0 && c.turn != "" }

// next waits for something to happen to a call.
func (c *calls) next(ctx context.Context) error {
	select {
	case end := <-c.results:
		c.running--
		return c.ended(ctx, end)
	case id := <-c.began:
		return c.write(c.progress.open[c.progress.find(id)].Start(), false)
	case <-c.told.came:
		c.hear()
		return c.start(ctx, nil)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ended writes the end of a call, with the start of those that waited for its
// place. The last end goes to the log with what follows it.
func (c *calls) ended(ctx context.Context, end toolEnd) error {
	i := c.progress.find(end.id)
	if i < 0 {
		return nil
	}
	call := c.progress.open[i]
	body := call.Ended(c.sink.messageID(), end.output, end.outcome)
	body.Place = c.sink.place()
	if c.progress.pending() == 1 {
		return c.write(body, true)
	}
	return c.start(ctx, []convo.Body{body})
}

// start begins the calls that may begin now: it writes their starts, with what
// else is to be written, and then carries them out.
func (c *calls) start(ctx context.Context, bodies []convo.Body) error {
	var begin []work
	running := c.running
	bodies = c.ask(bodies)
	for i := range c.progress.open {
		call := &c.progress.open[i]
		switch {
		case call.Started != 0, asks(*call):
		case call.Runs == convo.RunsClient:
			c.e.beginWait(c.key, c.turn, *call, time.Now())
			bodies = append(bodies, startInClient(*call, c.origin))
		case call.Runs == convo.RunsServer && running < turnTools:
			running++
			begin = append(begin, c.serverWork(*call))
			bodies = append(bodies, call.Start())
		case call.Runs == convo.RunsChannel && c.turn != "":
			c.e.beginWait(c.key, c.turn, *call, time.Now())
			bodies = append(bodies, call.Start())
		case call.Runs == convo.RunsChannel:
			running++
			begin = append(begin, c.channelWork(*call))
		}
	}
	if len(bodies) > 0 {
		if err := c.commit(bodies); err != nil {
			return err
		}
	}
	c.running = running
	for _, run := range begin {
		go func() { c.results <- run(ctx) }()
	}
	return nil
}

// work carries out one call.
type work func(context.Context) toolEnd

// serverWork finds what a call of the server runs. What is not there any more,
// after a restart, is the call's failure; one whose request was deleted before
// that is not made.
func (c *calls) serverWork(call convo.OpenCall) work {
	if call.Arguments == nil {
		return func(context.Context) toolEnd { return toolEnd{call.ID, cancelledOutput(), convo.ToolCancelled} }
	}
	t := c.kit.tools[call.Name]
	if t == nil {
		return func(context.Context) toolEnd {
			return toolEnd{call.ID, failureOutput("there is no tool %q any more", call.Name), convo.ToolFailed}
		}
	}
	if t == tool.Tool(c.kit.memory) && c.secrets != nil {
		return func(context.Context) toolEnd {
			return toolEnd{call.ID, failureOutput("this conversation holds what is kept from you: nothing of it is remembered"), convo.ToolFailed}
		}
	}
	made := tool.Call{ID: call.ID, Arguments: call.Arguments, Tenant: c.key.Tenant, Conversation: c.key.Conversation}
	if c.secrets == nil {
		return func(ctx context.Context) toolEnd { return c.e.callTool(ctx, t, made) }
	}
	// The work runs on a goroutine of its own, and adds to a vault of its own.
	secrets := *c.secrets
	veiled := t
	if secrets.masks {
		veiled = veiledTool{t, &secrets}
	}
	return func(ctx context.Context) toolEnd {
		var err error
		if made.Arguments, err = secrets.arguments(ctx, call, t.Spec().Reveals); err != nil {
			return toolEnd{call.ID, toolFailure(err), convo.ToolFailed}
		}
		return c.e.callTool(ctx, veiled, made)
	}
}

// channelWork waits for a channel's message in a turn that has no log.
func (c *calls) channelWork(call convo.OpenCall) work {
	return func(ctx context.Context) toolEnd {
		output, outcome, err := c.e.awaitMessage(ctx, c.key.Tenant, call.Channel, c.secrets.private(), func() error {
			select {
			case c.began <- call.ID:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if err != nil {
			output, outcome = cancelledOutput(), convo.ToolCancelled
		}
		return toolEnd{call.ID, output, outcome}
	}
}

// wait leaves the turn to those who answer its calls, unless one of them has done
// so meanwhile: then what he said is on its way.
func (c *calls) wait(ctx context.Context) error {
	waits, err := c.sink.wait(ctx, c.waiting())
	switch {
	case err != nil:
		return err
	case waits:
		return errWaits
	}
	return c.next(ctx)
}

// waiting is what has to be known of the turn when it goes on.
func (l *loop) waiting() convo.TurnWaiting {
	waiting := convo.TurnWaiting{Left: l.progress.left}
	if l.progress.asked != nil {
		answered := l.answeredNow()
		waiting.Answered = &answered
	}
	return waiting
}

// hear takes in what others wrote about calls, with the places that they took.
func (l *loop) hear() {
	for _, body := range l.told.take() {
		if body.Kind() == convo.KindToolEnded {
			l.sink.place()
		}
		l.note(convo.Event{At: now(), Turn: l.turn, Body: body})
	}
}

// closeCalls ends the calls that are open when a turn ends early, or those of them
// that its process carries out.
func (l *loop) closeCalls(outcome convo.ToolOutcome, which func(convo.OpenCall) bool) error {
	for _, call := range slices.Clone(l.progress.open) {
		if !which(call) {
			continue
		}
		for _, body := range endsOf(call, l.sink.messageID(), outcomeOutput(outcome), outcome) {
			if ended, ok := body.(convo.ToolEnded); ok {
				ended.Place = l.sink.place()
				body = ended
			}
			if err := l.write(body, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func cancelledOutput() convo.JSON { return outcomeOutput(convo.ToolCancelled) }

// outcomeOutput is what the model is told of a call that came to no result.
func outcomeOutput(outcome convo.ToolOutcome) convo.JSON { return failureOutput("%s", outcome) }
