package engine

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/tool"
)

// activity is what an activity message says in its meta: a call that was
// asked for, or the answer to one.
type activity struct {
	Activity struct {
		Type     string `json:"type"`
		Function struct {
			ID        string          `json:"id"`
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
			Result    json.RawMessage `json:"result"`
			Signature string          `json:"signature"`
		} `json:"function"`
		Sources struct {
			First int `json:"first"`
			Count int `json:"count"`
		} `json:"sources"`
	} `json:"activity"`
}

// pairedCall is a call with its result.
type pairedCall struct {
	call     model.Call
	result   string
	note     string // what the model is told beside the result
	answered bool
}

// noResult stands for the result that a call never got: providers refuse a
// call without one.
const noResult = `{"error":"no result"}`

// pairCalls finds the calls and results among messages, by the index of the
// message that asked for them. Callers' histories are untidy: a result belongs
// to the call with its id, else to the oldest open one with its name and equal
// arguments, else to the oldest open one with its name; a result without a
// call stands for both; a call or result that is repeated counts once. A call
// without an id that is repeated at once with one, as a turn does that carries it
// out, has that id.
//
// It gives the sources that turns' results and passages have, by their numbers.
func pairCalls(messages []convo.Message) (map[int][]pairedCall, map[int]convo.Source) {
	p := pairing{
		at: map[int][]pairedCall{}, open: map[openKey][]int{}, seen: map[string]bool{}, nameless: -1, sources: map[int]convo.Source{},
	}
	for i, m := range messages {
		switch {
		case m.Type == convo.Activity:
			p.add(i, m)
		case ofRetrieval(m):
			p.source(retrievedSources(m.Meta))
		}
	}
	return p.at, p.sources
}

type pairing struct {
	at   map[int][]pairedCall
	open map[openKey][]int // indexes of calls, oldest first; answered ones are passed over
	seen map[string]bool   // "type id" of what was counted

	sources map[int]convo.Source // by number

	nameless int // index of the call without an id that the last activity was; -1 = it was none
}

// openKey is one of the ways to find an open call.
type openKey struct {
	id        string // the caller's
	name      string // without an id
	exact     bool   // with arguments
	arguments string
	anonymous bool // only among calls to which the caller gave no id
}

func (p *pairing) add(i int, m convo.Message) {
	var a activity
	if json.Unmarshal(m.Meta, &a) != nil || a.Activity.Function.Name == "" {
		return
	}
	f := a.Activity.Function
	if f.ID != "" && p.seen[a.Activity.Type+" "+f.ID] {
		return
	}
	p.seen[a.Activity.Type+" "+f.ID] = true
	nameless := p.nameless
	p.nameless = -1
	switch a.Activity.Type {
	case "request":
		call := model.Call{ID: f.ID, Name: f.Name, Arguments: object(f.Arguments), Signature: f.Signature}
		if nameless >= 0 && f.ID != "" && p.repeats(nameless, call) {
			p.list(openKey{id: f.ID}, nameless)
			return
		}
		p.request(i, m.Place, call)
		if f.ID == "" {
			p.nameless = i
		}
	case "response":
		p.response(i, m, f.ID, f.Name, object(f.Arguments), resultText(f.Result), convo.Numbers(a.Activity.Sources))
	}
}

// request adds a call. An id that the caller left out is made of the message's
// place, which stays the same when the history is cut; without a conversation
// there is none, and no cut that the next prompt would have to repeat.
func (p *pairing) request(i int, place int64, call model.Call) {
	id, name, arguments := call.ID, call.Name, call.Arguments
	if id == "" {
		call.ID = "call_" + strconv.FormatInt(max(place, int64(i)), 10)
	}
	p.at[i] = []pairedCall{{call: call, result: noResult}}
	if id != "" {
		p.list(openKey{id: id}, i)
	} else {
		p.list(openKey{name: name, anonymous: true}, i)
		p.list(openKey{name: name, exact: true, arguments: arguments, anonymous: true}, i)
	}
	p.list(openKey{name: name}, i)
	p.list(openKey{name: name, exact: true, arguments: arguments}, i)
}

// repeats reports whether a call is the one at that index once more.
func (p *pairing) repeats(at int, call model.Call) bool {
	first := p.at[at][0].call
	return first.Name == call.Name && first.Arguments == call.Arguments
}

func (p *pairing) list(k openKey, i int) { p.open[k] = append(p.open[k], i) }

// response adds a result. One of a turn says what its call ran with, which may not be
// what the model had proposed.
func (p *pairing) response(i int, m convo.Message, id, name, arguments, result string, numbers convo.Numbers) {
	at, ok := p.find(id, name, arguments)
	if !ok {
		p.request(i, m.Place, model.Call{ID: id, Name: name, Arguments: arguments})
		at = i
	}
	found := &p.at[at][0]
	found.result, found.answered = result, true
	if m.Turn == "" {
		return
	}
	found.call.Arguments = arguments
	if numbers.Count > 0 {
		named := withNumbers(sourcesOf(result), numbers)
		found.note = sourcesNote(named)
		p.source(named)
	}
}

// source makes sources known.
func (p *pairing) source(named []convo.Source) {
	for _, s := range named {
		p.sources[s.Number] = s
	}
}

// find gives the index of the open call that a result belongs to. A result
// with an id belongs to none that has another.
func (p *pairing) find(id, name, arguments string) (at int, ok bool) {
	if id != "" {
		if at, ok = p.oldest(openKey{id: id}); ok {
			return at, ok
		}
	}
	anonymous := id != ""
	if at, ok = p.oldest(openKey{name: name, exact: true, arguments: arguments, anonymous: anonymous}); ok {
		return at, ok
	}
	return p.oldest(openKey{name: name, anonymous: anonymous})
}

func (p *pairing) oldest(k openKey) (at int, ok bool) {
	list := p.open[k]
	for len(list) > 0 && p.at[list[0]][0].answered {
		list = list[1:]
	}
	p.open[k] = list
	if len(list) == 0 {
		return 0, false
	}
	return list[0], true
}

// object gives arguments as a compact JSON object, whatever the caller wrote.
func object(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || b.Len() == 0 || b.Bytes()[0] != '{' {
		return "{}"
	}
	return b.String()
}

// resultText gives a result as JSON text: a string holds the JSON text itself. Of
// one that is longer than a tool's may be, the model is given the beginning.
func resultText(raw json.RawMessage) string {
	text := string(raw)
	if len(raw) == 0 {
		text = "null"
	}
	_ = json.Unmarshal(raw, &text) // what is no string is taken as it is
	if len(text) > tool.MaxOutput {
		return string(cutOutput(nil, textOf(convo.JSON(text)), len(text)))
	}
	return text
}
