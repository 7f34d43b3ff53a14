package engine_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/transcribe"
)

// scribble writes down what it is told to, and keeps what it heard.
type scribble struct {
	text  string
	err   error
	mute  bool // it says nothing until its context ends
	began chan struct{}
	heard []byte
}

func (s *scribble) Transcribe(ctx context.Context, audio transcribe.Audio) (string, error) {
	var err error
	if s.heard, err = io.ReadAll(audio.Data); err != nil || int64(len(s.heard)) != audio.Size {
		return "", errors.Join(err, errors.New("the size is wrong"))
	}
	if s.mute {
		close(s.began)
		<-ctx.Done()
		return "", convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "too slow")
	}
	return s.text, s.err
}

// listen sends a recording in pieces, and gives what came of it.
func (b *bundle) listen(conversation string, pieces ...string) error {
	b.t.Helper()
	l, err := b.Listen(b.t.Context(), b.actor, conversation, engine.Hearing{Front: "test", MediaType: "audio/pcm;rate=16000"})
	if err != nil {
		return err
	}
	for _, piece := range pieces {
		if err := l.Add(b.t.Context(), []byte(piece)); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	l.End(b.t.Context(), func(err error) { done <- err })
	return <-done
}

func hearing(t *testing.T, s *scribble) *bundle {
	t.Helper()
	b := setup(t, answer("yes"))
	b.stop()
	b.transcriber = s
	b.start()
	return b
}

func TestWhatIsSpokenIsAnswered(t *testing.T) {
	t.Parallel()
	s := &scribble{text: "Is it?"}
	b := hearing(t, s)
	id := b.conversation(convo.Fields{})
	long := strings.Repeat("x", 300<<10) // more than a piece of the store
	if err := b.listen(id, "one ", long, " two"); err != nil {
		t.Fatal(err)
	}
	b.awaitText(id, "yes")
	if got := string(s.heard); got != "one "+long+" two" {
		t.Errorf("it heard %d bytes", len(got))
	}
	b.wantListed(id, "user:Is it? | bot:yes")
	parts := b.messages(id)[0].Parts
	if len(parts) != 1 || !parts[0].Transcript || parts[0].MediaType != "text/plain" || parts[0].End != len("Is it?") {
		t.Errorf("parts = %+v", parts)
	}
	call, _ := b.model.Await(t.Context(), 1)
	if got := lastUser(call); got != "Is it?" {
		t.Errorf("the model read %q", got)
	}
}

func TestARecordingThatCannotBeWrittenDownChangesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		s    *scribble
		kind convo.Kind
	}{
		{"silence", &scribble{}, ""},
		{"a service that fails", &scribble{err: convo.Errorf(convo.UpstreamFailed, "broken")}, convo.UpstreamFailed},
		{"a text that is too long", &scribble{text: strings.Repeat("x", 256<<10+1)}, convo.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := hearing(t, c.s)
			id := b.conversation(convo.Fields{})
			if err := b.listen(id, "hm"); convo.ErrorKind(err) != c.kind {
				t.Errorf("error = %v", err)
			}
			if got := b.last(id); got != 1 {
				t.Errorf("the log has %d events", got)
			}
		})
	}
}

func TestRecordingsAreRefusedAtTheirStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.conversation(convo.Fields{Agenda: convo.Agenda{Owner: ptr("ann")}})
	h := engine.Hearing{MediaType: "audio/pcm"}
	if _, err := b.Listen(t.Context(), b.actor, id, h); convo.ErrorKind(err) != convo.NotImplemented || !strings.Contains(err.Error(), "transcription.url") {
		t.Errorf("without a service: %v", err)
	}
	b.stop()
	b.transcriber = &scribble{}
	b.start()
	if _, err := b.Listen(t.Context(), b.actor, id, engine.Hearing{MediaType: "text/plain"}); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("what is no audio: %v", err)
	}
	if _, err := b.Listen(t.Context(), convo.Actor{Tenant: "t", Own: true}, id, h); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("another's conversation: %v", err)
	}
}

func TestARecordingIsNoLongerThanAFile(t *testing.T) {
	t.Parallel()
	b := hearing(t, &scribble{text: "x"})
	id := b.conversation(convo.Fields{})
	l, err := b.Listen(t.Context(), b.actor, id, engine.Hearing{MediaType: "audio/pcm"})
	if err != nil {
		t.Fatal(err)
	}
	for range 25 {
		if err := l.Add(t.Context(), make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, l.Add(t.Context(), []byte("x")), convo.TooLarge)
	wantKind(t, l.Add(t.Context(), []byte("x")), convo.Conflict)
	l.End(t.Context(), func(err error) {
		if err != nil {
			t.Errorf("the end of a dropped one: %v", err)
		}
	})
	if got := b.last(id); got != 1 {
		t.Errorf("the log has %d events", got)
	}
}

func TestADrainDoesNotWaitForARecording(t *testing.T) {
	t.Parallel()
	s := &scribble{mute: true, began: make(chan struct{})}
	b := hearing(t, s)
	id := b.conversation(convo.Fields{})
	done := make(chan error, 1)
	go func() { done <- b.listen(id, "hm") }()
	<-s.began
	if err := b.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantKind(t, <-done, convo.UpstreamTimeout)
}

// deaf writes nothing down until it is told to stop.
type deaf struct{}

func (deaf) Transcribe(ctx context.Context, _ transcribe.Audio) (string, error) {
	<-ctx.Done()
	return "", convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "too slow")
}

func TestOnlySoManyRecordingsWaitToBeWrittenDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stop()
	b.transcriber = deaf{}
	b.start()
	id := b.conversation(convo.Fields{})
	done := make(chan error, 65)
	for range 65 {
		l, err := b.Listen(t.Context(), b.actor, id, engine.Hearing{MediaType: "audio/pcm"})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Add(t.Context(), []byte("hm")); err != nil {
			t.Fatal(err)
		}
		l.End(t.Context(), func(err error) { done <- err })
	}
	wantKind(t, <-done, convo.Unavailable)
	if err := b.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if err := <-done; err == nil {
			t.Error("a recording was written down")
		}
	}
}
