package uipath_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestWhoMayNotConnectIsRefusedForGood(t *testing.T) {
	t.Parallel()
	b := live(t)
	own := func(more ...string) url.Values {
		q := url.Values{"x-uipath-internal-accountid": {"ACME"}, "x-uipath-internal-tenantid": {"Dev"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	for name, c := range map[string]struct {
		o    options
		want string
	}{
		"a wrong token":                  {options{token: "wrong", query: own()}, `44{"message":"`},
		"a token of another tenant":      {options{token: b.foreign, query: own()}, `"data":{"status":404,"errorCode":4041}}`},
		"an external user without shape": {options{query: own("x-uipath-external-user-id", "a b")}, `"data":{"status":400,"errorCode":4002}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, answer := b.dial("zoe", nil, c.o); !strings.HasPrefix(answer, "44{") || !strings.Contains(answer, c.want) {
				t.Errorf("the answer is %s", answer)
			}
		})
	}
}

func TestAQueryWithoutATenantTakesTheTokens(t *testing.T) {
	t.Parallel()
	b := live(t)
	ann := b.connect("ann", nil, options{query: url.Values{}})
	ann.start(b.conversation())
}

func TestConversationsOfOthersAreUnknown(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	log := newTranscript(t)
	zoe := b.connect("zoe", log, options{token: b.foreign, query: url.Values{}})
	zoe.say(`{"conversationId":%q,"startSession":{}}`, id)
	zoe.until(`"conversationError"`)
	zoe.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","startExchange":{}}}`, id)
	zoe.until(`"conversationError"`)
	eve := b.connect("eve", log, options{query: url.Values{"x-uipath-external-user-id": {"eve"}}})
	eve.say(`{"conversationId":%q,"startSession":{}}`, id)
	eve.until(`"conversationError"`)
	eve.quiet()
	log.golden("foreign")
}

func TestWhatIsRefusedLeavesTheSessionWorking(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":7}}`, id)
	ann.until(`"conversationError"`)
	ann.say(`{"conversationId":7,"exchange":{}}`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"N","message":{"messageId":"M","endMessage":{}}}}`, id)
	ann.until(`"exchangeError"`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"E","startExchange":{},"message":{"messageId":"M","startMessage":{"role":"user"},"endMessage":{}}}}`, id)
	ann.until(`"endExchange"`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"A","startExchange":{},"message":{"messageId":"M","startMessage":{"role":"assistant"}}}}`, id)
	ann.until(`"exchangeError"`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"A","startExchange":{}}}`, id)
	ann.until(`"exchangeError"`)
	ann.ask(id, "X", "Hi")
	ann.until(`"endExchange"`)
	ann.quiet()
	log.golden("refusals")
}

func TestNothingOfAnEndedSessionIsSaid(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	id := b.conversation()
	log := newTranscript(t)
	ann, ben := b.connect("ann", log, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	ann.say(`{"conversationId":%q,"endSession":{}}`, id)
	ann.quiet()
	ann.ask(id, "Y", "dropped")
	close(second)
	ben.until(`"endExchange"`)
	ann.quiet()
	ann.start(id)
	ann.quiet()
	log.golden("ended")
}

func TestADeletedConversationEndsItsSessions(t *testing.T) {
	t.Parallel()
	script, _ := halves()
	b := live(t, script)
	id, ann := b.midway(nil)
	b.want(http.StatusOK, request{method: "DELETE", path: "/conversation/" + id})
	ann.until(`"endSession":{}`)
	ann.quiet()
}

func TestAnEventIsAcknowledgedWhenItIsStored(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	ann.write(`421["ConversationEvent",{"conversationId":"` + id + `","exchange":{"exchangeId":"X","startExchange":{}}}]`)
	if got := ann.raw(); got != `431[{"ok":true}]` {
		t.Errorf("acknowledged as %s", got)
	}
	ann.write(`422["ConversationEvent",{"conversationId":"nowhere","exchange":{"exchangeId":"X","startExchange":{}}}]`)
	ann.until(`"conversationError"`)
	if got := ann.raw(); !strings.HasPrefix(got, `432[{"ok":false,"error":{"errorId":"CLIENT_EVENT_PROCESSING_FAILED","message":"`) {
		t.Errorf("acknowledged as %s", got)
	}
}

func TestAStopIsSeenByTheOthersOnly(t *testing.T) {
	t.Parallel()
	script, _ := halves()
	b := live(t, script, scripted.Script{scripted.Text("next"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann, ben := b.connect("ann", log, options{}), b.connect("ben", log, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	ben.until(`first half`)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, id)
	ben.until(`"endExchange"`)
	ann.quiet()
	must(t, ann.conn.Close())
	ann = b.connect("ann", log, options{pid: ann.pid, offset: ann.offset})
	ann.quiet()
	ann.ask(id, "Y", "And?")
	ann.until(`"endExchange"`)
	ann.quiet()
	log.golden("stop")
}
