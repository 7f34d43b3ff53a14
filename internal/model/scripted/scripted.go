// Package scripted is a model provider inside the process, for tests of what
// asks models. It plays scripts, one for each call in the order in which they
// were added, and echoes the last user message when there are none left.
//
// It keeps the promises of package model: what a script leaves out is added (a
// script that ends by itself ends with a Finish), and only [Cut] and [Fail] end
// a stream with an error. It records every call, and when it was over.
package scripted

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/model"
)

// Name is the name of its only model.
const Name = "scripted"

// Provider plays scripts. The zero value is ready. It may be used by many
// goroutines.
type Provider struct {
	mu      sync.Mutex
	scripts []Script
	calls   []*Call
	came    chan struct{} // closed and replaced when a call comes
}

// Script is what happens in one call.
type Script []Step

// Step is one thing that happens in a call. It reports false when the call is
// over.
type Step func(*play) bool

// Call is a call that was made.
type Call struct {
	Request   model.Request // a copy
	over      chan struct{}
	cancelled bool
}

// Over is closed when the stream has ended or was left.
func (c *Call) Over() <-chan struct{} { return c.over }

// Cancelled waits for the end of the call, and reports whether it was cut
// short: by its context or by a reader who left before the last event.
func (c *Call) Cancelled() bool {
	<-c.over
	return c.cancelled
}

// New makes a provider with scripts.
func New(scripts ...Script) *Provider { return &Provider{scripts: scripts} }

// Add appends a script for a call to come.
func (p *Provider) Add(steps ...Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scripts = append(p.scripts, steps)
}

// Calls gives the calls so far, in the order in which they came.
func (p *Provider) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Await waits until n calls have come, and gives the last of them.
func (p *Provider) Await(ctx context.Context, n int) (*Call, error) {
	for {
		p.mu.Lock()
		if len(p.calls) >= n {
			call := p.calls[n-1]
			p.mu.Unlock()
			return call, nil
		}
		if p.came == nil {
			p.came = make(chan struct{})
		}
		came := p.came
		p.mu.Unlock()
		select {
		case <-came:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Models implements model.Provider.
func (p *Provider) Models(context.Context) ([]model.Info, error) {
	return []model.Info{{Name: Name, Family: Name}}, nil
}

// Stream implements model.Provider.
func (p *Provider) Stream(ctx context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		script, call := p.begin(req)
		s := &play{ctx: ctx, yield: yield}
		s.run(script)
		call.cancelled = !s.ended
		close(call.over)
	}
}

func (p *Provider) begin(req *model.Request) (Script, *Call) {
	copied := *req
	copied.Messages, copied.Tools = slices.Clone(req.Messages), slices.Clone(req.Tools)
	call := &Call{Request: copied, over: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, call)
	if p.came != nil {
		close(p.came)
		p.came = nil
	}
	if len(p.scripts) == 0 {
		return echo(copied), call
	}
	script := p.scripts[0]
	p.scripts = p.scripts[1:]
	return script, call
}

// echo answers with the last user message, in pieces, and reports a usage.
func echo(req model.Request) Script {
	last := ""
	for _, m := range req.Messages {
		if m.Role == model.User {
			last = m.Text
		}
	}
	return Script{Text("You ", "said: ", last), Usage(10, 5)}
}

// play is a script that runs.
type play struct {
	ctx    context.Context
	yield  func(model.Event, error) bool
	called bool // a tool call was given
	ended  bool // with its last event or an error of its own
}

func (s *play) run(script Script) {
	for _, step := range script {
		if !s.live() || !step(s) {
			return
		}
	}
	if !s.live() {
		return
	}
	stop := model.StopEnd
	if s.called {
		stop = model.StopCalls
	}
	Finish(stop)(s)
}

// live ends the stream if its context has.
func (s *play) live() bool {
	if err := s.ctx.Err(); err != nil {
		s.yield(model.Event{}, err)
		return false
	}
	return true
}

func (s *play) give(e model.Event) bool { return s.live() && s.yield(e, nil) }

// Text gives pieces of the answer.
func Text(pieces ...string) Step { return give(model.Text, pieces) }

// Reasoning gives pieces of the model's thinking.
func Reasoning(pieces ...string) Step { return give(model.Reasoning, pieces) }

func give(kind model.EventType, pieces []string) Step {
	return func(s *play) bool {
		for _, piece := range pieces {
			if !s.give(model.Event{Type: kind, Text: piece}) {
				return false
			}
		}
		return true
	}
}

// Calls gives a tool call.
func Calls(id, name, arguments string) Step {
	return func(s *play) bool {
		s.called = true
		return s.give(model.Event{Type: model.ToolCall, Call: &model.Call{ID: id, Name: name, Arguments: arguments}})
	}
}

// Usage reports tokens of prompt and answer.
func Usage(input, output int64) Step { return Report(model.Report{Input: &input, Output: &output}) }

// Report reports what the call cost, or parts of it.
func Report(r model.Report) Step {
	return func(s *play) bool { return s.give(model.Event{Type: model.Usage, Usage: &r}) }
}

// Finish ends the answer.
func Finish(stop model.StopReason) Step {
	return func(s *play) bool {
		// Who leaves the loop at the last event has read all of it.
		if s.live() {
			s.ended = true
			s.yield(model.Event{Type: model.Finish, Stop: stop}, nil)
		}
		return false
	}
}

// Fail ends the stream with an error.
func Fail(err error) Step {
	return func(s *play) bool {
		s.ended = true
		s.yield(model.Event{}, err)
		return false
	}
}

// Cut ends the stream as one that breaks off.
func Cut() Step {
	return Fail(&model.Error{Kind: model.Incomplete, Provider: Name, Message: "scripted: the answer broke off"})
}

// Limited refuses the call for a while.
func Limited(after time.Duration) Step {
	return Fail(&model.Error{Kind: model.Limited, Provider: Name, Status: 429, RetryAfter: after, Message: fmt.Sprintf("scripted: too many requests, try again in %s", after)})
}

// Wait holds the answer until the channel is closed or gives a value.
func Wait(until <-chan struct{}) Step {
	return func(s *play) bool {
		select {
		case <-until:
			return true
		case <-s.ctx.Done():
			return s.live()
		}
	}
}

// Delay holds the answer for a time: for tests whose clock is their own.
func Delay(d time.Duration) Step {
	return func(s *play) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-s.ctx.Done():
			return s.live()
		}
	}
}

// Reached closes a channel when the script comes to this step.
func Reached(mark chan<- struct{}) Step {
	return func(*play) bool {
		close(mark)
		return true
	}
}
