package uipath

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// logOf numbers bodies as the log of one turn of the session "ann".
func logOf(bodies ...convo.Body) []convo.Event {
	events := make([]convo.Event, len(bodies))
	for i, b := range bodies {
		events[i] = convo.Event{Seq: int64(i + 2), At: time.UnixMilli(int64(1000 * (i + 1))).UTC(), Turn: "turn", Body: b}
		switch b := b.(type) {
		case convo.TurnOpened, convo.ToolAnswered, convo.InterruptEnded, convo.PassedOn:
			events[i].Origin = "ann"
		case convo.MessageStarted:
			if b.Type == convo.User {
				events[i].Origin = "ann"
			}
		}
	}
	return events
}

// rendered gives what the sessions "ann" and "ben" are sent of a log, and what a
// session "new" is replayed at each of some places.
func rendered(events []convo.Event, replays ...int) string {
	var b strings.Builder
	r := &renderer{conversation: "c"}
	for i := range events {
		for _, f := range frames(r.render(&events[i], nil)) {
			for _, pid := range []string{"ann", "ben"} {
				line := "-"
				switch {
				case f.origin == pid:
				case f.to == pid:
					line = string(encodeEvent(&f.move.own))
				case !f.hidden:
					line = string(encodeEvent(&f.move.event))
				}
				b.WriteString(pid + " < " + line + "\n")
			}
		}
	}
	for _, n := range replays {
		r := &renderer{conversation: "c", keeps: true}
		for i := range events[:n] {
			r.render(&events[i], nil)
		}
		b.WriteString("\nreplayed to ann behind event " + time.Duration(n).String() + "\n")
		for _, e := range r.replay("ann") {
			b.WriteString(string(encodeEvent(&e)) + "\n")
		}
	}
	return b.String()
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "live", name+".txt")
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it anew with -update):\n%s", file, got)
	}
}

