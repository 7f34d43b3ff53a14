// Package openai is the driver for OpenAI and for every server that speaks its
// chat completions API: vLLM, llama.cpp, LiteLLM, OpenRouter and others.
//
// It keeps the promises of package model, and forgives what compatible servers
// do differently: a missing key, [DONE] or usage, reasoning under two names,
// calls without index or ID, arguments as JSON instead of a text, contents in
// parts, errors inside a stream with status 200.
//
// Some of them refuse a prompt whose calls come back without the reasoning that
// led to them, or without a signature. Both travel in model.Call.Signature.
//
// Nothing that changes from call to call stands before the messages, and how a
// message is written depends on those before it only, never on those after it.
// So a prompt that continues another has the same bytes up to the end of the
// other's last text, and servers find its beginning in their cache.
//
// The body of the answer is read directly: the vendor's own decoder costs five
// times as much a token, and takes a stream that breaks off for a whole one.
package openai

import (
	"cmp"
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// DefaultBaseURL is the vendor's own address.
const DefaultBaseURL = "https://api.openai.com/v1"

// Options say how the provider is reached. The zero value is OpenAI itself
// without a key.
type Options struct {
	Name      string // in errors; "" = openai
	BaseURL   string // with /v1 where the server has it; "" = DefaultBaseURL
	Key       string // "" = none is sent
	Silence   time.Duration
	Transport http.RoundTripper // nil = one that suits many streams
}

// Driver is a model.Provider.
type Driver struct {
	client *remote.Client
	vendor bool // it is OpenAI itself, not a compatible server
}

// New makes a driver. It does no I/O.
func New(o Options) *Driver {
	key, base := strings.TrimSpace(o.Key), baseURL(o.BaseURL)
	header := http.Header{}
	if key != "" {
		header.Set("Authorization", "Bearer "+key)
	}
	return &Driver{
		vendor: isVendor(base),
		client: remote.New(remote.Options{
			Provider: cmp.Or(o.Name, "openai"), BaseURL: base, Key: key,
			Header: header, Silence: o.Silence, Transport: o.Transport,
		}),
	}
}

// baseURL mends what is often left out of an address or pasted with it.
func baseURL(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	s = strings.TrimRight(strings.TrimSuffix(s, "/chat/completions"), "/")
	if s == "" {
		return DefaultBaseURL
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	if u, err := url.Parse(s); err == nil && u.Path == "" {
		s = u.JoinPath("v1").String()
	}
	return s
}

// isVendor knows OpenAI itself, which has addresses for regions as well.
func isVendor(base string) bool {
	u, err := url.Parse(base)
	return err == nil && (u.Hostname() == "api.openai.com" || strings.HasSuffix(u.Hostname(), ".api.openai.com"))
}

// Vendor implements model.Vendor.
func (d *Driver) Vendor() bool { return d.vendor }

// Close lets idle connections go.
func (d *Driver) Close() { d.client.Close() }

// Models implements model.Provider. Of OpenAI's own list only the models that
// chat are given; other servers' lists do not say what their models are for.
func (d *Driver) Models(ctx context.Context) ([]model.Info, error) {
	var list struct {
		Data []struct {
			ID            string `json:"id"`
			MaxModelLen   int64  `json:"max_model_len"`  // vLLM
			ContextLength int64  `json:"context_length"` // OpenRouter
		} `json:"data"`
	}
	if err := d.client.Get(ctx, "models", nil, &list); err != nil {
		return nil, err
	}
	infos := make([]model.Info, 0, len(list.Data))
	for _, m := range list.Data {
		if m.ID == "" || d.vendor && !chats(m.ID) {
			continue
		}
		infos = append(infos, model.Info{Name: m.ID, MaxInput: promptOf(cmp.Or(m.MaxModelLen, m.ContextLength))})
	}
	return infos, nil
}

// promptOf leaves a quarter of a window that prompt and answer share to the
// answer.
func promptOf(window int64) int64 { return window - window/4 }

// chats tells the vendor's chat models from its others by their names.
func chats(id string) bool {
	for _, other := range []string{"audio", "realtime", "transcribe", "tts", "image", "search", "instruct", "codex", "-pro", "deep-research"} {
		if strings.Contains(id, other) {
			return false
		}
	}
	id = strings.TrimPrefix(id, "ft:")
	return reasons(id) || strings.HasPrefix(id, "gpt-") || strings.HasPrefix(id, "chatgpt-")
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
	names  remote.Names
	events *remote.Events
	chunk  chunk // the one that is read

	model   string
	thought thought
	calls   remote.Calls
	usage   *usage
	refused bool
	reason  string // why the answer ended, once that is known
}

// run asks and reads the answer.
func (a *answer) run(ctx context.Context, req *model.Request) error {
	data, err := encode(req, a.names)
	if err != nil {
		return err
	}
	stream, err := a.client.Stream(ctx, "chat/completions", nil, data)
	if err != nil {
		return err
	}
	return stream.Read(ctx, a.events, a)
}

// Take implements [remote.Answer]: it passes on what a chunk brings.
func (a *answer) Take(data []byte) error {
	if string(data) == "[DONE]" {
		return io.EOF
	}
	c := &a.chunk
	if err := decode(data, c); err != nil {
		return a.client.NotReadable(err)
	}
	if c.Error != nil {
		return a.reported(c.Error)
	}
	if c.Usage != nil {
		a.usage = c.Usage
	}
	for i := range c.Choices {
		if err := a.choose(&c.Choices[i]); err != nil || a.events.Left() {
			return err
		}
	}
	return nil
}

func (a *answer) choose(c *choice) error {
	a.thought.add(&c.Delta)
	a.give(model.Reasoning, cmp.Or(c.Delta.ReasoningContent, c.Delta.Reasoning))
	a.give(model.Text, c.Delta.Content)
	if c.Delta.Refusal != "" {
		a.refused = true
		a.give(model.Text, content(c.Delta.Refusal))
	}
	for i := range c.Delta.ToolCalls {
		if err := a.collect(&c.Delta.ToolCalls[i]); err != nil {
			return a.client.NotReadable(err)
		}
	}
	if c.FinishReason == "error" || c.FinishReason == "abort" {
		return a.client.Reported(model.Failed, 0, "it ended the answer with an error")
	}
	a.reason = cmp.Or(c.FinishReason, a.reason)
	return nil
}

func (a *answer) give(kind model.EventType, text content) {
	if text != "" {
		a.events.Give(model.Event{Type: kind, Text: string(text)})
	}
}

// collect adds a piece to its call: by its index; by its order where a server
// sends none; and an ID that is new begins a new call even if the index is
// that of another one.
func (a *answer) collect(d *callDelta) error {
	key := ""
	if d.Index != nil {
		key = strconv.Itoa(*d.Index)
	}
	p := a.calls.Last(key)
	fresh := p == nil || d.ID != "" && p.ID != "" && d.ID != p.ID ||
		d.Index == nil && d.ID == "" && d.Function.Name != "" && p.Begun()
	if fresh {
		var err error
		if p, err = a.calls.Open(key); err != nil {
			return err
		}
	}
	p.ID, p.Name = cmp.Or(p.ID, d.ID), cmp.Or(p.Name, d.Function.Name)
	if len(d.Extra) <= maxExtra {
		p.Signature = cmp.Or(p.Signature, string(d.Extra))
	}
	return a.calls.Add(p, string(d.Function.Arguments))
}

// reported is an error that the server found when it had begun to answer.
func (a *answer) reported(r *reported) error {
	kind := model.Failed
	switch {
	case r.Status >= 400:
		kind = remote.KindOf(r.Status)
	case strings.Contains(r.Type, "rate_limit"):
		kind = model.Limited
	case strings.Contains(r.Type, "invalid_request"), strings.Contains(r.Type, "context_length"):
		kind = model.Rejected
	}
	return a.client.Reported(kind, r.Status, r.Message)
}

// Whole implements [remote.Answer].
func (a *answer) Whole() bool { return a.reason != "" }

// Finish implements [remote.Answer].
func (a *answer) Finish() error {
	calls, err := a.calls.Whole(a.reason == "length")
	if err != nil {
		return a.client.NotReadable(err)
	}
	a.thought.sign(calls, a.model)
	a.events.GiveCalls(calls, a.names)
	if a.usage != nil {
		u := a.usage
		report := &model.Report{
			Input: u.PromptTokens, Cached: u.PromptDetails.CachedTokens,
			Output: u.CompletionTokens, Reasoning: u.CompletionDetails.ReasoningTokens,
		}
		if !a.events.Give(model.Event{Type: model.Usage, Usage: report}) {
			return nil
		}
	}
	a.events.Give(model.Event{Type: model.Finish, Stop: a.stop(len(calls))})
	return nil
}

// stop says why the answer ended. Some servers say "stop" although they call.
func (a *answer) stop(calls int) model.StopReason {
	switch {
	case a.reason == "length":
		return model.StopLength
	case a.refused || a.reason == "content_filter":
		return model.StopRefused
	case calls > 0:
		return model.StopCalls
	}
	return model.StopEnd
}
