package gemini

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// chunk is what counts of one piece of a stream.
type chunk struct {
	Candidates []candidate `json:"candidates"`
	Feedback   struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *usage    `json:"usageMetadata"`
	Error *reported `json:"error"`
}

type candidate struct {
	Content struct {
		Parts []piece `json:"parts"`
	} `json:"content"`
	FinishReason  string `json:"finishReason"`
	FinishMessage string `json:"finishMessage"`
}

type piece struct {
	Text      string `json:"text"`
	Thought   bool   `json:"thought"`
	Signature string `json:"thoughtSignature"`
	Call      *call  `json:"functionCall"`
}

// usage counts up from chunk to chunk; a count of 0 is left out. Thoughts are
// not among the candidates' tokens, and what tools of the provider put into the
// prompt is not in it.
type usage struct {
	Prompt     *int64 `json:"promptTokenCount"`
	ToolPrompt int64  `json:"toolUsePromptTokenCount"`
	Cached     *int64 `json:"cachedContentTokenCount"`
	Candidates int64  `json:"candidatesTokenCount"`
	Thoughts   int64  `json:"thoughtsTokenCount"`
}

type reported struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
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

	calls  remote.Calls
	usage  *usage
	reason string // why the answer ended, once that is known
}

// path is where a model's answers are. A name goes into it, so it may hold
// nothing that leads elsewhere.
func (a *answer) path(name string) (string, error) {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@"
	if name == "" || strings.Trim(name, plain) != "" || strings.Contains(name, "..") {
		return "", a.client.Reported(model.Rejected, http.StatusNotFound, "it has no model of that name")
	}
	if !strings.Contains(name, "/") {
		name = "models/" + name
	}
	return version + "/" + name + ":streamGenerateContent", nil
}

// run asks and reads the answer.
func (a *answer) run(ctx context.Context, req *model.Request) error {
	path, err := a.path(req.Model)
	if err != nil {
		return err
	}
	data, err := encode(req, a.names)
	if err != nil {
		return err
	}
	stream, err := a.client.Stream(ctx, path, url.Values{"alt": {"sse"}}, data)
	if err != nil {
		return err
	}
	return stream.Read(ctx, a.events, a)
}

// Take implements [remote.Answer]: it passes on what a chunk brings.
func (a *answer) Take(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.client.NotReadable(err)
	}
	if c.Error != nil {
		kind := model.Failed
		if c.Error.Code >= 400 {
			kind = remote.KindOf(c.Error.Code)
		}
		return a.client.Reported(kind, c.Error.Code, c.Error.Message)
	}
	if c.Usage != nil {
		a.count(c.Usage)
	}
	if c.Feedback.BlockReason != "" {
		a.reason = c.Feedback.BlockReason
	}
	if len(c.Candidates) == 0 { // one candidate is asked for
		return nil
	}
	return a.choose(&c.Candidates[0])
}

func (a *answer) choose(c *candidate) error {
	for i := range c.Content.Parts {
		p := &c.Content.Parts[i]
		switch {
		case p.Call != nil:
			whole := model.Call{ID: p.Call.ID, Name: p.Call.Name, Arguments: string(p.Call.Args)}
			if p.Signature != "" {
				whole.Signature = remote.Sign(driver, a.model, p.Signature)
			}
			if err := a.calls.AddWhole(whole); err != nil {
				return a.client.NotReadable(err)
			}
		case p.Thought:
			a.give(model.Reasoning, p.Text)
		default:
			a.give(model.Text, p.Text)
		}
	}
	switch c.FinishReason {
	case "", "FINISH_REASON_UNSPECIFIED":
		return nil
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE":
		// The model did not manage to call a tool. Its next try may be better.
		return a.client.Reported(model.Failed, 0, "it ended the answer with "+c.FinishReason+" "+c.FinishMessage)
	}
	a.reason = c.FinishReason
	return nil
}

func (a *answer) give(kind model.EventType, text string) {
	if text != "" {
		a.events.Give(model.Event{Type: kind, Text: text})
	}
}

// count keeps the latest usage. The first one is reported at once as far as it
// cannot change, so that an answer that breaks off has its input counted.
func (a *answer) count(u *usage) {
	first := a.usage == nil && u.Prompt != nil
	a.usage = u
	if first {
		a.report(false)
	}
}

// report says what the call cost: all of it at the end, else the input.
func (a *answer) report(whole bool) {
	u := a.usage
	if u == nil || u.Prompt == nil {
		return
	}
	input, output := *u.Prompt+u.ToolPrompt, u.Candidates+u.Thoughts
	r := &model.Report{Input: &input, Cached: u.Cached}
	if whole {
		r.Output, r.Reasoning = &output, &u.Thoughts
	}
	a.events.Give(model.Event{Type: model.Usage, Usage: r})
}

// Whole implements [remote.Answer].
func (a *answer) Whole() bool { return a.reason != "" }

// Finish implements [remote.Answer].
func (a *answer) Finish() error {
	calls, err := a.calls.Whole(a.reason == "MAX_TOKENS")
	if err != nil {
		return a.client.NotReadable(err)
	}
	a.events.GiveCalls(calls, a.names)
	a.report(true)
	a.events.Give(model.Event{Type: model.Finish, Stop: a.stop(len(calls))})
	return nil
}

// stop says why the answer ended. The reasons that are not named here all say
// that the provider withheld it, or what was to come of it.
func (a *answer) stop(calls int) model.StopReason {
	switch {
	case a.reason == "MAX_TOKENS":
		return model.StopLength
	case a.reason != "STOP":
		return model.StopRefused
	case calls > 0:
		return model.StopCalls
	}
	return model.StopEnd
}
