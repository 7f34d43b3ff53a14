package uipath_test

import (
	"testing"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

func live(t *testing.T, scripts ...scripted.Script) *bundle {
	return setupWith(t, func(*uipath.Options) {}, scripts...)
}

func TestATextTurnIsSeenByItsSenderAndByOthers(t *testing.T) {
	t.Parallel()
	b := live(t, scripted.Script{scripted.Text("Hello ", "there."), scripted.Finish(model.StopEnd)})
	log := newTranscript(t)
	id := b.conversation()
	ann, ben := b.connect("ann", log, options{}), b.connect("ben", log, options{})
	ann.start(id)
	ben.start(id)
	ann.ask(id, "X", "Hi 🗼")
	ann.until(`"endExchange"`)
	ben.until(`"endExchange"`)
	ann.quiet()
	ben.quiet()
	log.golden("text")
}
