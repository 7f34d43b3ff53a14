package uipath_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// thing is something that starts, is told of and ends.
type thing struct {
	Start, End bool
	inside     []string // what has to have ended before it
}

// order holds what a client is told against the rules of the protocol: everything
// starts once and ends once, what is inside ends first, and nothing follows an end.
type order struct {
	things map[string]*thing
}

// told is an event as far as order looks at it.
type told struct {
	Conversation   string `json:"conversationId"`
	SessionStarted json.RawMessage
	Exchange       *struct {
		ID      string `json:"exchangeId"`
		Start   any    `json:"startExchange"`
		End     any    `json:"endExchange"`
		Message *struct {
			ID    string `json:"messageId"`
			Start any    `json:"startMessage"`
			End   any    `json:"endMessage"`
			Part  *struct {
				ID    string `json:"contentPartId"`
				Start any    `json:"startContentPart"`
				End   any    `json:"endContentPart"`
			} `json:"contentPart"`
			Call *struct {
				ID    string `json:"toolCallId"`
				Start any    `json:"startToolCall"`
				End   any    `json:"endToolCall"`
			} `json:"toolCall"`
		} `json:"message"`
	} `json:"exchange"`
}

// see takes an event in, and gives what is wrong with it.
func (o *order) see(body string) error {
	var e told
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return err
	}
	if o.things == nil {
		o.things = map[string]*thing{}
	}
	if e.SessionStarted != nil { // the client knows nothing of the conversation any more
		maps.DeleteFunc(o.things, func(name string, _ *thing) bool { return strings.HasPrefix(name, e.Conversation) })
	}
	x := e.Exchange
	if x == nil {
		return nil
	}
	exchange := e.Conversation + " exchange " + x.ID
	if m := x.Message; m != nil {
		message := exchange + " message " + m.ID
		if p := m.Part; p != nil {
			if err := o.pass(message+" part "+p.ID, p.Start != nil, p.End != nil, exchange, message); err != nil {
				return err
			}
		}
		if c := m.Call; c != nil {
			if err := o.pass(message+" call "+c.ID, c.Start != nil, c.End != nil, exchange, message); err != nil {
				return err
			}
		}
		if err := o.pass(message, m.Start != nil, m.End != nil, exchange); err != nil {
			return err
		}
	}
	return o.pass(exchange, x.Start != nil, x.End != nil)
}

// pass notes what an event says of a thing inside others.
func (o *order) pass(name string, starts, ends bool, around ...string) error {
	t := o.things[name]
	switch {
	case t == nil:
		t = &thing{}
		o.things[name] = t
		for _, outer := range around {
			if o.things[outer] == nil {
				o.things[outer] = &thing{}
			}
			o.things[outer].inside = append(o.things[outer].inside, name)
		}
	case starts && t.Start:
		return fmt.Errorf("%s starts twice", name)
	case t.End:
		return fmt.Errorf("something of %s follows its end", name)
	}
	t.Start, t.End = t.Start || starts, ends
	if !ends {
		return nil
	}
	for _, inner := range t.inside {
		if i := o.things[inner]; !i.End {
			return fmt.Errorf("%s ends before %s", name, inner)
		}
	}
	return nil
}
