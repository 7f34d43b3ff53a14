package archive

import (
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The bodies of events as an archive has them. Members that are absent are
// empty; a member that is there says that somebody set it, also to "" or false.

type fields struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	BotID       *string `json:"botId,omitempty"`
	ContactID   *string `json:"contactId,omitempty"`
	TaskID      *string `json:"taskId,omitempty"`
	SpaceID     *string `json:"spaceId,omitempty"`
	Channel     *string `json:"channel,omitempty"`
	Model       *string `json:"model,omitempty"`
	Backstory   *string `json:"backstory,omitempty"`
	DatasetID   *string `json:"datasetId,omitempty"`
	SkillsetID  *string `json:"skillsetId,omitempty"`
	Privacy     *bool   `json:"privacy,omitempty"`
	Moderation  *bool   `json:"moderation,omitempty"`
	Unmasked    *bool   `json:"unmasked,omitempty"`
	agenda
}

type agenda struct {
	Owner      *string `json:"owner,omitempty"`
	AutoLabel  bool    `json:"autoLabel,omitempty"`
	AgentInput object  `json:"agentInput,omitempty"`
	TraceID    *string `json:"traceId,omitempty"`
	JobKey     *string `json:"jobKey,omitempty"`
	LocalJob   *bool   `json:"localJob,omitempty"`
	JobStart   value   `json:"jobStart,omitempty"`
}

func agendaOf(a convo.Agenda) agenda {
	return agenda{
		a.Owner, a.AutoLabel, object(a.AgentInput), a.TraceID, a.JobKey, a.LocalJob, value(a.JobStart),
	}
}

func (w agenda) domain() convo.Agenda {
	return convo.Agenda{
		Owner: w.Owner, AutoLabel: w.AutoLabel, AgentInput: convo.JSON(w.AgentInput), TraceID: w.TraceID,
		JobKey: w.JobKey, LocalJob: w.LocalJob, JobStart: convo.JSON(w.JobStart),
	}
}

type changedFields struct {
	fields
	Relabelled convo.Relabelled `json:"relabelled,omitempty"`
}

func fieldsOf(f convo.Fields) fields {
	return fields{
		Name: f.Name, Description: f.Description, Meta: object(f.Meta),
		BotID: f.BotID, ContactID: f.ContactID, TaskID: f.TaskID, SpaceID: f.SpaceID, Channel: f.Channel,
		Model: f.Model, Backstory: f.Backstory, DatasetID: f.DatasetID, SkillsetID: f.SkillsetID,
		Privacy: f.Privacy, Moderation: f.Moderation, Unmasked: f.Unmasked, agenda: agendaOf(f.Agenda),
	}
}

func (f fields) domain() convo.Fields {
	return convo.Fields{
		Name: f.Name, Description: f.Description, Meta: convo.JSON(f.Meta),
		BotID: f.BotID, ContactID: f.ContactID, TaskID: f.TaskID, SpaceID: f.SpaceID, Channel: f.Channel,
		Agenda: f.agenda.domain(),
		Config: convo.Config{
			Model: f.Model, Backstory: f.Backstory, DatasetID: f.DatasetID, SkillsetID: f.SkillsetID,
			Privacy: f.Privacy, Moderation: f.Moderation, Unmasked: f.Unmasked,
		},
	}
}

type turnOpened struct {
	Front      string `json:"front,omitempty"`
	Zone       string `json:"zone,omitempty"`
	Background bool   `json:"background,omitempty"`
	Alias      string `json:"alias,omitempty"`
	Metadata   value  `json:"metadata,omitempty"`
	Implied    bool   `json:"implied,omitempty"`
}

type turnStarted struct {
	Slot int64 `json:"slot"`
}

type turnResumed struct {
	Rerun bool `json:"rerun,omitempty"`
}

type turnEnded struct {
	Reason  convo.EndReason `json:"reason"`
	Usage   usage           `json:"usage,omitzero"`
	Failure *failure        `json:"failure,omitempty"`
}

type failure struct {
	Kind       convo.Kind `json:"kind"`
	Message    string     `json:"message,omitempty"`
	RetryAfter duration   `json:"retryAfter,omitzero"`
	Code       string     `json:"code,omitempty"`
}

func failureOf(f *convo.Failure) *failure {
	if f == nil {
		return nil
	}
	return &failure{f.Kind, f.Message, duration(f.RetryAfter), f.Code}
}

func (f *failure) domain() *convo.Failure {
	if f == nil {
		return nil
	}
	return &convo.Failure{Kind: f.Kind, Message: f.Message, RetryAfter: time.Duration(f.RetryAfter), Code: f.Code}
}

// messageFields are the members that messages given and changed share.
type messageFields struct {
	Type        convo.MessageType `json:"type"`
	Name        *string           `json:"name,omitempty"`
	Description *string           `json:"description,omitempty"`
	Meta        object            `json:"meta,omitempty"`
}