func TestFlowsAreRenderedAsTheirGoldenFiles(t *testing.T) {
	t.Parallel()
	open := []convo.Body{convo.TurnOpened{Alias: "X"}, convo.TurnStarted{Slot: 1}, convo.ModelAsked{}}
	done := []convo.Body{convo.ModelAnswered{}, convo.TurnEnded{Reason: convo.EndDone}}
	flow := func(bodies ...convo.Body) []convo.Event {
		return logOf(append(append(append([]convo.Body{}, open...), bodies...), done...)...)
	}
	args, schema := convo.JSON(`{"to":"bob"}`), convo.JSON(`{"type":"object"}`)
	for name, c := range map[string]struct {
		events  []convo.Event
		replays []int
	}{
		"call-server": {flow(
			convo.MessageStarted{ID: "m1", Type: convo.Reasoning}, convo.Delta{Message: "m1", Type: convo.Reasoning, Text: "hm"}, convo.MessageEnded{ID: "m1", Type: convo.Reasoning, Text: "hm"},
			convo.MessageStarted{ID: "m2", Type: convo.Bot}, convo.Delta{Message: "m2", Type: convo.Bot, Text: "wait"}, convo.MessageEnded{ID: "m2", Type: convo.Bot, Text: "wait"},
			convo.ToolRequested{ID: "t", Message: "a1", Name: "send", Arguments: args, Runs: convo.RunsServer},
			convo.ToolStarted{ID: "t", Input: args}, convo.ToolEnded{ID: "t", Output: convo.JSON(`"sent"`), Outcome: convo.ToolDone},
			convo.ModelAnswered{}, convo.ModelAsked{},
			convo.MessageStarted{ID: "m3", Type: convo.Bot}, convo.Delta{Message: "m3", Type: convo.Bot, Text: "done"}, convo.MessageEnded{ID: "m3", Type: convo.Bot, Text: "done"},
		), []int{9, 11}},
		"call-confirmed": {flow(
			convo.ToolRequested{ID: "t", Message: "a1", Name: "send", Arguments: args, Runs: convo.RunsServer, Asked: convo.Asked{Asks: convo.AsksConfirm, Input: schema}},
			convo.TurnWaiting{}, convo.ToolAnswered{ID: "t", Approved: true, Input: convo.JSON(`{"to":"eve"}`)}, convo.TurnResumed{},
			convo.ToolStarted{ID: "t", Input: convo.JSON(`{"to":"eve"}`)}, convo.ToolEnded{ID: "t", Output: convo.JSON(`1`), Outcome: convo.ToolDone},
		), []int{5, 8}},
		"call-rejected": {flow(
			convo.ToolRequested{ID: "t", Message: "a1", Name: "send", Arguments: args, Runs: convo.RunsServer, Asked: convo.Asked{Asks: convo.AsksConfirm, Input: schema}},
			convo.TurnWaiting{}, convo.ToolAnswered{ID: "t"}, convo.ToolEnded{ID: "t", Output: convo.JSON(`{"meta":"Cancelled by user"}`), Outcome: convo.ToolRejected},
		), nil},
		"call-client": {flow(
			convo.ToolRequested{ID: "t", Message: "a1", Name: "where", Arguments: args, Runs: convo.RunsClient, Asked: convo.Asked{Output: schema}},
			convo.ToolStarted{ID: "t", Input: args, To: "ben"}, convo.TurnWaiting{}, convo.ToolOffered{ID: "t", To: "ann"},
			convo.ToolEnded{ID: "t", Output: convo.JSON(`"here"`), Outcome: convo.ToolDone},
		), []int{5, 7}},
		"interrupt": {flow(
			convo.ToolRequested{ID: "t", Message: "a1", Name: "send", Arguments: args, Runs: convo.RunsServer, Asked: convo.Asked{Asks: convo.AsksInterrupt}},
			convo.InterruptStarted{ID: "i", Call: "t", Message: "a1", Type: "uipath_cas_tool_call_confirmation", Value: convo.JSON(`{"toolCallId":"t"}`)},
			convo.TurnWaiting{}, convo.InterruptEnded{ID: "i", Call: "t", Value: convo.JSON(`{"approved":true}`)}, convo.ToolAnswered{ID: "t", Approved: true, Input: args},
			convo.ToolStarted{ID: "t", Input: args}, convo.ToolEnded{ID: "t", Output: convo.JSON(`1`), Outcome: convo.ToolFailed},
		), []int{6, 9}},
		"citations": {flow(
			convo.MessageStarted{ID: "m", Type: convo.Bot}, convo.Delta{Message: "m", Type: convo.Bot, Text: "See 🗼"},
			convo.Cited{Message: "m", Citation: convo.Citation{ID: "k", Offset: 6, Length: 3, Sources: []convo.Source{{Title: "T", Number: 1, URL: "https://e.org"}}}},
			convo.Delta{Message: "m", Type: convo.Bot, Text: "[1] and more"},
			convo.Cited{Message: "m", Citation: convo.Citation{ID: "l", Offset: 18, Sources: []convo.Source{{Title: "T", Number: 1, URL: "https://e.org"}}}},
			convo.MessageEnded{ID: "m", Type: convo.Bot, Text: "See 🗼[1] and more"},
		), []int{7}},
		"failure": {logOf(append(append([]convo.Body{}, open...),
			convo.MessageStarted{ID: "m", Type: convo.Bot}, convo.Delta{Message: "m", Type: convo.Bot, Text: "I th"}, convo.MessageEnded{ID: "m", Type: convo.Bot, Text: "I th", Incomplete: true},
			convo.ModelAnswered{}, convo.TurnEnded{Reason: convo.EndFailed, Failure: &convo.Failure{Kind: convo.UpstreamFailed, Message: "the provider failed"}})...), nil},
		"crash": {logOf(append(append([]convo.Body{}, open...),
			convo.ToolRequested{ID: "t", Message: "a1", Name: "send", Arguments: args, Runs: convo.RunsServer}, convo.ToolStarted{ID: "t", Input: args},
			convo.ToolEnded{ID: "t", Output: convo.JSON(`{"error":"interrupted"}`), Outcome: convo.ToolInterrupted}, convo.TurnEnded{Reason: convo.EndInterrupted})...), nil},
		"given": {logOf(convo.TurnOpened{}, convo.MessageGiven{ID: "u", Fields: convo.MessageFields{Type: convo.User}, Text: "Hi there", Parts: []convo.Part{
			{ID: "p", MediaType: "text/plain", End: 8, Transcript: true, Citations: []convo.Citation{{ID: "k", Offset: 3, Length: 5, Sources: []convo.Source{{Title: "T", Number: 1}}}}},
			{ID: "q", MediaType: "image/png", Name: "a.png", File: &convo.FileRef{URI: "urn:x", Size: 3}},
		}}, convo.PassedOn{Front: frontName, Body: convo.JSON(`{"exchange":{"exchangeId":"turn","metaEvent":{"a":1}}}`)},
			convo.PassedOn{Front: frontName, Body: convo.JSON(`{"exchange":{"exchangeId":"turn","message":{"messageId":"u","metaEvent":{"a":1}}}}`)},
			convo.ConversationChanged{Fields: convo.Fields{Name: new("New")}, Relabelled: convo.ByCaller}), []int{2}},
		"left-open": {logOf(convo.TurnOpened{Alias: "X", Metadata: convo.JSON(`{"k":1}`)}, convo.MessageStarted{ID: "u", Alias: "M", Type: convo.User},
			convo.PartStarted{Message: "u", Part: convo.Part{ID: "p", Alias: "P", MediaType: "text/plain"}}, convo.Delta{Message: "u", Type: convo.User, Part: "p", Text: "a"},
			convo.Delta{Message: "u", Type: convo.User, Part: "p", Text: "b"}, convo.TurnEnded{Reason: convo.EndInterrupted}), []int{5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkGolden(t, "render-"+name, rendered(c.events, c.replays...))
		})
	}
}
