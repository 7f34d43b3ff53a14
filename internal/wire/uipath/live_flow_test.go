package uipath_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestATurnOfTheOtherAPIIsSeenFromItsStart(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Reasoning("hm"), scripted.Text("Hello."), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	actor := b.actor(b.secret)
	_, err := b.engine.CreateMessage(t.Context(), actor, id, engine.NewMessage{MessageFields: convo.MessageFields{Type: convo.User}, Text: "Before."}, nil)
	must(t, err)
	reading, err := b.engine.Complete(t.Context(), actor, id, engine.TurnInput{Text: new("Hi"), Front: "test"}, nil)
	must(t, err)
	must(t, reading.Each(t.Context(), func([]convo.Event) error { return nil }))
	ann.until(`"endExchange"`)
	ann.quiet()
	log.golden("other-api")
}

func TestMetaEventsReachTheOthersAndNoHistory(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	log := newTranscript(t)
	ann, ben := b.connect("ann", log, options{}), b.connect("ben", log, options{})
	ann.start(id)
	ben.start(id)
	ann.say(`{"conversationId":%q,"metaEvent":{"typing":true}}`, id)
	ann.say(`{"conversationId":%q,"asyncToolCall":{"toolCallId":"t","startToolCall":{"toolName":"n"}}}`, id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{}}}`, id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","metaEvent":{"a":1}}}`, id)
	ben.until(`{"a":1}`)
	ann.quiet()
	ben.quiet()
	log.golden("meta")
}

func TestALateOrPartialStartIsFilledIn(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann, ben := b.connect("ann", log, options{}), b.connect("ben", log, options{})
	ben.start(id)
	// Of seven events the server gets the first, third, fifth and seventh.
	ann.start(id)
	in := `{"conversationId":"` + id + `","exchange":{"exchangeId":"X","message":{"messageId":"M",`
	ann.say(`%s"startMessage":{"role":"user"}}}}`, in)
	ann.say(`%s"contentPart":{"contentPartId":"P","chunk":{"data":"Hi"}}}}}`, in)
	ann.say(`%s"endMessage":{}}}}`, in)
	ann.until(`"endExchange"`)
	ben.until(`"endExchange"`)
	// The rest comes later, and means nothing any more.
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{}}}`, id)
	ann.say(`%s"contentPart":{"contentPartId":"P","startContentPart":{"mimeType":"text/markdown"}}}}}`, in)
	ann.say(`%s"contentPart":{"contentPartId":"P","endContentPart":{}}}}}`, in)
	ann.quiet()
	ben.quiet()
	log.golden("partial")
}

func TestASessionResumesByNumber(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	ben := b.connect("ben", nil, options{})
	ben.say(`{"conversationId":%q,"startSession":{"capabilities":{"resume":true}}}`, id)
	ben.until(`"sessionStarted":{"capabilities":{"resume":true}}`)
	ann.ask(id, "X", "Hi")
	at := seqOf(t, ben.until(`first half`))
	must(t, ben.conn.Close())
	close(second)
	ann.until(`"endExchange"`)
	log := newTranscript(t)
	back := b.connect("ben", log, options{})
	back.say(`{"conversationId":%q,"startSession":{"capabilities":{"resume":true},"metaData":{"after":%d}}}`, id, at)
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("resume")
}

func TestWhatIsReplayedHasNoNumberBeforeItsEnd(t *testing.T) {
	t.Parallel()
	script, second := halves()
	defer close(second)
	b := live(t, script)
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	ben.say(`{"conversationId":%q,"startSession":{"capabilities":{"resume":true}}}`, id)
	last := ben.until(`first half`) // and nothing follows that was replayed
	for _, body := range ben.told {
		if body != last && !strings.HasSuffix(body, `,"seq":0}`) {
			t.Errorf("told %s", body)
		}
	}
	seqOf(t, last)
}

func seqOf(t *testing.T, body string) int64 {
	t.Helper()
	var e struct{ Seq int64 }
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Seq == 0 {
		t.Fatalf("%s has no number", body)
	}
	return e.Seq
}

func TestExchangesWaitForEachOther(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script, scripted.Script{scripted.Text("next"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	ann.ask(id, "Y", "And?")
	ben := b.connect("ben", log, options{})
	ann.quiet()
	ben.start(id)
	ben.until(`"exchangeId":"Y","message":{"messageId":"Y-M","endMessage"`)
	close(second)
	ben.until(`"exchangeId":"Y","endExchange"`)
	ben.quiet()
	log.golden("queue")
}

func TestTooManyExchangesAreRefused(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	id, ann := b.midway(nil)
	for i := range 17 {
		ann.ask(id, "Q"+strings.Repeat("i", i), "And?")
	}
	refused := ann.until(`"exchangeError"`)
	if !strings.Contains(refused, `"EXCHANGE_COULD_NOT_BE_CREATED"`) || !strings.Contains(refused, `"details":{"code":"queue_full"}`) || !strings.Contains(refused, `"endExchange":{}`) {
		t.Error(refused)
	}
	ann.quiet()
	close(second)
}
