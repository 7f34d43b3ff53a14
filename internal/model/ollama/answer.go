package ollama

import (
	"context"
	"encoding/json"
	"io"
	"iter"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// chunk is what counts of one line of a stream.
type chunk struct {
	Message struct {
		Content   string `json:"content"`
		Thinking  string `json:"thinking"`
		ToolCalls []call `json:"tool_calls"`
	} `json:"message"`
	Done       bool   `json:"done"`
	DoneReason string `json:"done_reason"`
	Input      *int64 `json:"prompt_eval_count"`
	Output     *int64 `json:"eval_count"`
	Error      string `json:"error"`
}

// Stream implements model.Provider.
func (d *Driver) Stream(ctx context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		a := answer{client: d.client, cloud: d.cloud, names: remote.NewNames(req.Tools, req.Messages), events: remote.NewEvents(yield)}
		a.events.End(a.run(ctx, req))
	}
}

// answer is one stream that is being read.
type answer struct {
	client *remote.Client
	cloud  bool
	names  remote.Names
	events *remote.Events

	calls remote.Calls
	last  *chunk // the line that says that the answer is complete
}

// run asks and reads the answer.
func (a *answer) run(ctx context.Context, req *model.Request) error {
	data, err := encode(req, a.names, a.cloud)
	if err != nil {
		return err
	}
	stream, err := a.client.Lines(ctx, "api/chat", data)
	if err != nil {
		return err
	}
	return stream.Read(ctx, a.events, a)
}

// Take implements [remote.Answer]: it passes on what a line brings.
func (a *answer) Take(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.client.NotReadable(err)
	}
	if c.Error != "" {
		return a.client.Reported(model.Failed, 0, c.Error)
	}
	a.give(model.Reasoning, c.Message.Thinking)
	a.give(model.Text, c.Message.Content)
	for _, made := range c.Message.ToolCalls {
		whole := model.Call{ID: made.ID, Name: made.Function.Name, Arguments: string(made.Function.Arguments)}
		if err := a.calls.AddWhole(whole); err != nil {
			return a.client.NotReadable(err)
		}
	}
	if c.Done {
		a.last = &c
		return io.EOF
	}
	return nil
}

func (a *answer) give(kind model.EventType, text string) {
	if text != "" {
		a.events.Give(model.Event{Type: kind, Text: text})
	}
}

// Whole implements [remote.Answer].
func (a *answer) Whole() bool { return a.last != nil }

// Finish implements [remote.Answer]. How much
// of the prompt the server took from its cache, it does not tell.
func (a *answer) Finish() error {
	calls, err := a.calls.Whole(a.last.DoneReason == "length")
	if err != nil {
		return a.client.NotReadable(err)
	}
	a.events.GiveCalls(calls, a.names)
	if a.last.Input != nil || a.last.Output != nil {
		report := &model.Report{Input: a.last.Input, Output: a.last.Output}
		a.events.Give(model.Event{Type: model.Usage, Usage: report})
	}
	a.events.Give(model.Event{Type: model.Finish, Stop: a.stop(len(calls))})
	return nil
}

func (a *answer) stop(calls int) model.StopReason {
	switch {
	case a.last.DoneReason == "length":
		return model.StopLength
	case calls > 0:
		return model.StopCalls
	}
	return model.StopEnd
}
