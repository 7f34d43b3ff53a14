package uipath_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// toolbox gives every turn the same tools.
type toolbox []tool.Tool

func (b toolbox) Tools(context.Context, string, tool.Want) ([]tool.Tool, error) { return b, nil }

// withTools is live with tools.
func withTools(t *testing.T, tools toolbox, scripts ...scripted.Script) *bundle {
	t.Helper()
	return setupEngine(t, func(o *engine.Options) { o.Tools = tools }, func(*uipath.Options) {}, scripts...)
}

// echo is a tool that gives back what it was called with.
type echo struct{ spec tool.Spec }

func (e echo) Spec() tool.Spec { return e.spec }

func (e echo) Call(_ context.Context, c tool.Call) (tool.Result, error) {
	return tool.Result{Output: c.Arguments}, nil
}

// sendSpec is the tool of tooled.
func sendSpec(change func(*tool.Spec)) tool.Spec {
	spec := tool.Spec{Name: "send", Description: "Sends", Parameters: convo.JSON(`{"type":"object","properties":{"to":{"type":"string"}}}`)}
	change(&spec)
	return spec
}

// tooled is live with a tool named send, and a model that calls it and then says done.
func tooled(t *testing.T, change func(*tool.Spec)) *bundle {
	return withTools(t, toolbox{echo{sendSpec(change)}},
		scripted.Script{scripted.Text("Wait. "), scripted.Calls("1", "send", `{"to":"bob"}`), scripted.Finish(model.StopCalls)},
		scripted.Script{scripted.Text("Done."), scripted.Finish(model.StopEnd)})
}

var (
	callID      = regexp.MustCompile(`"toolCallId":"([^"]+)"`)
	messageID   = regexp.MustCompile(`"messageId":"([^"]+)"`)
	interruptID = regexp.MustCompile(`"interruptId":"([^"]+)"`)
)

// reply says something of the call, or with an interrupt of that, that an event is about.
func (p *peer) reply(conversation, about, what string) {
	p.t.Helper()
	key, id := "toolCall", callID
	name := "toolCallId"
	if interruptID.MatchString(about) {
		key, id, name = "interrupt", interruptID, "interruptId"
	}
	p.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","message":{"messageId":%q,%q:{%q:%q,%s}}}}`,
		conversation, messageID.FindStringSubmatch(about)[1], key, name, id.FindStringSubmatch(about)[1], what)
}

func TestCallsOfTools(t *testing.T) {
	t.Parallel()
	confirm := func(s *tool.Spec) { s.Asks = convo.AsksConfirm }
	for name, c := range map[string]struct {
		spec  func(*tool.Spec)
		wait  string // what Ann answers
		reply string
	}{
		"server":      {spec: func(*tool.Spec) {}},
		"approved":    {confirm, `"requireConfirmation":true`, `"confirmToolCall":{"approved":true}`},
		"edited":      {confirm, `"requireConfirmation":true`, `"confirmToolCall":{"approved":true,"input":{"to":"eve"}}`},
		"rejected":    {confirm, `"requireConfirmation":true`, `"confirmToolCall":{"approved":false}`},
		"interrupted": {func(s *tool.Spec) { s.Asks = convo.AsksInterrupt }, `"startInterrupt"`, `"endInterrupt":{"approved":true}`},
		"client":      {func(s *tool.Spec) { s.Client = true }, `"executingToolCall"`, `"endToolCall":{"output":{"sent":true}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := tooled(t, c.spec)
			id := b.conversation()
			log := newTranscript(t)
			ann, ben := b.connect("ann", log, options{}), b.connect("ben", log, options{})
			ann.start(id)
			ben.start(id)
			ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{"clientSideTools":[{"name":"send"}]},"message":{"messageId":"M","startMessage":{"role":"user"},"contentPart":{"contentPartId":"P","startContentPart":{"mimeType":"text/markdown"},"chunk":{"data":"Hi"},"endContentPart":{}},"endMessage":{}}}}`, id)
			if c.wait != "" {
				ann.reply(id, ann.until(c.wait), c.reply)
			}
			ann.until(`"endExchange"`)
			ben.until(`"endExchange"`)
			ann.quiet()
			ben.quiet()
			log.golden("tool-" + name)
		})
	}
}

func TestAnApprovalIsGivenOnceByWhoeverIsFirst(t *testing.T) {
	t.Parallel()
	b := tooled(t, func(s *tool.Spec) { s.Asks = convo.AsksConfirm })
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	asked := ann.until(`"requireConfirmation"`)
	ben.until(`"requireConfirmation"`)
	ann.reply(id, `"messageId":"M" "toolCallId":"never"`, `"confirmToolCall":{"approved":false}`)
	ann.until(`"exchangeError":{"errorId":"CLIENT_EVENT_PROCESSING_FAILED"`)
	ben.reply(id, asked, `"confirmToolCall":{"approved":true}`)
	ann.until(`"confirmToolCall"`)
	ann.reply(id, asked, `"confirmToolCall":{"approved":false}`)
	ann.until(`"endExchange"`)
	ben.until(`"endExchange"`)
	ann.quiet()
	ben.quiet()
}

func TestACallOfAClientThatIsGoneIsTheNextOnes(t *testing.T) {
	t.Parallel()
	b := tooled(t, func(s *tool.Spec) { s.Client = true })
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{"clientSideTools":[{"name":"send"}]},"message":{"messageId":"M","startMessage":{"role":"user"},"contentPart":{"contentPartId":"P","startContentPart":{"mimeType":"text/markdown"},"chunk":{"data":"Hi"},"endContentPart":{}},"endMessage":{}}}}`, id)
	ann.until(`"executingToolCall"`)
	log := newTranscript(t)
	ben, cleo := b.connect("ben", log, options{}), b.connect("cleo", log, options{})
	ben.start(id)
	ben.until(`"isClientSideTool":true`)
	ben.quiet() // it is Ann's to carry out
	ann.say(`{"conversationId":%q,"endSession":{}}`, id)
	ann.quiet()
	cleo.start(id)
	call := cleo.until(`"executingToolCall"`)
	cleo.reply(id, call, `"endToolCall":{"output":7}`)
	ben.until(`"endExchange"`)
	cleo.until(`"endExchange"`)
	ben.quiet()
	cleo.quiet()
	log.golden("tool-claimed")
}

func TestACitationIsStreamedAroundItsText(t *testing.T) {
	t.Parallel()
	b := withTools(t, toolbox{sources{}},
		scripted.Script{scripted.Calls("1", "look", `{}`), scripted.Finish(model.StopCalls)},
		scripted.Script{scripted.Text("The 🗼 is tall [", "1], they say."), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	ann.ask(id, "X", "How tall?")
	ann.until(`"endExchange"`)
	ann.quiet()
	log.golden("citations")
}

// sources is a tool whose result names where it is from.
type sources struct{}

func (sources) Spec() tool.Spec {
	return tool.Spec{Name: "look", Description: "Looks", Parameters: convo.JSON(`{"type":"object"}`)}
}

func (sources) Call(context.Context, tool.Call) (tool.Result, error) {
	return tool.Result{Output: convo.JSON(fmt.Sprintf(`{"height":330,"sources":[{"title":%q,"url":"https://example.org/t"}]}`, "Towers"))}, nil
}
