package uipath

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// stamp is a time on the wire: ISO 8601 in UTC, with milliseconds.
type stamp time.Time

// stampLayout is the form in which JavaScript prints times.
const stampLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements [json.Marshaler].
func (s stamp) MarshalJSON() ([]byte, error) {
	return time.Time(s).UTC().AppendFormat(nil, `"`+stampLayout+`"`), nil
}

// moment gives a time for a member that may be absent.
func moment(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// object is a JSON value as it was sent; nil is absent.
type object = json.RawMessage

// value gives JSON of the domain for a member that may be absent.
func value(j convo.JSON) object {
	if len(j) == 0 {
		return nil
	}
	return object(j)
}

// times are those of what stands at the top level of an answer. The published client
// renames them there, and only there.
type times struct {
	Created stamp `json:"createdAt"`
	Updated stamp `json:"updatedAt"`
}

// nestedTimes are those of what stands inside: by the names that the published
// client's types have, and by those of the top level.
type nestedTimes struct {
	CreatedTime stamp `json:"createdTime"`
	UpdatedTime stamp `json:"updatedTime"`
	times
}

func nested(created, updated time.Time) nestedTimes {
	if updated.Before(created) {
		updated = created
	}
	c, u := stamp(created), stamp(updated)
	return nestedTimes{CreatedTime: c, UpdatedTime: u, times: times{c, u}}
}

// conversationObject is a conversation.
type conversationObject struct {
	ID string `json:"conversationId"`
	times
	Active    stamp   `json:"lastActivityAt"`
	Label     string  `json:"label"`
	AutoLabel bool    `json:"autogenerateLabel"`
	User      string  `json:"userId"`
	Org       string  `json:"orgId"`
	Tenant    string  `json:"tenantId"`
	Folder    int64   `json:"folderId"`
	Agent     int64   `json:"agentReleaseId"`
	AgentKey  string  `json:"agentReleaseKey,omitempty"`
	Trace     string  `json:"traceId"`
	JobStart  object  `json:"jobStartOverrides,omitempty"`
	JobKey    *string `json:"jobKey,omitempty"`
	LocalJob  *bool   `json:"isLocalJobExecution,omitempty"`
	Input     object  `json:"agentInput,omitempty"`
}

// exchangeObject is an exchange: a turn.
type exchangeObject struct {
	ID       string          `json:"exchangeId"`
	Messages []messageObject `json:"messages"`
	times
	Rating   string `json:"feedbackRating,omitempty"`
	Metadata object `json:"metadata,omitempty"`
	Status   string `json:"status"`
}

// messageObject is a message of an exchange.
type messageObject struct {
	ID         string            `json:"messageId"`
	Role       string            `json:"role"`
	Parts      []partObject      `json:"contentParts"`
	Calls      []callObject      `json:"toolCalls"`
	Interrupts []interruptObject `json:"interrupts"`
	times
	Reasoning string `json:"reasoning,omitempty"`
}

// partObject is a content part.
type partObject struct {
	ID         string           `json:"contentPartId"`
	MediaType  string           `json:"mimeType"`
	Data       dataObject       `json:"data"`
	Citations  []citationObject `json:"citations"`
	Name       string           `json:"name,omitempty"`
	Transcript bool             `json:"isTranscript,omitempty"`
	Incomplete bool             `json:"isIncomplete,omitempty"`
	nestedTimes
}

// dataObject is what a part holds: a text, or where its file is.
type dataObject struct {
	Inline *string `json:"inline,omitempty"`
	URI    string  `json:"uri,omitempty"`
	Size   *int64  `json:"byteCount,omitempty"`
}

// citationObject says where a range of a part's text comes from.
type citationObject struct {
	ID      string         `json:"citationId"`
	Offset  int            `json:"offset"`
	Length  int            `json:"length"`
	Sources []sourceObject `json:"sources"`
	nestedTimes
}

// sourceObject is what a citation names. One with a url is a link, one without is
// media.
type sourceObject struct {
	Title       string `json:"title"`
	Number      int    `json:"number"`
	URL         string `json:"url,omitempty"`
	MediaType   string `json:"mimeType,omitempty"`
	DownloadURL string `json:"downloadUrl,omitempty"`
	Page        string `json:"pageNumber,omitempty"`
}

// callObject is a tool call.
type callObject struct {
	ID           string              `json:"toolCallId"`
	Name         string              `json:"name"`
	Input        object              `json:"input,omitempty"`
	At           *stamp              `json:"timestamp,omitempty"`
	Result       *resultObject       `json:"result,omitempty"`
	Confirmation *confirmationObject `json:"confirmation,omitempty"`
	Confirm      bool                `json:"requireConfirmation,omitempty"`
	InputSchema  object              `json:"inputSchema,omitempty"`
	ClientSide   bool                `json:"isClientSideTool,omitempty"`
	OutputSchema object              `json:"outputSchema,omitempty"`
	nestedTimes
}

// resultObject is how a call ended.
type resultObject struct {
	At        stamp  `json:"timestamp"`
	Output    object `json:"output,omitempty"`
	Failed    bool   `json:"isError"`
	Cancelled bool   `json:"cancelled,omitempty"`
}

// confirmationObject is the user's answer to a call that asked first.
type confirmationObject struct {
	Approved bool   `json:"approved"`
	Input    object `json:"input,omitempty"`
	At       stamp  `json:"confirmedAt"`
}

// interruptObject is an interrupt of an exchange. Without an end it is open, or was
// closed unanswered.
type interruptObject struct {
	ID       string `json:"interruptId"`
	Type     string `json:"type"`
	Value    object `json:"interruptValue"`
	EndValue object `json:"endValue,omitempty"`
	nestedTimes
}

// encode makes JSON as JavaScript would, without escaping for HTML. What is encoded
// here are structs of our own and JSON that was checked when it came in, so it
// cannot fail.
func encode(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("encoding an answer: " + err.Error())
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})
}
