package remote

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/model"
)

// What the tool calls of one answer may hold, since they are kept until it is
// complete.
const (
	maxCalls     = 64
	maxArguments = 256 << 10 // of one call
	maxTogether  = 4 << 20   // of all
)

var (
	errTooManyCalls = errors.New("an answer has more than 64 tool calls")
	errTooLongCall  = errors.New("the arguments of a tool call are longer than 256 KiB, or those of all calls than 4 MiB")
	errNameless     = errors.New("a tool call has no name")
)

// Calls puts tool calls together that come in pieces, also when the pieces of
// several calls alternate.
type Calls struct {
	list []*Pending
	size int
}

// Pending is a call whose pieces are still coming.
type Pending struct {
	Key, ID, Name, Signature string
	arguments                strings.Builder
}

// Begun reports whether a piece of the arguments came.
func (p *Pending) Begun() bool { return p.arguments.Len() > 0 }

// Last finds the latest call with a key, or the latest of all for "".
func (c *Calls) Last(key string) *Pending {
	for _, p := range slices.Backward(c.list) {
		if key == "" || p.Key == key {
			return p
		}
	}
	return nil
}

// Open begins a call.
func (c *Calls) Open(key string) (*Pending, error) {
	if len(c.list) == maxCalls {
		return nil, errTooManyCalls
	}
	p := &Pending{Key: key}
	c.list = append(c.list, p)
	return p, nil
}

// AddWhole takes a call that came whole: its arguments are JSON, or nothing.
func (c *Calls) AddWhole(call model.Call) error {
	p, err := c.Open("")
	if err != nil {
		return err
	}
	p.ID, p.Name, p.Signature = call.ID, call.Name, call.Signature
	return c.Add(p, call.Arguments)
}

// Add adds a piece to a call's arguments.
func (c *Calls) Add(p *Pending, piece string) error {
	if c.size += len(piece); c.size > maxTogether || p.arguments.Len()+len(piece) > maxArguments {
		return errTooLongCall
	}
	p.arguments.WriteString(piece)
	return nil
}

// Whole gives the calls in the order in which they began. A call without
// arguments has an empty object, and one without an ID gets one. In an answer
// that was cut, a call whose arguments are no JSON was cut as well, and is not
// among them.
func (c *Calls) Whole(cut bool) ([]model.Call, error) {
	calls := make([]model.Call, 0, len(c.list))
	used := make(map[string]bool, len(c.list))
	for _, p := range c.list {
		if p.Name == "" {
			return nil, errNameless
		}
		arguments := p.arguments.String()
		if said := strings.TrimSpace(arguments); said == "" || said == "null" {
			arguments = "{}"
		}
		if cut && !json.Valid([]byte(arguments)) {
			continue
		}
		if p.ID == "" || used[p.ID] {
			p.ID = "call_" + rand.Text()
		}
		used[p.ID] = true
		calls = append(calls, model.Call{ID: p.ID, Name: p.Name, Arguments: arguments, Signature: p.Signature})
	}
	return calls, nil
}
