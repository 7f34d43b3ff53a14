package engine

import (
	"encoding/json"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// maxCallID bounds the ids of callers' calls that a turn takes over.
const maxCallID = 128

// opening is what the history makes a turn begin with, before its model is free.
type opening struct {
	starts []string    // functions that the model has to call first
	call   *model.Call // one that the caller asked for: it is carried out without asking
}

// open reads the opening out of the history: a trigger or a request as its last
// message, and the functions to start with, unless they were answered since the
// user spoke.
func (k *kit) open(messages []convo.Message) opening {
	var o opening
	if n := len(messages); n > 0 && messages[n-1].Type == convo.Activity {
		o = k.asked(messages)
	}
	if len(k.starts) == 0 {
		return o
	}
	answered := answeredSince(messages)
	for _, name := range k.starts {
		if !answered[name] && !slices.Contains(o.starts, name) {
			o.starts = append(o.starts, name)
		}
	}
	return o
}

// asked is what the last message, an activity, asks for.
func (k *kit) asked(messages []convo.Message) opening {
	last := len(messages) - 1
	var a activity
	if json.Unmarshal(messages[last].Meta, &a) != nil {
		return opening{}
	}
	f := a.Activity.Function
	switch a.Activity.Type {
	case "trigger":
		if k.schemas[f.Name] != nil {
			return opening{starts: []string{f.Name}}
		}
	case "request":
		calls, _ := pairCalls(messages)
		for i, paired := range calls {
			c := paired[0].call
			if paired[0].answered || i != last && (f.ID == "" || c.ID != f.ID) {
				continue
			}
			if k.session && k.functions[c.Name] == nil {
				return opening{}
			}
			if c.ID = f.ID; c.ID == "" || len(c.ID) > maxCallID {
				c.ID = newID()
			}
			return opening{call: &c}
		}
	}
	return opening{}
}

// answeredSince names the functions that have a response behind the last message of
// the user.
func answeredSince(messages []convo.Message) map[string]bool {
	names := map[string]bool{}
	for _, m := range slices.Backward(messages) {
		if m.Type == convo.User {
			break
		}
		var a activity
		if m.Type == convo.Activity && json.Unmarshal(m.Meta, &a) == nil && a.Activity.Type == "response" {
			names[a.Activity.Function.Name] = true
		}
	}
	return names
}
