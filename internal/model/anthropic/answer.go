package anthropic

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// event is what counts of one event of a stream.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage *usage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type     string          `json:"type"`
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Text     string          `json:"text"`
		Thinking string          `json:"thinking"`
		Sign     string          `json:"signature"`
		Data     string          `json:"data"`
		Input    json.RawMessage `json:"input"`
	} `json:"content_block"`
	Delta struct {
		Type        string `json:"type"`
		Text        string `json:"text"`
		Thinking    string `json:"thinking"`
		Sign        string `json:"signature"`
		PartialJSON string `json:"partial_json"`
		StopReason  string `json:"stop_reason"`
	} `json:"delta"`
	Usage *usage `json:"usage"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

// usage counts up: a field that comes again replaces what came before.
type usage struct {
	Input         *int64 `json:"input_tokens"`
	CacheCreation *int64 `json:"cache_creation_input_tokens"`
	CacheRead     *int64 `json:"cache_read_input_tokens"`
	Output        *int64 `json:"output_tokens"`
	Details       struct {
		Thinking *int64 `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// Stream implements model.Provider.
func (d *Driver) Stream(ctx context.Context, req *model.Request) iter.Seq2[model.Event, error] {
	return func(yield func(model.Event, error) bool) {
		a := answer{client: d.client, model: req.Model, names: remote.NewNames(req.Tools, req.Messages), events: remote.NewEvents(yield)}
		a.events.End(a.run(ctx, req))
	}
}

// answer is one stream that is being read.
type answer struct {
	client *remote.Client
	model  string
	names  remote.Names
	events *remote.Events

	mind   mind // what it thought
	calls  remote.Calls
	usage  usage
	reason string // why the answer ended, once that is known
}

// run asks and reads the answer.
func (a *answer) run(ctx context.Context, req *model.Request) error {
	data, err := encode(req, a.names)
	if err != nil {
		return err
	}
	stream, err := a.client.Stream(ctx, "v1/messages", nil, data)
	if err != nil {
		return err
	}
	return stream.Read(ctx, a.events, a)
}

// Take implements [remote.Answer]: it passes on what an event brings. Events that are not known are skipped,
// as the API asks of its callers.
func (a *answer) Take(data []byte) error {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return a.client.NotReadable(err)
	}
	switch e.Type {
	case "message_start":
		a.count(e.Message.Usage)
		a.report()
	case "content_block_start":
		return a.begin(&e)
	case "content_block_delta":
		return a.add(&e)
	case "message_delta":
		a.count(e.Usage)
		a.reason = cmp.Or(e.Delta.StopReason, a.reason) // some servers report the usage apart
	case "message_stop":
		return io.EOF
	case "error":
		return a.client.Reported(kindOf(e.Error.Type), 0, e.Error.Message)
	}
	return nil
}

func (a *answer) begin(e *event) error {
	a.give(model.Reasoning, e.Block.Thinking)
	a.give(model.Text, e.Block.Text)
	switch e.Block.Type {
	case "text":
		a.mind.speak()
	case "thinking", "redacted_thinking":
		a.mind.begin(e)
	}
	if e.Block.Type != "tool_use" {
		return nil
	}
	p, err := a.calls.Open(strconv.Itoa(e.Index))
	if err != nil {
		return a.client.NotReadable(err)
	}
	p.ID, p.Name, p.Signature = e.Block.ID, e.Block.Name, a.mind.sign(a.model)
	// Compatible servers may give the whole input here instead of in pieces.
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Block.Input, &fields) != nil || len(fields) > 0 {
		err = a.calls.Add(p, string(e.Block.Input))
	}
	if err != nil {
		return a.client.NotReadable(err)
	}
	return nil
}

func (a *answer) add(e *event) error {
	switch e.Delta.Type {
	case "text_delta":
		a.give(model.Text, e.Delta.Text)
	case "thinking_delta":
		a.mind.add(e)
		a.give(model.Reasoning, e.Delta.Thinking)
	case "signature_delta":
		a.mind.add(e)
	case "input_json_delta":
		p := a.calls.Last(strconv.Itoa(e.Index))
		if p == nil { // of a tool that runs at the provider
			return nil
		}
		if err := a.calls.Add(p, e.Delta.PartialJSON); err != nil {
			return a.client.NotReadable(err)
		}
	}
	return nil
}

func (a *answer) give(kind model.EventType, text string) {
	if text != "" {
		a.events.Give(model.Event{Type: kind, Text: text})
	}
}

func (a *answer) count(u *usage) {
	if u == nil {
		return
	}
	for _, field := range []struct{ to, from **int64 }{
		{&a.usage.Input, &u.Input}, {&a.usage.CacheCreation, &u.CacheCreation}, {&a.usage.CacheRead, &u.CacheRead},
		{&a.usage.Output, &u.Output}, {&a.usage.Details.Thinking, &u.Details.Thinking},
	} {
		if *field.from != nil {
			*field.to = *field.from
		}
	}
}

// report says what the call cost as far as that is known. The API counts what
// it read from its cache and what it wrote there apart from the other input;
// and until the end, the output that it names is only a beginning.
func (a *answer) report() {
	if a.usage.Input == nil || a.events.Left() {
		return
	}
	input := *a.usage.Input
	for _, more := range []*int64{a.usage.CacheRead, a.usage.CacheCreation} {
		if more != nil {
			input += *more
		}
	}
	r := &model.Report{Input: &input, Cached: a.usage.CacheRead}
	if a.reason != "" {
		r.Output, r.Reasoning = a.usage.Output, a.usage.Details.Thinking
	}
	a.events.Give(model.Event{Type: model.Usage, Usage: r})
}

// Whole implements [remote.Answer].
func (a *answer) Whole() bool { return a.reason != "" }

// Finish implements [remote.Answer].
func (a *answer) Finish() error {
	calls, err := a.calls.Whole(a.stop(0) == model.StopLength)
	if err != nil {
		return a.client.NotReadable(err)
	}
	a.events.GiveCalls(calls, a.names)
	a.report()
	if !a.events.Left() {
		a.events.Give(model.Event{Type: model.Finish, Stop: a.stop(len(calls))})
	}
	return nil
}

// stop says why the answer ended. Some servers say "end_turn" although they
// call.
func (a *answer) stop(calls int) model.StopReason {
	switch {
	case a.reason == "max_tokens", a.reason == "model_context_window_exceeded":
		return model.StopLength
	case a.reason == "refusal":
		return model.StopRefused
	case a.reason == "tool_use", calls > 0:
		return model.StopCalls
	}
	return model.StopEnd
}

// kindOf says what an error inside a stream means, by its type.
func kindOf(kind string) model.ErrorKind {
	switch kind {
	case "rate_limit_error":
		return model.Limited
	case "authentication_error", "permission_error", "billing_error":
		return model.Unauthorized
	case "invalid_request_error", "not_found_error", "request_too_large":
		return model.Rejected
	}
	return model.Failed
}
