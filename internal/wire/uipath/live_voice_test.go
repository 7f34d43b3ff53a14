package uipath_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
	"github.com/parleyhq/parley/internal/transcribe"
	"github.com/parleyhq/parley/internal/wire/uipath"
)

// counting writes down how long a recording is.
type counting struct{}

func (counting) Transcribe(_ context.Context, audio transcribe.Audio) (string, error) {
	n, err := io.Copy(io.Discard, audio.Data)
	return fmt.Sprintf("You spoke %d bytes.", n), err
}

func TestWhatIsSpokenBecomesAnExchange(t *testing.T) {
	t.Parallel()
	b := setupEngine(t, func(o *engine.Options) { o.Transcriber = counting{} }, func(*uipath.Options) {},
		scripted.Script{scripted.Text("I hear you."), scripted.Finish(model.StopEnd)})
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","chunk":{"data":"AAAA"}}}`, id) // of none
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","startAsyncInputStream":{"mimeType":"audio/pcm;rate=24000"}}}`, id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"t","startAsyncInputStream":{"mimeType":"audio/pcm;rate=24000"}}}`, id)
	ann.until(`"asyncInputStreamError"`)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","chunk":{"data":"AAAAAAAA"}}}`, id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","endAsyncInputStream":{}}}`, id)
	ann.until(`"endExchange"`)
	ann.quiet()
	log.golden("voice")
}

func TestVoiceIsRefusedWithTheSettingThatIsMissing(t *testing.T) {
	t.Parallel()
	b := live(t)
	id := b.conversation()
	log := newTranscript(t)
	ann := b.connect("ann", log, options{})
	ann.start(id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","startAsyncInputStream":{"mimeType":"audio/pcm;rate=24000"}}}`, id)
	ann.until(`"asyncInputStreamError"`)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","chunk":{"data":"AAAA"}}}`, id)
	ann.say(`{"conversationId":%q,"asyncInputStream":{"streamId":"s","endAsyncInputStream":{}}}`, id)
	ann.quiet()
	log.golden("voice-refused")
}
