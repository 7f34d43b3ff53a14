package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// DefaultRounds is how often a run comes back to the model with results, unless
// [RunRequest] says otherwise.
const DefaultRounds = 20

// ErrRounds ends a run whose model still called functions after as many rounds
// as were allowed.
var ErrRounds = errors.New("the model still calls functions after the last round")

// Tool is a function that the program itself carries out.
type Tool struct {
	Name        string
	Description string
	Parameters  *Parameters
	Call        *FunctionForce
	// Handle carries out a call, and returns when ctx ends. Calls of one answer
	// run at the same time. What it gives goes to the model as JSON, and so does
	// the text of its error: of more than 256 KiB the beginning, and a server may
	// refuse more than 1 MiB.
	Handle func(ctx context.Context, arguments json.RawMessage) (any, error)
}

// Typed makes a [Tool]'s Handle of a function that takes its arguments decoded.
func Typed[In any](handle func(ctx context.Context, in In) (any, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, arguments json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(arguments, &in); err != nil {
			return nil, fmt.Errorf("the arguments do not fit: %w", err)
		}
		return handle(ctx, in)
	}
}

// RunRequest asks for turns in a stored conversation until the model is done
// with its tools. Text, Entities and Attachments belong to the first turn.
type RunRequest struct {
	CompleteRequest
	Tools  []Tool
	Rounds int // 0 = DefaultRounds
}

// Run completes, carries out the calls of tools, stores their results and
// completes again, until the model has finished or has called the tool that it is
// to call last, or calls a function without a result that is none of the tools. It
// gives the result of the last turn.
func (s *ConversationService) Run(ctx context.Context, id string, in RunRequest, options ...Option) (*Result, error) {
	return s.RunStream(ctx, id, in, options...).Wait()
}

// RunStream is [ConversationService.Run] as a stream: the events of all its
// turns, so that there may be several of each kind, a [ResultEvent] too.
func (s *ConversationService) RunStream(ctx context.Context, id string, in RunRequest, options ...Option) *Stream {
	return &Stream{run: func(give func(Event) bool) error {
		call, err := s.client.with(options)
		if err != nil {
			return err
		}
		if call.key != "" {
			return errors.New("a run makes several requests, and cannot have one idempotency key")
		}
		r := &runner{service: s, id: id, options: options, tools: map[string]Tool{}, request: in.CompleteRequest, rounds: in.Rounds}
		if r.rounds <= 0 {
			r.rounds = DefaultRounds
		}
		if err := r.offer(in.Tools); err != nil {
			return err
		}
		return r.run(ctx, give)
	}}
}

// runner is a run.
type runner struct {
	service *ConversationService
	id      string
	options []Option
	tools   map[string]Tool
	request CompleteRequest // for the next turn
	rounds  int
	open    []Activity // requests of the turn that have no response
}

// offer adds the tools to the functions.
func (r *runner) offer(tools []Tool) error {
	r.request.Functions = slices.Clone(r.request.Functions)
	for _, t := range tools {
		if t.Handle == nil {
			return fmt.Errorf("the tool %q has no Handle", t.Name)
		}
		r.tools[t.Name] = t
		r.request.Functions = append(r.request.Functions, Function{
			Name: t.Name, Description: t.Description, Parameters: t.Parameters, Call: t.Call,
		})
	}
	return nil
}

func (r *runner) run(ctx context.Context, give func(Event) bool) error {
	for round := 0; ; round++ {
		turn := r.service.CompleteStream(ctx, r.id, r.request, r.options...)
		r.open = nil
		for event, err := range turn.Events() {
			if err != nil {
				return err
			}
			r.note(event)
			if !give(event) {
				return nil
			}
		}
		if turn.Result().End.Reason != EndActivity || len(r.open) == 0 {
			return nil
		}
		more, err := r.answer(ctx)
		switch {
		case err != nil || !more:
			return err
		case round == r.rounds:
			return ErrRounds
		}
		r.request.Text, r.request.Entities, r.request.Attachments = Optional[string]{}, nil, nil
	}
}

// note remembers the calls that nobody has answered.
func (r *runner) note(event Event) {
	e, ok := event.(MessageEvent)
	if !ok {
		return
	}
	a, ok := e.Message.Activity()
	switch {
	case ok && a.Type == ActivityRequest:
		r.open = append(r.open, a)
	case ok && a.Type == ActivityResponse:
		r.open = slices.DeleteFunc(r.open, func(asked Activity) bool {
			return asked.Function.ID == a.Function.ID && asked.Function.Name == a.Function.Name
		})
	}
}

// answer carries out the open calls and stores their responses. more is false if
// there were calls of others' functions, or of the one that ends the run.
func (r *runner) answer(ctx context.Context) (more bool, err error) {
	responses := make([]Activity, len(r.open))
	var running sync.WaitGroup
	for i, asked := range r.open {
		if tool, ok := r.tools[asked.Function.Name]; ok {
			running.Go(func() { responses[i] = tool.respond(ctx, asked) })
		}
	}
	running.Wait()
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	more = true
	for _, response := range responses {
		if response.Type == "" {
			more = false
			continue
		}
		if force := r.tools[response.Function.Name].Call; force != nil && force.End {
			more = false
		}
		m := response.Message()
		if _, err := r.service.Message.Create(ctx, r.id, MessageCreateRequest{Type: m.Type, Meta: m.Meta}, r.options...); err != nil {
			return false, err
		}
	}
	return more, nil
}

// respond carries out a call.
func (t Tool) respond(ctx context.Context, asked Activity) Activity {
	result, err := t.Handle(ctx, asked.Function.Arguments)
	if err != nil {
		return asked.RespondError(err)
	}
	response, err := asked.Respond(result)
	if err != nil {
		return asked.RespondError(err)
	}
	return response
}
