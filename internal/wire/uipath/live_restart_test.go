package uipath_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/tool"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// restart starts another server on what the first one has stored, as after its death:
// what it did is left as it is.
func (b *bundle) restart(tools tool.Set) {
	b.t.Helper()
	b.begin(func(o *engine.Options) { o.Tools = tools }, func(*uipath.Options) {})
}

func TestAClientGoesOnWithTheProcessAfterACrash(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script, scripted.Script{scripted.Text("next"), scripted.Finish(model.StopEnd)})
	defer close(second)
	log := newTranscript(t)
	id, ann := b.midway(log)
	b.restart(nil)
	back := b.connect("ann", log, options{pid: ann.pid, offset: ann.offset})
	if back.pid != ann.pid {
		t.Error("the session was not recovered")
	}
	back.until(`"endExchange"`)
	back.ask(id, "Y", "And?")
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("crash")
}

func TestAnApprovalIsGivenAfterACrash(t *testing.T) {
	t.Parallel()
	confirm := func(s *tool.Spec) { s.Asks = convo.AsksConfirm }
	b := tooled(t, confirm)
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	ann.ask(id, "X", "Hi")
	asked := ann.until(`"requireConfirmation"`)
	b.restart(toolbox{echo{sendSpec(confirm)}})
	back := b.connect("ann", log, options{pid: ann.pid, offset: ann.offset})
	back.reply(id, asked, `"confirmToolCall":{"approved":true}`)
	back.reply(id, asked, `"confirmToolCall":{"approved":true}`)
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("crash-approval")
}
