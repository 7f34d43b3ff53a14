package uipath_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool/configured"
)

// agentTools are those of the first tenant's agent: of each way of asking one.
func agentTools(t *testing.T) *configured.Set {
	t.Helper()
	input := convo.JSON(`{"type":"object","properties":{"amount":{"type":"number"}}}`)
	set, err := configured.New([]configured.Agent{{Tenant: tenantOne, Bot: "support", Tools: []configured.Tool{
		{Name: "look_up", Result: convo.JSON(`{"text":"It is high.","sources":[{"title":"Towers","url":"https://example.com/towers"}]}`)},
		{Name: "transfer", Input: input, Result: convo.JSON(`{"done":true}`), Asks: convo.AsksConfirm},
		{Name: "transfer_older", Input: input, Result: convo.JSON(`{"done":true}`), Asks: convo.AsksInterrupt},
		{Name: "locate", Client: true, Output: convo.JSON(`{"type":"object"}`)},
	}}}, nil)
	must(t, err)
	return set
}

// script is an answer of the model with one call, and then one with a text.
func script(tool, arguments, text string) []scripted.Script {
	return []scripted.Script{
		{scripted.Text("Let me see. "), scripted.Calls("c", tool, arguments), scripted.Finish(model.StopCalls)},
		{scripted.Text(text), scripted.Finish(model.StopEnd)},
	}
}

// exchangeOf reads an exchange in the midst of it, for a golden file.
func (x *exchanged) exchangeOf(conversation string) {
	x.do(request{path: "/conversation/" + conversation + "/exchange/X"})
}

// id finds an id in a frame.
func id(t *testing.T, frame, name string) string {
	t.Helper()
	found := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(frame)
	if found == nil {
		t.Fatalf("there is no %s in %s", name, frame)
	}
	return found[1]
}

// inAnswer is what a client says in the message of an exchange.
const inAnswer = `{"conversationId":%q,"exchange":{"exchangeId":"X","message":{"messageId":%q,%s}}}`

func TestACallThatIsConfirmedIsReadInEachState(t *testing.T) {
	t.Parallel()
	b := setup(t, script("transfer", `{"amount":5}`, "Done.")...)
	conversation, x := b.conversation(), b.exchanged()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Transfer 5")
	frame := ann.until(`"startToolCall"`)
	b.await(conversation, "X", "waiting") // it is asked first
	x.exchangeOf(conversation)
	ann.say(inAnswer, conversation, id(t, frame, "messageId"),
		fmt.Sprintf(`"toolCall":{"toolCallId":%q,"confirmToolCall":{"approved":true,"input":{"amount":3}}}`, id(t, frame, "toolCallId")))
	ann.until(`"endExchange"`)
	x.exchangeOf(conversation)
	x.golden("call-confirmed")
}

func TestACallThatIsRejectedIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t, script("transfer", `{"amount":5}`, "I did not.")...)
	conversation, x := b.conversation(), b.exchanged()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Transfer 5")
	frame := ann.until(`"startToolCall"`)
	ann.say(inAnswer, conversation, id(t, frame, "messageId"),
		fmt.Sprintf(`"toolCall":{"toolCallId":%q,"confirmToolCall":{"approved":false}}`, id(t, frame, "toolCallId")))
	ann.until(`"endExchange"`)
	x.exchangeOf(conversation)
	x.golden("call-rejected")
}

func TestAnInterruptIsReadOpenAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, script("transfer_older", `{"amount":5}`, "Done.")...)
	conversation, x := b.conversation(), b.exchanged()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Transfer 5")
	frame := ann.until(`"startInterrupt"`)
	b.await(conversation, "X", "waiting") // it is asked first
	x.exchangeOf(conversation)
	ann.say(inAnswer, conversation, id(t, frame, "messageId"),
		fmt.Sprintf(`"interrupt":{"interruptId":%q,"endInterrupt":{"approved":true}}`, id(t, frame, "interruptId")))
	ann.until(`"endExchange"`)
	x.exchangeOf(conversation)
	x.golden("interrupt")
}

func TestCitationsAreReadWhereTheyWereSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, script("look_up", `{}`, "A 🗼 is high [1] and more.")...)
	conversation, x := b.conversation(), b.exchanged()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "How high?")
	ann.until(`"endExchange"`)
	x.exchangeOf(conversation)
	x.golden("citations")
}

