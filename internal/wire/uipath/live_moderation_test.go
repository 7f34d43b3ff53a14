package uipath_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/moderate"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// strict flags one word.
type strict struct{}

func (strict) Judge(_ context.Context, text string) (moderate.Verdict, error) {
	return moderate.Verdict{Flagged: strings.Contains(text, "unspeakable"), Categories: []string{"violence"}}, nil
}

// judging is a server whose bot has what users say judged, with a reader beside the
// one who speaks.
func judging(t *testing.T) (b *bundle, id string, ann, ben *peer) {
	t.Helper()
	b = setupEngine(t, func(o *engine.Options) { o.Moderator = strict{} }, func(*uipath.Options) {},
		scripted.Script{scripted.Text("ok"), scripted.Finish(model.StopEnd)})
	must(t, b.engine.DeclareBots(t.Context(), tenantOne, []engine.DeclaredBot{{
		ID: "support", Number: 1, Folder: 7, Name: new("Support"), Config: convo.Config{Moderation: new(true)},
	}}))
	id = b.conversation()
	ann, ben = b.connect("ann", nil, options{}), b.connect("ben", nil, options{})
	ann.start(id)
	ben.start(id)
	return b, id, ann, ben
}

// wantUnsaid checks that a reader is told of an exchange up to its end without a word
// of what was said, and that nothing of that is stored.
func (b *bundle) wantUnsaid(reader *peer, id, exchange, word string) {
	b.t.Helper()
	for told := ""; !strings.Contains(told, `"endExchange"`); {
		if told = reader.next(); strings.Contains(told, word) {
			b.t.Errorf("the other reader was told %s", told)
		}
	}
	if stored := b.want(http.StatusOK, request{path: "/conversation/" + id + "/exchange/" + exchange}); strings.Contains(string(stored.body), word) {
		b.t.Errorf("stored: %s", stored.body)
	}
	if n := len(b.model.Calls()); n != 0 {
		b.t.Errorf("the model was asked %d times", n)
	}
}

func TestWhatModerationFlagsIsSeenByNobody(t *testing.T) {
	t.Parallel()
	b, id, ann, ben := judging(t)
	ann.ask(id, "X", "Say the unspeakable")
	told := ann.until(`"exchangeError"`)
	for _, part := range []string{`"errorId":"MESSAGE_COULD_NOT_BE_CREATED"`, `"details":{"code":"moderated"}`, "flagged by moderation (violence)", `"endExchange"`} {
		if !strings.Contains(told, part) {
			t.Errorf("%s is not in %s", part, told)
		}
	}
	ann.quiet()
	b.wantUnsaid(ben, id, "X", "unspeakable")
	ann.ask(id, "Y", "Say hello")
	ann.until(`"endExchange"`)
	ben.until(`"data":"Say hello"`)
	if n := len(b.model.Calls()); n != 1 {
		t.Errorf("the model was asked %d times after the next message", n)
	}
}

func TestTheEndOfAWordInAnotherPartIsJudgedWithItsBeginning(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{true, false} { // with an end of the first part, or with the start of the second
		b, id, ann, ben := judging(t)
		in := `{"conversationId":"` + id + `","exchange":{"exchangeId":"X","message":{"messageId":"M","contentPart":{"contentPartId":`
		ann.say(`%s"P","chunk":{"data":"This is un"}}}}}`, in)
		if ends {
			ann.say(`%s"P","endContentPart":{}}}}}`, in)
		}
		ann.say(`%s"Q","chunk":{"data":"speakable"}}}}}`, in)
		ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","message":{"messageId":"M","endMessage":{}}}}`, id)
		if told := ann.until(`"exchangeError"`); !strings.Contains(told, `"code":"moderated"`) {
			t.Errorf("refused with %s", told)
		}
		b.wantUnsaid(ben, id, "X", `speakable"`)
	}
}

func TestWhatWasNotJudgedYetGoesWithAnExchangeThatIsStopped(t *testing.T) {
	t.Parallel()
	b, id, ann, ben := judging(t)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","message":{"messageId":"M","contentPart":{"contentPartId":"P","chunk":{"data":"The unspeakable"}}}}}`, id)
	ann.say(`{"conversationId":%q,"exchange":{"exchangeId":"X","endExchange":{}}}`, id)
	b.wantUnsaid(ben, id, "X", "unspeakable")
}
