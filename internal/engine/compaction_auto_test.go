package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

func TestASummaryThatFailsIsNotTriedAgainAfterEachTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const turns = 20
		var scripts []scripted.Script
		tries := map[int]bool{0: true, 2: true, 5: true, 10: true, 19: true} // after one turn without, after two, after four, after eight
		for n := range turns {
			scripts = append(scripts, costs(9))
			if tries[n] {
				scripts = append(scripts, scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Message: "no"})})
			}
		}
		b := compacts(t, scripts...)
		id := b.conversation(convo.Fields{})
		for range turns {
			b.say(id, long("apple"))
			synctest.Wait()
		}
		if n := len(b.model.Calls()); n != len(scripts) {
			t.Errorf("%d model calls in %d turns, want %d", n, turns, len(scripts))
		}
		for _, m := range b.messages(id) {
			if m.Type == convo.Bot && m.Text != "ok" {
				t.Errorf("a turn answers %q", m.Text)
			}
		}
	})
}

func TestAMessageWithoutAnAnswerIsNotSummedUp(t *testing.T) {
	t.Parallel()
	b := setup(t, costs(9), scripted.Script{scripted.Text("They greeted."), scripted.Finish(model.StopEnd)}, costs(9), costs(9))
	id := b.conversation(convo.Fields{})
	b.say(id, "hi")
	if _, err := b.CreateMessage(t.Context(), b.actor, id, message(convo.User, "And now?"), nil); err != nil {
		t.Fatal(err)
	}
	if made, err := b.Compact(t.Context(), b.actor, id, nil); err != nil || made.Text != "They greeted." {
		t.Errorf("%+v, %v", made, err)
	}
	if made, err := b.Compact(t.Context(), b.actor, id, nil); err != nil || made.Text != "" {
		t.Errorf("again: %+v, %v", made, err)
	}
	b.wantListed(id, "user:hi | bot:ok | checkpoint:They greeted. | user:And now?")
	b.say(id, "Well?")
	b.stop()
	b.start()
	b.say(id, "Then?")
	b.wantListed(id, "user:hi | bot:ok | checkpoint:They greeted. | user:And now? | user:Well? | bot:ok | user:Then? | bot:ok")
	for n, call := range b.model.Calls() {
		said := prompted(call)
		if n == 1 && strings.Contains(said, "And now?") {
			t.Errorf("summed up: %q", said)
		}
		if n > 1 && (!strings.Contains(said, "They greeted.") || !strings.Contains(said, "And now?") || strings.Contains(said, "hi\n")) {
			t.Errorf("then the prompt is %q", said)
		}
	}
}
