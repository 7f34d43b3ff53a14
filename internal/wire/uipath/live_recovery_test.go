package uipath_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

// halves is a script whose answer waits in its middle.
func halves() (scripted.Script, chan struct{}) {
	go1 := make(chan struct{})
	return scripted.Script{scripted.Text("first half, "), scripted.Wait(go1), scripted.Text("second half"), scripted.Finish(model.StopEnd)}, go1
}

// midway has ann ask in a conversation that she has open, up to the first half of the
// answer: exchange X.
func (b *bundle) midway(log *transcript) (conversation string, ann *peer) {
	b.t.Helper()
	conversation = b.conversation()
	ann = b.connect("ann", log, options{})
	ann.start(conversation)
	ann.ask(conversation, "X", "Hi")
	ann.until(`first half`)
	return conversation, ann
}

func TestAClientThatWasCutOffGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	log := newTranscript(t)
	_, ann := b.midway(log)
	must(t, ann.conn.Close())
	close(second)
	back := b.connect("ann", log, options{pid: ann.pid, offset: ann.offset})
	if back.pid != ann.pid || back.sid != ann.sid {
		t.Errorf("recovered as %s and %s, was %s and %s", back.pid, back.sid, ann.pid, ann.sid)
	}
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("recovery")
}

func TestARecoveredClientIsSentWhatItMissedOfOthers(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("one"), scripted.Finish(model.StopEnd)}, scripted.Script{scripted.Text("two"), scripted.Finish(model.StopEnd)})
	log := newTranscript(t)
	id := b.conversation()
	ann, ben := b.connect("ann", nil, options{}), b.connect("ben", log, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi")
	ann.until(`"endExchange"`)
	ben.until(`"endExchange"`)
	must(t, ben.conn.Close())
	ann.ask(id, "Y", "And?")
	ann.until(`"endExchange"`)
	back := b.connect("ben", log, options{pid: ben.pid, offset: ben.offset})
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("recovery-others")
}

func TestAnUnknownSessionIsANewOne(t *testing.T) {
	t.Parallel()
	b := live(t)
	ann := b.connect("ann", nil, options{pid: "never", offset: "1;0:1"})
	if ann.pid == "never" {
		t.Error("an unknown session was recovered")
	}
}

func TestASessionOfAnotherUserIsNotRecovered(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	zoe := b.connect("zoe", nil, options{token: b.foreign, pid: ann.pid, query: map[string][]string{}})
	if zoe.pid == ann.pid {
		t.Error("another tenant recovered the session")
	}
	ann.quiet()
}

func TestANewSessionIsShownWhatIsOpen(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	log := newTranscript(t)
	id, ann := b.midway(nil)
	ben := b.connect("ben", log, options{})
	ben.start(id)
	ben.until(`first half`)
	ann.start(id) // a second time, on the same socket
	ann.until(`first half`)
	close(second)
	ben.until(`"endExchange"`)
	ann.until(`"endExchange"`)
	ben.quiet()
	ann.quiet()
	log.golden("replay")
}

func TestARecoveryGoesOnInsideAReplay(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	id, ann := b.midway(nil)
	log := newTranscript(t)
	ben := b.connect("ben", log, options{})
	ben.start(id)
	ben.until(`"startContentPart":{"mimeType":"text/markdown"`)
	cut := ben.offset
	must(t, ben.conn.Close())
	close(second)
	ann.until(`"endExchange"`)
	back := b.connect("ben", log, options{pid: ben.pid, offset: cut})
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("recovery-in-replay")
}

func TestAnOffsetFromBeforeTheSessionShowsTheWholeReplay(t *testing.T) {
	t.Parallel()
	script, second := halves()
	b := live(t, script)
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	old := ann.offset
	ann.ask(id, "X", "Hi")
	ann.until(`first half`)
	ann.start(id)
	must(t, ann.conn.Close())
	close(second)
	log := newTranscript(t)
	back := b.connect("ann", log, options{pid: ann.pid, offset: old})
	back.until(`"endExchange"`)
	back.quiet()
	log.golden("recovery-before-session")
}

func TestASessionThatIsTakenOverLosesItsOldConnection(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("one"), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	ann := b.connect("ann", nil, options{})
	ann.start(id)
	back := b.connect("ann", nil, options{pid: ann.pid, offset: ann.offset})
	if rest := ann.raw(); rest != "" {
		t.Errorf("the old connection was told %s", rest)
	}
	back.ask(id, "X", "Hi")
	back.until(`"endExchange"`)
	back.quiet()
}
