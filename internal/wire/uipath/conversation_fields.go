package uipath

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// The bounds of a conversation's members.
const (
	maxLabel = 100  // characters
	maxInput = 4000 // bytes of JSON: less than that
)

// agentNumber is the number of an agent or a folder.
type agentNumber int64

// DecodeField implements [httpio.Field].
func (n *agentNumber) DecodeField(path string, value []byte) error {
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > convo.MaxNumber {
		return refuseField(codeNumber, path, "%s must be a number", path)
	}
	*n = agentNumber(f)
	return nil
}

// label is what a conversation is called.
type label string

// DecodeField implements [httpio.Field].
func (l *label) DecodeField(path string, value []byte) error {
	var s string
	if json.Unmarshal(value, &s) != nil || string(value) == "null" {
		return refuseField(codeLabel, path, "%s must be a string", path)
	}
	if utf8.RuneCountInString(s) > maxLabel {
		return refuseField(codeLabel, path, "%s must have at most %d characters", path, maxLabel)
	}
	*l = label(s)
	return nil
}

// agentInput is what an agent is given beside the messages: {"inline": {…}}.
type agentInput struct{ json convo.JSON }

// DecodeField implements [httpio.Field].
func (a *agentInput) DecodeField(path string, value []byte) error {
	var in struct {
		Inline json.RawMessage `json:"inline"`
	}
	err := json.Unmarshal(value, &in)
	inline := bytes.TrimSpace(in.Inline)
	switch {
	case err != nil || len(inline) == 0 || inline[0] != '{':
		return refuseField(codeInput, path, "%s must be an object whose member inline is an object", path)
	case compactSize(inline) >= maxInput:
		return refuseField(codeInputSize, path+".inline", "%s.inline must have less than %d characters of JSON", path, maxInput)
	}
	a.json = bytes.Clone(inline)
	return nil
}

// compactSize is how many UTF-16 units a JSON text has without its blanks, as the
// client that prints it counts them.
func compactSize(text []byte) int {
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return len(text)
	}
	return units(compact.String())
}

// units is how many UTF-16 code units a text has.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x10000 {
			n++
		}
	}
	return n
}

// anObject is a JSON object that is kept as it was sent.
type anObject struct{ json convo.JSON }

// DecodeField implements [httpio.Field].
func (o *anObject) DecodeField(path string, value []byte) error {
	if value[0] != '{' {
		return refuseField(codeBody, path, "%s must be an object", path)
	}
	if len(value) > maxInput {
		return refuseField(codeBody, path, "%s must have at most %d bytes", path, maxInput)
	}
	o.json = bytes.Clone(value)
	return nil
}

// createRequest makes a conversation.
type createRequest struct {
	Agent     httpio.Optional[agentNumber] `json:"agentReleaseId"`
	Folder    httpio.Optional[agentNumber] `json:"folderId"`
	Label     httpio.Optional[label]       `json:"label"`
	AutoLabel httpio.Optional[bool]        `json:"autogenerateLabel"`
	Trace     httpio.Optional[string]      `json:"traceId"`
	JobStart  httpio.Optional[anObject]    `json:"jobStartOverrides"`
	Input     httpio.Optional[agentInput]  `json:"agentInput"`
}

// fields are those of the new conversation of an agent.
func (r *createRequest) fields(bot convo.Object) convo.Fields {
	var f convo.Fields
	f.BotID = &bot.ID
	if l := r.Label.Pointer(); l != nil && *l != "" {
		f.Name = new(string(*l))
	}
	f.AutoLabel = !r.AutoLabel.Given || r.AutoLabel.Null || r.AutoLabel.Value
	f.TraceID = r.Trace.Pointer()
	if text(f.TraceID) == "" {
		f.TraceID = new(newTrace())
	}
	f.JobStart, f.AgentInput = r.JobStart.Value.json, r.Input.Value.json
	return f
}

// maxText bounds the texts that are only kept.
const maxText = 1000

// check holds a new conversation's members against their bounds.
func (r *createRequest) check() error {
	if r.Agent.Pointer() == nil {
		return refuseField(codeNumber, "agentReleaseId", "agentReleaseId is missing: it is the number of an agent")
	}
	if r.Folder.Pointer() == nil {
		return refuseField(codeNumber, "folderId", "folderId is missing: it is the number of the agent's folder")
	}
	return checkShort("traceId", r.Trace.Value)
}

// checkShort bounds a text that is only kept.
func checkShort(name, value string) error {
	if utf8.RuneCountInString(value) > maxText {
		return refuseField(codeBody, name, "%s must have at most %d characters", name, maxText)
	}
	return nil
}

// updateRequest changes a conversation. What is absent stays.
type updateRequest struct {
	Label     httpio.Optional[label]      `json:"label"`
	AutoLabel httpio.Optional[bool]       `json:"autogenerateLabel"`
	JobKey    httpio.Optional[string]     `json:"jobKey"`
	LocalJob  httpio.Optional[bool]       `json:"isLocalJobExecution"`
	Input     httpio.Optional[agentInput] `json:"agentInput"`
}

// apply changes fields. A label that somebody gave is not made up any more, unless
// he says so.
func (r *updateRequest) apply(f *convo.Fields) {
	if l := r.Label.Pointer(); l != nil {
		f.Name = new(string(*l))
		f.AutoLabel = false
	}
	if auto := r.AutoLabel.Pointer(); auto != nil {
		f.AutoLabel = *auto
	}
	r.JobKey.Apply(&f.JobKey)
	r.LocalJob.Apply(&f.LocalJob)
	if r.Input.Given {
		f.AgentInput = r.Input.Value.json
	}
}
