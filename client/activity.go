package client

import (
	"encoding/json"
	"fmt"
)

// ActivityType says what an [Activity] is.
type ActivityType string

// The types of activities.
const (
	ActivityRequest  ActivityType = "request"  // the model calls a function
	ActivityResponse ActivityType = "response" // what the function gave
	ActivityTrigger  ActivityType = "trigger"  // the caller wants a function to be called
)

// Activity is what a message of the type [MessageActivity] says, in its meta. A
// caller who brings the result of a function adds the response to the
// conversation, or to the messages of the next request, and completes again
// without a text.
type Activity struct {
	Type     ActivityType     `json:"type"`
	Function ActivityFunction `json:"function"`
}

// ActivityFunction is a call of a function.
type ActivityFunction struct {
	ID        string          `json:"id,omitzero"` // that of the request, also on its response
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments,omitzero"` // an object
	Result    string          `json:"result,omitzero"`    // of a response: JSON text
	Signature string          `json:"signature,omitzero"` // what some providers want back with a request
}

// UnmarshalJSON implements [json.Unmarshaler]. A result that is not JSON text but
// the value itself, as some write it, becomes its text.
func (f *ActivityFunction) UnmarshalJSON(text []byte) error {
	type plain ActivityFunction
	var read struct {
		plain
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*f = ActivityFunction(read.plain)
	f.Result = string(read.Result)
	_ = json.Unmarshal(read.Result, &f.Result) // what is no string stays as it is
	return nil
}

// Activity gives what an activity message says. ok is false for other messages.
func (m *Message) Activity() (a Activity, ok bool) {
	meta, _ := m.Meta.Get()
	if m.Type != MessageActivity || meta["activity"] == nil {
		return Activity{}, false
	}
	text, err := json.Marshal(meta["activity"])
	if err != nil || json.Unmarshal(text, &a) != nil {
		return Activity{}, false
	}
	return a, a.Function.Name != ""
}

// Message is the message that says an activity.
func (a Activity) Message() Message {
	return Message{Type: MessageActivity, Meta: Set(Meta{"activity": a})}
}

// Respond is the response to a request: its result, any value that encoding/json
// takes.
func (a Activity) Respond(result any) (Activity, error) {
	text, err := encode(result)
	if err != nil {
		return Activity{}, fmt.Errorf("the result of %s: %w", a.Function.Name, err)
	}
	f := a.Function
	return Activity{ActivityResponse, ActivityFunction{ID: f.ID, Name: f.Name, Arguments: f.Arguments, Result: string(text)}}, nil
}

// RespondError is the response to a request whose function failed: the model is
// told why.
func (a Activity) RespondError(why error) Activity {
	response, err := a.Respond(map[string]string{"error": why.Error()})
	if err != nil {
		return Activity{} // impossible: a string has a JSON form
	}
	return response
}

// Trigger asks the model to call a function, when it is the last message of a
// request.
func Trigger(function string) Activity {
	return Activity{Type: ActivityTrigger, Function: ActivityFunction{Name: function}}
}
