package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

func TestProgressFollowsFromTheEvents(t *testing.T) {
	t.Parallel()
	asked, answered := convo.ModelAsked{Model: "m", Prompt: 3}, convo.ModelAnswered{}
	forced := func(name string) convo.ModelAsked { return convo.ModelAsked{Model: "m", Prompt: 3, Force: name} }
	said := convo.MessageEnded{Type: convo.Bot}
	call := func(id, name string, runs convo.Runner) convo.ToolRequested {
		return convo.ToolRequested{ID: id, Name: name, Runs: runs}
	}
	ended := func(id, name string, outcome convo.ToolOutcome) convo.ToolEnded {
		return convo.ToolEnded{ID: id, Name: name, Outcome: outcome}
	}
	server, caller, channel := convo.RunsServer, convo.RunsCaller, convo.RunsChannel
	for name, c := range map[string]struct {
		starts []string
		events []convo.Body
		want   string
	}{
		"nothing yet":          {nil, nil, "iterations 0"},
		"an open model call":   {nil, []convo.Body{asked}, "iterations 1, asked"},
		"an answer":            {nil, []convo.Body{asked, said, answered}, "iterations 1, said, spoke"},
		"an answer with calls": {nil, []convo.Body{asked, call("1", "f", server), ended("1", "f", convo.ToolDone), answered}, "iterations 1, calls 1, ended f"},
		"calls that are open": {nil, []convo.Body{asked, call("1", "f", server), convo.ToolStarted{ID: "1"}, call("2", "g", channel), call("3", "h", caller)},
			"iterations 1, asked, calls 3, pending 2, for the caller, began"},
		"a call that waits": {nil, []convo.Body{asked, call("1", "f", channel), convo.ToolStarted{ID: "1"}, convo.TurnWaiting{Answered: &answered, Left: []convo.ToolRequested{call("2", "g", caller)}}},
			"iterations 1, asked, calls 1, pending 1, awaited, left 1"},
		"what was left, requested": {nil, []convo.Body{asked, call("1", "f", channel), convo.TurnWaiting{Answered: &answered, Left: []convo.ToolRequested{call("2", "g", caller)}},
			ended("1", "f", convo.ToolDone), convo.TurnResumed{}, call("2", "g", caller), answered}, "iterations 1, calls 2, for the caller, ended f"},
		"a continuation":               {nil, []convo.Body{asked, said, answered, asked}, "iterations 1, continuations 1, asked, said"},
		"two iterations":               {nil, []convo.Body{asked, call("1", "f", server), ended("1", "f", convo.ToolFailed), answered, asked}, "iterations 2, asked, calls 1"},
		"forced at the start":          {[]string{"f", "g"}, []convo.Body{forced("f"), call("1", "f", server), ended("1", "f", convo.ToolDone), answered}, "iterations 1, calls 1, next g"},
		"forced one by one":            {[]string{"f", "g"}, []convo.Body{forced("f"), call("1", "f", server), ended("1", "f", convo.ToolDone), answered, forced("g")}, "iterations 1, asked, calls 1"},
		"called without force":         {[]string{"f", "g"}, []convo.Body{forced("f"), call("1", "g", server), ended("1", "g", convo.ToolDone), answered}, "iterations 1, calls 1, ended g"},
		"a start that was interrupted": {[]string{"f"}, []convo.Body{forced("f"), answered, convo.TurnResumed{Rerun: true}}, "iterations 1, spoke, reruns 1, next f"},
		"forced at the end":            {nil, []convo.Body{asked, said, answered, forced("f"), call("1", "f", server), ended("1", "f", convo.ToolDone), answered}, "iterations 1, calls 1, said, last f"},
		"an end that was interrupted":  {nil, []convo.Body{asked, said, answered, forced("f"), answered, convo.TurnResumed{Rerun: true}}, "iterations 1, said, spoke, reruns 1, last"},
		"a call of the caller's":       {nil, []convo.Body{call("1", "f", server), ended("1", "f", convo.ToolDone)}, "iterations 0, calls 1"},
		"an end that nothing fits":     {nil, []convo.Body{ended("1", "f", convo.ToolDone)}, "iterations 0"},
		"a rerun":                      {nil, []convo.Body{asked, answered, convo.TurnResumed{Rerun: true}}, "iterations 1, spoke, reruns 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := progress{starts: c.starts}
			for i, body := range c.events {
				p.add(convo.Event{At: time.UnixMilli(int64(i) + 1), Body: body})
			}
			if got := p.tell(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// tell says what is not zero.
func (p *progress) tell() string {
	s := fmt.Sprint("iterations ", p.iterations)
	number := func(name string, n int) {
		if n != 0 {
			s += fmt.Sprintf(", %s %d", name, n)
		}
	}
	fact := func(name string, is bool) {
		if is {
			s += ", " + name
		}
	}
	number("continuations", p.continuations)
	fact("asked", p.asked != nil)
	number("calls", p.calls)
	number("pending", p.pending())
	fact("for the caller", p.forCaller())
	fact("began", p.began())
	fact("awaited", p.awaited())
	number("left", len(p.left))
	fact("said", p.said)
	fact("spoke", p.spoke())
	number("reruns", p.reruns)
	fact("last", p.ending)
	for name := range p.last {
		s += " " + name
	}
	for name := range p.ended {
		s += ", ended " + name
	}
	if next := p.nextStart(); next != "" {
		s += ", next " + next
	}
	return s
}
