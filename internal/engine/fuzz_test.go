package engine

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/schema"
	"github.com/parleyhq/parley/internal/tool"
)

// Whatever activities callers write, a prompt has each call once, with one result
// right behind its answer: providers refuse anything else.
func FuzzActivitiesMakeAPrompt(f *testing.F) {
	request := `{"activity":{"type":"request","function":{"name":"f","arguments":{"x":1},"id":"1"}}}`
	f.Add(request, strings.ReplaceAll(request, "request", "response"), `{"activity":{"type":"trigger","function":{"name":"f"}}}`, true)
	f.Add(strings.ReplaceAll(request, `,"id":"1"`, ""), request, strings.ReplaceAll(request, "request", "response"), false)
	f.Add(`{"activity":{"type":"response","function":{"name":"f","result":"\"a\"","signature":"s"}}}`, `{}`, `[`, true)
	f.Fuzz(func(t *testing.T, first, second, third string, own bool) {
		h := history{window: 1 << 30, turn: "turn"}
		for i, meta := range []string{"", first, second, "", third} {
			m := convo.Message{Place: int64(i), MessageFields: convo.MessageFields{Type: convo.Activity, Meta: convo.JSON(meta)}}
			if meta == "" {
				m.Type, m.Text = convo.Bot, "text"
			}
			if own && i > 2 {
				m.Turn = "turn"
			}
			h.messages = append(h.messages, m)
		}
		p, err := assemble(h)
		if err != nil {
			t.Fatal(err)
		}
		wantPaired(t, p.messages)
		k := &kit{schemas: map[string]*schema.Schema{}, starts: []string{"f"}}
		if o := k.open(h.messages); o.call != nil && (o.call.ID == "" || len(o.call.ID) > maxCallID) {
			t.Errorf("the call has the id %q", o.call.ID)
		}
	})
}

func wantPaired(t *testing.T, messages []model.Message) {
	t.Helper()
	var open []string
	for i, m := range messages {
		if m.Role == model.ToolResult {
			if len(open) == 0 || open[0] != m.Call {
				t.Errorf("message %d answers %q, open are %q", i, m.Call, open)
				return
			}
			open = open[1:]
			continue
		}
		if len(open) > 0 {
			t.Errorf("before message %d the calls %q have no result", i, open)
		}
		open = nil
		for _, c := range m.Calls {
			open = append(open, c.ID)
			if !json.Valid([]byte(c.Arguments)) || c.Arguments[0] != '{' {
				t.Errorf("the arguments are %q", c.Arguments)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("the calls %q have no result", open)
	}
}

// Whatever a tool gives, and however much, the model is told bounded JSON.
func FuzzOutputsAreBoundedJSON(f *testing.F) {
	for _, seed := range oddOutputs() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, output []byte) { mustBoundOutput(t, output) })
}

func TestLargeOutputsAreBoundedJSON(t *testing.T) {
	t.Parallel()
	for _, seed := range oddOutputs() {
		for lead := range 4 { // the cut comes at each place of a character
			mustBoundOutput(t, append(bytes.Repeat([]byte("x"), lead), bytes.Repeat([]byte(seed), 60_000)...))
		}
	}
}

func oddOutputs() []string {
	return []string{"", "null", `{"a":1}`, "\xff", `"\ud800"`, "<", `"é`, "\x00"}
}

func mustBoundOutput(t *testing.T, output []byte) {
	t.Helper()
	got := boundOutput(nil, output)
	if len(got) > tool.MaxOutput || !json.Valid(got) || !utf8.Valid(got) {
		t.Errorf("%.100q of %d bytes became %d bytes: %.100q", output, len(output), len(got), got)
	}
}

// Whatever a model calls, the call that is stored is one that a provider takes back.
func FuzzCallsOfAModel(f *testing.F) {
	f.Add("f", `{"x":1}`)
	f.Add("", ``)
	f.Add("1 é", "{\"\xff\":[}")
	compiled, err := schema.NewCache(1<<20).Compile("f", convo.JSON(`{"type":"object","properties":{"x":{"type":"integer"}}}`))
	if err != nil {
		f.Fatal(err)
	}
	k := &kit{
		functions: map[string]*Function{"f": {Name: "f"}}, schemas: map[string]*schema.Schema{"f": compiled},
		offered: []model.Tool{{Name: "f"}},
	}
	f.Fuzz(func(t *testing.T, name, arguments string) {
		p := k.plan(model.Call{ID: "1", Name: name, Arguments: arguments}, nil)
		if !validName(p.request.Name) {
			t.Errorf("the name %q became %q", name, p.request.Name)
		}
		if a := p.request.Arguments; !json.Valid(a) || a[0] != '{' || !utf8.Valid(a) {
			t.Errorf("the arguments %q became %q", arguments, a)
		}
		if p.ended && (!json.Valid(p.output) || len(p.output) > errorBytes+1024) {
			t.Errorf("the model is told %q", p.output)
		}
	})
}