func TestAStoppedExchangeIsReadAsFarAsItCame(t *testing.T) {
	t.Parallel()
	until := make(chan struct{})
	defer close(until)
	b := setup(t, scripted.Script{scripted.Text("Half "), scripted.Wait(until)})
	conversation, x := b.conversation(), b.exchanged()
	ann := b.connect("ann", newTranscript(t), options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Go on")
	ann.until(`"chunk"`)
	x.exchangeOf(conversation)
	ann.ask(conversation, "Y", "And then?")
	b.await(conversation, "Y", "queued")
	x.do(request{path: "/conversation/" + conversation + "/exchange/Y"})
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, conversation)
	b.await(conversation, "X", "stopped")
	x.exchangeOf(conversation)
	x.golden("stopped")
}

// await reads an exchange until it stands as wanted: what a client says is not
// answered.
func (b *bundle) await(conversation, exchange, status string) {
	b.t.Helper()
	for b.t.Context().Err() == nil {
		a := b.do(request{path: "/conversation/" + conversation + "/exchange/" + exchange})
		if a.status == http.StatusOK && a.object(b.t)["status"] == status {
			return
		}
	}
	b.t.Fatalf("the exchange %s is not %s", exchange, status)
}

func TestAMessageOfAClientIsReadWhileItComes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conversation, x := b.conversation(), b.exchanged()
	ann, ben := b.connect("ann", newTranscript(t), options{}), b.connect("ben", newTranscript(t), options{})
	ann.start(conversation)
	ben.start(conversation)
	url, uri := b.upload(conversation, "notes.txt")
	b.want(http.StatusCreated, request{method: http.MethodPut, path: "/" + url, body: "some notes", token: "-", header: map[string]string{"Content-Type": "text/plain"}})
	say := func(part string) { ann.say(inAnswer, conversation, "M", part) }
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{"metadata":{"a":1}}}}`, conversation)
	say(`"startMessage":{"role":"user"}`)
	say(`"contentPart":{"contentPartId":"P1","startContentPart":{"mimeType":"text/plain"},"chunk":{"data":"Read 🗼 "},"endContentPart":{}}`)
	say(fmt.Sprintf(`"contentPart":{"contentPartId":"P2","startContentPart":{"mimeType":"","externalValue":{"uri":%q}},"endContentPart":{}}`, uri))
	say(`"contentPart":{"contentPartId":"P3","startContentPart":{"mimeType":"text/plain"},"chunk":{"data":"and "}}`)
	ben.until(`"data":"and "`)
	x.exchangeOf(conversation)
	say(`"contentPart":{"contentPartId":"P3","chunk":{"data":"tell."},"endContentPart":{}}`)
	say(`"endMessage":{}`)
	ben.until(`"endExchange"`)
	x.exchangeOf(conversation)
	x.golden("parts")
	shown := b.want(http.StatusOK, request{path: "/conversation/" + conversation + "/exchange/X/message/M/contentPart/P2"}).object(t)
	data, _ := shown["data"].(map[string]any)
	at, _ := data["uri"].(string)
	file := b.want(http.StatusOK, request{path: "/" + at[len(b.url):], token: "-"})
	if file.body != "some notes" || file.header.Get("Content-Disposition") != `inline; filename=notes.txt` {
		t.Errorf("the file is %q, %v", file.body, file.header)
	}
	b.refused(4090, request{method: http.MethodPut, path: "/" + url, body: "other", token: "-"})
	messages := b.read(conversation, "X")
	if len(messages) != 2 {
		t.Fatalf("the exchange has %d messages", len(messages))
	}
	page, err := b.engine.Messages(t.Context(), b.actor(b.secret), conversation, engine.List{})
	must(t, err)
	must(t, b.engine.DeleteMessage(t.Context(), b.actor(b.secret), conversation, page.Items[0].ID, nil))
	b.refused(4046, request{path: "/" + at[len(b.url):], token: "-"})
	if rest := b.read(conversation, "X"); len(rest) != 1 || rest[0].Role != "assistant" {
		t.Errorf("after the deletion the exchange is %s", compact(rest))
	}
}
