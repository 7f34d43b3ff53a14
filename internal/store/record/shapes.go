package record

import (
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The shapes below mirror the domain's types. Where a conversion between the two
// is possible the compiler keeps them alike; for the others the test
// "every field survives" does.

type turnOpened struct {
	Front      string `json:"f,omitempty"`
	Zone       string `json:"z,omitempty"`
	Background bool   `json:"b,omitempty"`
	Alias      string `json:"a,omitempty"`
	Metadata   string `json:"m,omitempty"`
	Implied    bool   `json:"i,omitempty"`
}

type turnStarted struct {
	Slot int64 `json:"s,omitempty"`
}

type turnResumed struct {
	Rerun bool `json:"r,omitempty"`
}

type turnEnded struct {
	Reason  convo.EndReason `json:"r,omitempty"`
	Usage   usage           `json:"u,omitzero"`
	Failure *failure        `json:"f,omitempty"`
}

type failure struct {
	Kind       convo.Kind    `json:"k,omitempty"`
	Message    string        `json:"m,omitempty"`
	RetryAfter time.Duration `json:"r,omitempty"`
	Code       string        `json:"c,omitempty"`
}

// usage holds the counts, and in one number which of them are estimates.
type usage struct {
	Input     int64 `json:"i,omitempty"`
	Cached    int64 `json:"c,omitempty"`
	Reasoning int64 `json:"r,omitempty"`
	Output    int64 `json:"o,omitempty"`
	Estimated int64 `json:"e,omitempty"`
}

func usageOf(u convo.Usage) usage {
	return usage{
		Input: u.Input.N, Cached: u.Cached.N, Reasoning: u.Reasoning.N, Output: u.Output.N,
		Estimated: EstimatedBits(u),
	}
}

func (u usage) domain() convo.Usage {
	return UsageOf(u.Input, u.Cached, u.Reasoning, u.Output, u.Estimated)
}

// EstimatedBits says in one number which counts are estimates: 1 for the input,
// 2 for the cached, 4 for the reasoning and 8 for the output tokens.
func EstimatedBits(u convo.Usage) int64 {
	var bits int64
	for i, t := range []convo.Tokens{u.Input, u.Cached, u.Reasoning, u.Output} {
		if t.Estimated {
			bits |= 1 << i
		}
	}
	return bits
}

// UsageOf makes a usage of its counts and its EstimatedBits.
func UsageOf(input, cached, reasoning, output, estimated int64) convo.Usage {
	return convo.Usage{
		Input:     convo.Tokens{N: input, Estimated: estimated&1 != 0},
		Cached:    convo.Tokens{N: cached, Estimated: estimated&2 != 0},
		Reasoning: convo.Tokens{N: reasoning, Estimated: estimated&4 != 0},
		Output:    convo.Tokens{N: output, Estimated: estimated&8 != 0},
	}
}

type messageGiven struct {
	Place int64 `json:"p,omitempty"`
	messageFields
	Alias   string  `json:"a,omitempty"`
	Parts   parts   `json:"ps,omitempty"`
	Sources numbers `json:"s,omitzero"`
}

type numbers struct {
	First int `json:"f,omitempty"`
	Count int `json:"n,omitempty"`
}

type messageStarted struct {
	Place int64             `json:"p,omitempty"`
	Type  convo.MessageType `json:"t,omitempty"`
	Alias string            `json:"a,omitempty"`
	Meta  string            `json:"m,omitempty"`
}

type delta struct {
	Type convo.MessageType `json:"t,omitempty"`
	Part string            `json:"p,omitempty"`
}

type messageEnded struct {
	Place      int64             `json:"p,omitempty"`
	Type       convo.MessageType `json:"t,omitempty"`
	Meta       string            `json:"m,omitempty"`
	Incomplete bool              `json:"i,omitempty"`
	Alias      string            `json:"a,omitempty"`
	Parts      parts             `json:"ps,omitempty"`
	Citations  citations         `json:"c,omitempty"`
}

// messageFields holds Meta as a string: as a part of this object it would lose
// its own spacing and order of writing, and it is kept as it was sent.
type messageFields struct {
	Type        convo.MessageType `json:"t,omitempty"`
	Name        *string           `json:"n,omitempty"`
	Description *string           `json:"d,omitempty"`
	Meta        string            `json:"m,omitempty"`
}

func messageFieldsOf(f convo.MessageFields) messageFields {
	return messageFields{f.Type, f.Name, f.Description, string(f.Meta)}
}

func (f messageFields) domain() convo.MessageFields {
	return convo.MessageFields{Type: f.Type, Name: f.Name, Description: f.Description, Meta: jsonOf(f.Meta)}
}

type modelAsked struct {
	Model  string `json:"m,omitempty"`
	From   int64  `json:"f,omitempty"`
	Prompt int64  `json:"p,omitempty"`
	Force  string `json:"c,omitempty"`
}

type modelAnswered struct {
	Model      string        `json:"m,omitempty"`
	Usage      usage         `json:"u,omitzero"`
	FirstToken time.Duration `json:"f,omitempty"`
	Took       time.Duration `json:"t,omitempty"`
}

func modelAnsweredOf(b convo.ModelAnswered) modelAnswered {
	return modelAnswered{b.Model, usageOf(b.Usage), b.FirstToken, b.Took}
}

func (w modelAnswered) domain() convo.ModelAnswered {
	return convo.ModelAnswered{Model: w.Model, Usage: w.Usage.domain(), FirstToken: w.FirstToken, Took: w.Took}
}

type rated struct {
	ID     string `json:"i,omitempty"`
	Value  int    `json:"v,omitempty"`
	Reason string `json:"r,omitempty"`
}

type restarted struct {
	From int64 `json:"f,omitempty"`
	To   int64 `json:"t,omitempty"`
}

type fields struct {
	Name        *string `json:"n,omitempty"`
	Description *string `json:"d,omitempty"`
	Meta        string  `json:"m,omitempty"`
	BotID       *string `json:"b,omitempty"`
	ContactID   *string `json:"c,omitempty"`
	TaskID      *string `json:"t,omitempty"`
	SpaceID     *string `json:"s,omitempty"`
	Channel     *string `json:"ch,omitempty"`
	agenda
	config
}

// agenda has keys of two letters, apart from those of the fields around it.
type agenda struct {
	Owner      *string `json:"aw,omitempty"`
	AutoLabel  bool    `json:"al,omitempty"`
	AgentInput string  `json:"ai,omitempty"`
	TraceID    *string `json:"at,omitempty"`
	JobKey     *string `json:"aj,omitempty"`
	LocalJob   *bool   `json:"ao,omitempty"`
	JobStart   string  `json:"as,omitempty"`
}

func agendaOf(a convo.Agenda) agenda {
	return agenda{
		a.Owner, a.AutoLabel, string(a.AgentInput), a.TraceID, a.JobKey, a.LocalJob, string(a.JobStart),
	}
}

func (a agenda) domain() convo.Agenda {
	return convo.Agenda{
		Owner: a.Owner, AutoLabel: a.AutoLabel, AgentInput: jsonOf(a.AgentInput), TraceID: a.TraceID,
		JobKey: a.JobKey, LocalJob: a.LocalJob, JobStart: jsonOf(a.JobStart),
	}
}

type changedFields struct {
	fields
	Relabelled convo.Relabelled `json:"rl,omitempty"`
}

type config struct {
	Model      *string `json:"cm,omitempty"`
	Backstory  *string `json:"cb,omitempty"`
	DatasetID  *string `json:"cd,omitempty"`
	SkillsetID *string `json:"cs,omitempty"`
	Privacy    *bool   `json:"cp,omitempty"`
	Moderation *bool   `json:"co,omitempty"`
	Unmasked   *bool   `json:"cu,omitempty"`
}

func fieldsOf(f convo.Fields) fields {
	return fields{
		Name: f.Name, Description: f.Description, Meta: string(f.Meta),
		BotID: f.BotID, ContactID: f.ContactID, TaskID: f.TaskID, SpaceID: f.SpaceID, Channel: f.Channel,
		agenda: agendaOf(f.Agenda), config: config(f.Config),
	}
}

func (f fields) domain() convo.Fields {
	return convo.Fields{
		Name: f.Name, Description: f.Description, Meta: jsonOf(f.Meta),
		BotID: f.BotID, ContactID: f.ContactID, TaskID: f.TaskID, SpaceID: f.SpaceID, Channel: f.Channel,
		Agenda: f.agenda.domain(), Config: convo.Config(f.config),
	}
}

func jsonOf(s string) convo.JSON {
	if s == "" {
		return nil
	}
	return convo.JSON(s)
}
