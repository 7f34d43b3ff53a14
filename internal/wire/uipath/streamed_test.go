package uipath_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// What an exchange says, however one came to know of it.
type (
	heard struct {
		ID, Role   string
		Parts      []heardPart
		Calls      []heardCall
		Interrupts []heardInterrupt
		Reasoning  string
	}
	heardPart struct {
		ID, MediaType, Text string
		Cited               []string // offset, length and title
		Cut                 bool
	}
	heardCall struct {
		ID, Name, Input, Output string
		Failed, Cancelled       bool
	}
	heardInterrupt struct{ ID, Type, Value, End string }
)

// compact is JSON as one can compare it.
func compact(v any) string {
	if v == nil {
		return ""
	}
	text, _ := json.Marshal(v) // it was JSON
	return string(text)
}

// frame is what a frame may say of an exchange.
type frame struct {
	Exchange struct {
		Message *struct {
			MessageID    string
			StartMessage *struct{ Role string }
			MetaEvent    struct{ Reasoning *struct{ Data string } }
			ContentPart  *struct {
				ContentPartID    string
				StartContentPart *struct{ MimeType string }
				Chunk            *struct {
					Data     string
					Citation *struct {
						StartCitation any
						EndCitation   *struct{ Sources []struct{ Title string } }
					}
				}
				EndContentPart *struct{ Interrupted any }
			}
			ToolCall *struct {
				ToolCallID    string
				StartToolCall *struct {
					ToolName string
					Input    any
				}
				ExecutingToolCall *struct{ Input any }
				EndToolCall       *struct {
					Output             any
					IsError, Cancelled bool
				}
			}
			Interrupt *struct {
				InterruptID    string
				StartInterrupt *struct {
					Type  string
					Value any
				}
				EndInterrupt any
			}
		}
	}
}

// hear puts an exchange together from frames, as a client does.
func hear(t *testing.T, frames []string) []*heard {
	t.Helper()
	var all []*heard
	from := map[string]int{} // where the open citation of a part began
	for _, text := range frames {
		var f frame
		must(t, json.Unmarshal([]byte(text), &f))
		said := f.Exchange.Message
		if said == nil {
			continue
		}
		if said.StartMessage != nil {
			all = append(all, &heard{ID: said.MessageID, Role: said.StartMessage.Role})
		}
		m := all[slices.IndexFunc(all, func(m *heard) bool { return m.ID == said.MessageID })]
		if r := said.MetaEvent.Reasoning; r != nil {
			m.Reasoning += r.Data
		}
		if part := said.ContentPart; part != nil {
			if part.StartContentPart != nil {
				m.Parts = append(m.Parts, heardPart{ID: part.ContentPartID, MediaType: part.StartContentPart.MimeType})
			}
			p := &m.Parts[len(m.Parts)-1]
			if part.Chunk != nil {
				at := len(utf16.Encode([]rune(p.Text)))
				p.Text += part.Chunk.Data
				if cited := part.Chunk.Citation; cited != nil {
					if cited.StartCitation != nil {
						from[p.ID] = at
					}
					if cited.EndCitation != nil {
						end := len(utf16.Encode([]rune(p.Text)))
						p.Cited = append(p.Cited, fmt.Sprint(from[p.ID], end-from[p.ID], cited.EndCitation.Sources[0].Title))
					}
				}
			}
			p.Cut = p.Cut || part.EndContentPart != nil && part.EndContentPart.Interrupted != nil
		}
		hearCall(m, &f)
	}
	return all
}

// hearCall takes in what a frame says of calls and interrupts.
func hearCall(m *heard, f *frame) {
	if call := f.Exchange.Message.ToolCall; call != nil {
		if call.StartToolCall != nil {
			m.Calls = append(m.Calls, heardCall{ID: call.ToolCallID, Name: call.StartToolCall.ToolName, Input: compact(call.StartToolCall.Input)})
		}
		c := &m.Calls[slices.IndexFunc(m.Calls, func(c heardCall) bool { return c.ID == call.ToolCallID })]
		if call.ExecutingToolCall != nil {
			c.Input = compact(call.ExecutingToolCall.Input)
		}
		if end := call.EndToolCall; end != nil {
			c.Output, c.Failed, c.Cancelled = compact(end.Output), end.IsError, end.Cancelled
		}
	}
	if i := f.Exchange.Message.Interrupt; i != nil {
		if i.StartInterrupt != nil {
			m.Interrupts = append(m.Interrupts, heardInterrupt{ID: i.InterruptID, Type: i.StartInterrupt.Type, Value: compact(i.StartInterrupt.Value)})
		}
		if i.EndInterrupt != nil {
			m.Interrupts[len(m.Interrupts)-1].End = compact(i.EndInterrupt)
		}
	}
}