func messageFieldsOf(f convo.MessageFields) messageFields {
	return messageFields{f.Type, f.Name, f.Description, object(f.Meta)}
}

func (f messageFields) domain() convo.MessageFields {
	return convo.MessageFields{Type: f.Type, Name: f.Name, Description: f.Description, Meta: convo.JSON(f.Meta)}
}

type messageGiven struct {
	ID    string `json:"id"`
	Place int64  `json:"place"`
	messageFields
	Text    string  `json:"text"`
	Alias   string  `json:"alias,omitempty"`
	Parts   []part  `json:"parts,omitempty"`
	Sources numbers `json:"sources,omitzero"`
}

// numbers are those that sources got.
type numbers struct {
	First int `json:"first"`
	Count int `json:"count"`
}

type messageStarted struct {
	ID    string            `json:"id"`
	Place int64             `json:"place"`
	Type  convo.MessageType `json:"type"`
	Alias string            `json:"alias,omitempty"`
	Meta  value             `json:"meta,omitempty"`
}

type delta struct {
	Message string            `json:"message"`
	Type    convo.MessageType `json:"type"`
	Text    string            `json:"text"`
	Part    string            `json:"part,omitempty"`
}

type messageEnded struct {
	ID         string            `json:"id"`
	Place      int64             `json:"place"`
	Type       convo.MessageType `json:"type"`
	Text       string            `json:"text"`
	Meta       object            `json:"meta,omitempty"`
	Incomplete bool              `json:"incomplete,omitempty"`
	Alias      string            `json:"alias,omitempty"`
	Parts      []part            `json:"parts,omitempty"`
	Citations  []citation        `json:"citations,omitempty"`
}

type messageChanged struct {
	ID string `json:"id"`
	messageFields
	Text *string `json:"text,omitempty"`
}

type messageDeleted struct {
	ID string `json:"id"`
}

type modelAsked struct {
	Model  string `json:"model,omitempty"`
	From   int64  `json:"from,omitempty"`
	Prompt int64  `json:"prompt,omitempty"`
	Force  string `json:"force,omitempty"`
}

type modelAnswered struct {
	Model      string   `json:"model,omitempty"`
	Usage      usage    `json:"usage,omitzero"`
	FirstToken duration `json:"firstToken,omitzero"`
	Took       duration `json:"took,omitzero"`
}

func modelAnsweredOf(b convo.ModelAnswered) modelAnswered {
	return modelAnswered{b.Model, usageOf(b.Usage), duration(b.FirstToken), duration(b.Took)}
}

func (w modelAnswered) domain() convo.ModelAnswered {
	return convo.ModelAnswered{
		Model: w.Model, Usage: w.Usage.domain(), FirstToken: time.Duration(w.FirstToken), Took: time.Duration(w.Took),
	}
}

type rated struct {
	ID      string `json:"id,omitempty"`
	Message string `json:"message,omitempty"`
	Value   int    `json:"value"`
	Reason  string `json:"reason,omitempty"`
}

type restarted struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// empty is the body of an event that says nothing but that it happened.
type empty struct{}

// usage holds counts of tokens, and which of them are estimates.
type usage struct {
	Input     int64    `json:"input,omitempty"`
	Cached    int64    `json:"cached,omitempty"`
	Reasoning int64    `json:"reasoning,omitempty"`
	Output    int64    `json:"output,omitempty"`
	Estimated []string `json:"estimated,omitempty"`
}

// counts are the places of a usage's counts, by their names.
func counts(u *convo.Usage) ([]string, []*convo.Tokens) {
	return []string{"input", "cached", "reasoning", "output"},
		[]*convo.Tokens{&u.Input, &u.Cached, &u.Reasoning, &u.Output}
}

func usageOf(u convo.Usage) usage {
	w := usage{Input: u.Input.N, Cached: u.Cached.N, Reasoning: u.Reasoning.N, Output: u.Output.N}
	names, tokens := counts(&u)
	for i, t := range tokens {
		if t.Estimated {
			w.Estimated = append(w.Estimated, names[i])
		}
	}
	return w
}

func (w usage) domain() convo.Usage {
	var u convo.Usage
	u.Input.N, u.Cached.N, u.Reasoning.N, u.Output.N = w.Input, w.Cached, w.Reasoning, w.Output
	names, tokens := counts(&u)
	for i, t := range tokens {
		t.Estimated = slices.Contains(w.Estimated, names[i])
	}
	return u
}

// IsZero leaves a usage without tokens out.
func (w usage) IsZero() bool {
	return w.Input|w.Cached|w.Reasoning|w.Output == 0 && len(w.Estimated) == 0
}

// duration is written as people write it, to the nanosecond: "1.5s".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}
