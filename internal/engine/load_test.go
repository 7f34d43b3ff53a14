package engine_test

import (
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// Whoever may add messages may add many, and large ones. That must not cost the
// server more memory than a prompt needs.
func TestOfAHugeHistoryNoMoreIsReadThanAPromptCanHold(t *testing.T) {
	t.Parallel()
	for _, latest := range []int{0, 80} {
		b, s := setupHooked(t)
		b.fixed.window, b.fixed.latest = 200, latest
		list := []engine.NewMessage{message(convo.Instruction, "be brief")}
		for range 100 {
			list = append(list, message(convo.Context, strings.Repeat("x", 100<<10)))
		}
		id := b.conversation(convo.Fields{}, append(list, message(convo.User, "old"), message(convo.Bot, "yes"))...)
		b.say(id, "hi")
		if got := short(b.prompt(0)); got != "system:be brief | user:hi | now" {
			t.Errorf("the prompt: %.200s", got)
		}
		if read := s.read.Load(); read > 5<<20 {
			t.Errorf("%d bytes were read", read)
		}
		b.say(id, "and?")
		if got := short(b.prompt(1)); got != "system:be brief | user:hi | now | assistant:You said: hi | user:and? | now" {
			t.Errorf("the next prompt: %.200s", got)
		}
	}
}

func TestOrdersThatFillAnyWindowAreNotAllRead(t *testing.T) {
	t.Parallel()
	b, s := setupHooked(t)
	b.fixed.window, b.fixed.latest = 200, 2
	var list []engine.NewMessage
	for range 100 {
		list = append(list, message(convo.Instruction, strings.Repeat("x", 100<<10)))
	}
	id := b.conversation(convo.Fields{}, append(list, message(convo.User, "old"), message(convo.Bot, "yes"))...)
	_, err := b.Complete(t.Context(), b.actor, id, engine.TurnInput{Text: ptr("hi")}, nil)
	wantKind(t, err, convo.Invalid)
	if read := s.read.Load(); read > 5<<20 {
		t.Errorf("%d bytes were read", read)
	}
}

// What is in no prompt does not count against its window, but has an end too.
func TestAHistoryOfNothingIsReadInPart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 200
	list := []engine.NewMessage{message(convo.User, "old")}
	for range 17_000 {
		list = append(list, message(convo.Bot, ""))
	}
	id := b.conversation(convo.Fields{}, append(list, message(convo.User, "new"), message(convo.Bot, "yes"))...)
	b.say(id, "hi")
	want := "user:new | assistant:yes | user:hi | now"
	if got := short(b.prompt(0)); got != want {
		t.Errorf("the prompt: %s", got)
	}
	b.start() // with nothing remembered
	b.say(id, "and?")
	if got := short(b.prompt(1)); got != want+" | assistant:You said: hi | user:and? | now" {
		t.Errorf("the next prompt: %s", got)
	}
}

func TestOnlyTheLastOfManyCheckpointsCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fixed.window = 60
	var list []engine.NewMessage
	for _, sum := range []string{"one", "two", "three"} {
		list = append(list, message(convo.User, sum), message(convo.Bot, "yes"), message(convo.Checkpoint, sum), message(convo.Instruction, "after "+sum))
	}
	id := b.conversation(convo.Fields{}, list...)
	for range 6 { // until it was cut
		b.say(id, "hi")
	}
	b.start()
	b.say(id, "now?")
	const orders = "system:after one\n\nafter two\n\nafter three | info:Summary of the conversation so far:\nthree | "
	if got := short(b.prompt(6)); !strings.HasPrefix(got, orders) || !strings.HasSuffix(got, "user:now? | now") {
		t.Errorf("the prompt: %s", got)
	}
}