// read gives an exchange as REST tells it.
func (b *bundle) read(conversation, exchange string) []*heard {
	b.t.Helper()
	var x struct {
		Messages []struct {
			MessageID, Role, Reasoning string
			ContentParts               []struct {
				ContentPartID, MimeType string
				Data                    struct{ Inline string }
				IsIncomplete            bool
				Citations               []struct {
					Offset, Length int
					Sources        []struct{ Title string }
				}
			}
			ToolCalls []struct {
				ToolCallID, Name string
				Input            any
				Result           struct {
					Output             any
					IsError, Cancelled bool
				}
			}
			Interrupts []struct {
				InterruptID, Type        string
				InterruptValue, EndValue any
			}
		}
	}
	a := b.want(http.StatusOK, request{path: "/conversation/" + conversation + "/exchange/" + exchange})
	must(b.t, json.Unmarshal([]byte(a.body), &x))
	var all []*heard
	for _, m := range x.Messages {
		h := &heard{ID: m.MessageID, Role: m.Role, Reasoning: m.Reasoning}
		for _, p := range m.ContentParts {
			part := heardPart{ID: p.ContentPartID, MediaType: p.MimeType, Text: p.Data.Inline, Cut: p.IsIncomplete}
			for _, c := range p.Citations {
				part.Cited = append(part.Cited, fmt.Sprint(c.Offset, c.Length, c.Sources[0].Title))
			}
			h.Parts = append(h.Parts, part)
		}
		for _, c := range m.ToolCalls {
			h.Calls = append(h.Calls, heardCall{c.ToolCallID, c.Name, compact(c.Input), compact(c.Result.Output), c.Result.IsError, c.Result.Cancelled})
		}
		for _, i := range m.Interrupts {
			h.Interrupts = append(h.Interrupts, heardInterrupt{i.InterruptID, i.Type, compact(i.InterruptValue), compact(i.EndValue)})
		}
		all = append(all, h)
	}
	return all
}

func TestWhatWasStreamedIsWhatIsRead(t *testing.T) {
	t.Parallel()
	answer := func(steps ...scripted.Step) scripted.Script { return append(steps, scripted.Finish(model.StopEnd)) }
	calling := func(steps ...scripted.Step) scripted.Script { return append(steps, scripted.Finish(model.StopCalls)) }
	for name, c := range map[string]struct {
		scripts []scripted.Script
		then    func(t *testing.T, p *peer, conversation string)
	}{
		"text":      {scripts: []scripted.Script{answer(scripted.Text("A 🗼", " stands ", "there."))}},
		"reasoning": {scripts: []scripted.Script{answer(scripted.Reasoning("Hm, ", "well."), scripted.Text("Yes."))}},
		"no text":   {scripts: []scripted.Script{calling(scripted.Calls("c", "look_up", `{}`)), answer(scripted.Text("High [1]."))}},
		"two calls": {scripts: []scripted.Script{
			calling(scripted.Reasoning("First."), scripted.Calls("c", "look_up", `{}`), scripted.Calls("d", "look_up", `{}`)),
			calling(scripted.Reasoning("Second."), scripted.Text("So. "), scripted.Calls("e", "nothing", `{"a":1}`)),
			answer(scripted.Text("🗼 is high [1][2], they say.")),
		}},
		"no answer": {scripts: []scripted.Script{{scripted.Text("Half an "), scripted.Fail(errors.New("gone"))}}},
		"confirmed": {scripts: script("transfer", `{"amount":5}`, "Done."), then: func(t *testing.T, p *peer, conversation string) {
			f := p.until(`"startToolCall"`)
			p.say(inAnswer, conversation, id(t, f, "messageId"),
				fmt.Sprintf(`"toolCall":{"toolCallId":%q,"confirmToolCall":{"approved":true,"input":{"amount":4}}}`, id(t, f, "toolCallId")))
		}},
		"rejected": {scripts: script("transfer", `{"amount":5}`, "Well."), then: func(t *testing.T, p *peer, conversation string) {
			f := p.until(`"startToolCall"`)
			p.say(inAnswer, conversation, id(t, f, "messageId"),
				fmt.Sprintf(`"toolCall":{"toolCallId":%q,"confirmToolCall":{"approved":false}}`, id(t, f, "toolCallId")))
		}},
		"interrupted": {scripts: script("transfer_older", `{"amount":5}`, "Done."), then: func(t *testing.T, p *peer, conversation string) {
			f := p.until(`"startInterrupt"`)
			p.say(inAnswer, conversation, id(t, f, "messageId"),
				fmt.Sprintf(`"interrupt":{"interruptId":%q,"endInterrupt":{"approved":true,"input":{"amount":2}}}`, id(t, f, "interruptId")))
		}},
		"stopped": {scripts: script("transfer", `{"amount":5}`, ""), then: func(_ *testing.T, p *peer, conversation string) {
			p.until(`"startToolCall"`)
			p.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, conversation)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.scripts...)
			conversation := b.conversation()
			ann, ben := b.connect("ann", newTranscript(t), options{}), b.connect("ben", newTranscript(t), options{})
			ann.start(conversation)
			ben.start(conversation)
			begun := len(ben.told)
			ann.ask(conversation, "X", "Well 🗼?")
			if c.then != nil {
				c.then(t, ann, conversation)
			}
			ben.until(`"endExchange"`)
			streamed, read := hear(t, ben.told[begun:]), b.read(conversation, "X")
			if !reflect.DeepEqual(streamed, read) {
				t.Errorf("streamed: %s\nread:     %s\nframes:\n%s", compact(streamed), compact(read), strings.Join(ben.told[begun:], "\n"))
			}
		})
	}
}
