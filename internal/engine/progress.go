package engine

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// progress is how far a turn has come. It is fed with the turn's events, by the
// run that writes them as by one that goes on after a restart or a wait; so the
// two decide the same. What depends on the functions and limits that the turn
// was given is decided by [loop.over].
type progress struct {
	starts []string        // functions that the model has to call before it is free
	forced string          // the one that the latest model call has or had to call, or ""
	ending bool            // the last answer is there: what follows is forced
	last   map[string]bool // the functions that were forced behind it

	asked    *convo.ModelAsked // the open model call
	askedAt  time.Time
	answered *convo.ModelAnswered // its end, where it is known before it is logged

	iterations    int // model calls but for those counted next, the forced ones at the start as one
	continuations int // model calls after an answer without calls
	calls         int // requested
	latest        int // of them, since the model was last asked
	open          []convo.OpenCall
	left          []convo.ToolRequested // for the caller, to be requested when no other is open
	called        map[string]bool       // by name
	own           map[string]bool       // by id: the model's choice
	ended         map[string]bool       // by name: calls of the model's choice that went well
	schemas       map[string]convo.JSON // by id: of calls that ask by an interrupt, the schemas of their arguments
	said          bool                  // a bot message has ended
	usage         convo.Usage
	model         string // that was asked last
	messages      int64  // of users and bots, among the events that were taken in
	reruns        int
	sources       int // the last number that a source of the conversation got
}

// add takes in the turn's next event.
func (p *progress) add(event convo.Event) {
	switch b := event.Body.(type) {
	case convo.ModelAsked:
		p.ask(b, event.At)
	case convo.ModelAnswered:
		p.usage = p.usage.Add(b.Usage)
		p.asked, p.answered = nil, nil
	case convo.MessageGiven:
		p.count(b.Fields.Type)
		p.sources = max(p.sources, b.Sources.Last())
	case convo.MessageEnded:
		p.said = p.said || b.Type == convo.Bot
		p.count(b.Type)
	case convo.ToolRequested:
		p.request(b)
	case convo.ToolStarted:
		if call := p.call(b.ID); call != nil {
			call.Started, call.To = event.At.UnixMilli(), b.To
		}
	case convo.ToolEnded:
		p.sources = max(p.sources, b.Sources.Last())
		p.end(b)
	case convo.ToolAnswered, convo.ToolOffered, convo.InterruptStarted, convo.InterruptEnded:
		p.answer(event)
	case convo.TurnWaiting:
		p.answered, p.left = b.Answered, slices.Clone(b.Left)
	case convo.TurnResumed:
		if b.Rerun {
			p.reruns++
			p.forceAgain()
		}
	}
}

func (p *progress) count(t convo.MessageType) {
	if counted(t) {
		p.messages++
	}
}

// ask counts a model call: one at the start, at the end, or in between.
func (p *progress) ask(b convo.ModelAsked, at time.Time) {
	p.forced, p.model = b.Force, b.Model
	switch {
	case p.forced != "" && p.forced == p.nextStart():
		p.starts = p.starts[1:]
		p.iterations = 1
	case p.forced != "":
		p.ending = true
		if p.last == nil {
			p.last = map[string]bool{}
		}
		p.last[p.forced] = true
	case p.spoke():
		p.continuations++
	default:
		p.iterations++
	}
	p.asked, p.askedAt, p.answered, p.latest = &b, at, nil, 0
}

// forceAgain takes back a forced call that was interrupted before it was made.
func (p *progress) forceAgain() {
	switch {
	case p.forced == "" || p.latest > 0:
	case p.ending:
		delete(p.last, p.forced)
	default:
		p.starts = append([]string{p.forced}, p.starts...)
	}
}

// nextStart is the function that the next model call has to call first, or "".
func (p *progress) nextStart() string {
	for len(p.starts) > 0 && p.called[p.starts[0]] {
		p.starts = p.starts[1:]
	}
	if len(p.starts) == 0 {
		return ""
	}
	return p.starts[0]
}

// spoke reports whether the latest thing that happened was an answer without
// calls.
func (p *progress) spoke() bool { return p.iterations > 0 && p.asked == nil && p.latest == 0 }

func (p *progress) request(b convo.ToolRequested) {
	p.calls++
	p.latest++
	p.open = append(p.open, b.Open(0))
	if b.Asked.Asks == convo.AsksInterrupt {
		if p.schemas == nil {
			p.schemas = map[string]convo.JSON{}
		}
		p.schemas[b.ID] = b.Asked.Input
	}
	p.left = slices.DeleteFunc(p.left, func(l convo.ToolRequested) bool { return l.ID == b.ID })
	if p.called == nil {
		p.called, p.own, p.ended = map[string]bool{}, map[string]bool{}, map[string]bool{}
	}
	p.called[b.Name] = true
	p.own[b.ID] = p.asked != nil && b.Name != p.forced
}

func (p *progress) end(b convo.ToolEnded) {
	i := p.find(b.ID)
	if i < 0 {
		return
	}
	p.open = slices.Delete(p.open, i, i+1)
	if b.Outcome == convo.ToolDone && p.own[b.ID] {
		p.ended[b.Name] = true
	}
}

// answer takes in what was said about a call that asks.
func (p *progress) answer(event convo.Event) {
	switch b := event.Body.(type) {
	case convo.ToolAnswered:
		if call := p.call(b.ID); call != nil {
			call.Answered, call.Approved = event.At.UnixMilli(), b.Approved
			if b.Approved {
				call.Arguments = b.Input
			}
		}
	case convo.ToolOffered:
		if call := p.call(b.ID); call != nil {
			call.To = b.To
		}
	case convo.InterruptStarted:
		if call := p.call(b.Call); call != nil {
			call.Interrupt = b.ID
		}
	case convo.InterruptEnded:
		if call := p.call(b.Call); call != nil {
			call.Interrupt = ""
		}
	}
}

// call gives an open call, or nil.
func (p *progress) call(id string) *convo.OpenCall {
	if i := p.find(id); i >= 0 {
		return &p.open[i]
	}
	return nil
}

// find gives the index of an open call, or -1.
func (p *progress) find(id string) int {
	return slices.IndexFunc(p.open, func(c convo.OpenCall) bool { return c.ID == id })
}

// pending counts the open calls that somebody else than the caller answers.
func (p *progress) pending() int {
	n := 0
	for i := range p.open {
		if p.open[i].Runs != convo.RunsCaller {
			n++
		}
	}
	return n
}

// forCaller reports whether a call waits for the caller, who has to come back.
func (p *progress) forCaller() bool { return len(p.open) > p.pending() }

// began reports whether a call of the server has begun and not ended.
func (p *progress) began() bool { return slices.ContainsFunc(p.open, begun) }

// awaited reports whether a call waits for somebody outside, or was approved and has
// not begun.
func (p *progress) awaited() bool {
	return slices.ContainsFunc(p.open, func(c convo.OpenCall) bool {
		return c.Started == 0 && c.Asks != convo.AsksNothing || c.Started != 0 && outside(c)
	})
}

// estimate is the end of the open model call as far as it can be guessed, with so
// many bytes of text.
func (p *progress) estimate(length int, at time.Time) convo.ModelAnswered {
	return convo.ModelAnswered{
		Model: p.asked.Model, Took: max(0, at.Sub(p.askedAt)),
		Usage: convo.Usage{
			Input:  convo.Tokens{N: p.asked.Prompt, Estimated: true},
			Output: convo.Tokens{N: estimate(length), Estimated: true},
		},
	}
}
