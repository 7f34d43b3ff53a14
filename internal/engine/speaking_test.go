package engine_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/speak"
)

// voice says texts, and keeps which. before is called before each of them.
type voice struct {
	err    error
	before func(ctx context.Context) error

	mu   sync.Mutex
	said []string
}

func (v *voice) Speak(ctx context.Context, text string) (speak.Audio, error) {
	v.mu.Lock()
	v.said = append(v.said, text)
	v.mu.Unlock()
	if v.before != nil {
		if err := v.before(ctx); err != nil {
			return speak.Audio{}, err
		}
	}
	return speak.Audio{MediaType: "audio/mpeg", Extension: "mp3", Data: []byte("sound of " + text)}, v.err
}

// all is what was said.
func (v *voice) all() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(v.said, "|")
}

func speaking(t *testing.T, v *voice) *bundle {
	t.Helper()
	b := setup(t, answer("yes"))
	b.stop()
	b.speaker = v
	b.start()
	return b
}

// told makes a conversation with one message, and gives both ids.
func (b *bundle) told(fields convo.Fields, said string) (conversation, id string) {
	b.t.Helper()
	conversation = b.conversation(fields, message(convo.Bot, said))
	return conversation, b.messages(conversation)[0].ID
}

// content reads a file.
func (b *bundle) content(f convo.File) string {
	b.t.Helper()
	data, err := io.ReadAll(b.OpenFile(b.t.Context(), f))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

func TestAMessageIsSpokenOnce(t *testing.T) {
	t.Parallel()
	v := &voice{}
	b := speaking(t, v)
	id, said := b.told(convo.Fields{}, "Hello")
	f, err := b.Speak(t.Context(), b.actor, id, said, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Message != said || f.Name != "speech.mp3" || f.MediaType != "audio/mpeg" || b.content(f) != "sound of Hello" {
		t.Errorf("the file is %+v: %q", f, b.content(f))
	}
	again, err := b.Speak(t.Context(), b.actor, id, said, nil)
	if err != nil || again.Upload != f.Upload || v.all() != "Hello" {
		t.Errorf("again: %+v, %v; it said %q", again, err, v.all())
	}
	linked, err := b.SourceFile(t.Context(), "t", f.ID)
	if err != nil || linked.ID != f.ID {
		t.Errorf("by its address: %+v, %v", linked, err)
	}
	if _, err := b.SourceFile(t.Context(), "u", f.ID); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("for another tenant: %v", err)
	}
	page, err := b.Attachments(t.Context(), b.actor, id, engine.List{})
	if err != nil || len(page.Items) != 1 || page.Items[0].Message != said {
		t.Errorf("the attachments are %+v, %v", page.Items, err)
	}
	b.say(id, "And now?") // the next message does not get it
	if parts := b.messages(id)[1].Parts; len(parts) != 0 {
		t.Errorf("the next message has the parts %+v", parts)
	}
}

func TestSpeechGoesWithItsText(t *testing.T) {
	t.Parallel()
	v := &voice{}
	b := speaking(t, v)
	id, said := b.told(convo.Fields{}, "Hello")
	speak := func(want string) convo.File {
		t.Helper()
		f, err := b.Speak(t.Context(), b.actor, id, said, nil)
		if err != nil || v.all() != want {
			t.Fatalf("%v; it said %q, want %q", err, v.all(), want)
		}
		return f
	}
	update := func(change func(*convo.MessageFields, *string)) {
		t.Helper()
		if err := b.UpdateMessage(t.Context(), b.actor, id, said, change, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	speak("Hello")
	update(func(f *convo.MessageFields, _ *string) { f.Name = ptr("greeting") })
	speak("Hello")
	update(func(_ *convo.MessageFields, text *string) { *text = "Goodbye" })
	f := speak("Hello|Goodbye")
	if err := b.DeleteMessage(t.Context(), b.actor, id, said, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.File(t.Context(), f.ID); convo.ErrorKind(err) != convo.NotFound {
		t.Errorf("after its message: %v", err)
	}
	_, err := b.Speak(t.Context(), b.actor, id, said, nil)
	wantKind(t, err, convo.NotFound)
}

func TestATextThatChangesWhileItIsSpokenIsNotKept(t *testing.T) {
	t.Parallel()
	v := &voice{}
	b := speaking(t, v)
	id, said := b.told(convo.Fields{}, "Hello")
	v.before = func(ctx context.Context) error {
		return b.UpdateMessage(ctx, b.actor, id, said, func(_ *convo.MessageFields, text *string) { *text = "Goodbye" }, nil, nil)
	}
	_, err := b.Speak(t.Context(), b.actor, id, said, nil)
	wantKind(t, err, convo.Conflict)
	v.before = nil
	if f, err := b.Speak(t.Context(), b.actor, id, said, nil); err != nil || b.content(f) != "sound of Goodbye" {
		t.Errorf("again: %v", err)
	}
}

func TestSpeechIsRefused(t *testing.T) {
	t.Parallel()
	v := &voice{}
	b := speaking(t, v)
	id, said := b.told(convo.Fields{}, "Hello")
	_, empty := b.told(convo.Fields{}, "Elsewhere")
	blank, silence := b.told(convo.Fields{}, " \n")
	for _, c := range []struct {
		name                  string
		actor                 convo.Actor
		conversation, message string
		kind                  convo.Kind
	}{
		{"another tenant's", convo.Actor{Tenant: "u"}, id, said, convo.NotFound},
		{"a session's", convo.Actor{Tenant: "t", Conversation: id}, id, said, convo.Forbidden},
		{"no conversation", b.actor, "nowhere", said, convo.NotFound},
		{"no message", b.actor, id, "nothing", convo.NotFound},
		{"a message of another conversation", b.actor, id, empty, convo.NotFound},
		{"a message without a text", b.actor, blank, silence, convo.Invalid},
	} {
		if _, err := b.Speak(t.Context(), c.actor, c.conversation, c.message, nil); convo.ErrorKind(err) != c.kind {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	v.err = convo.Errorf(convo.UpstreamFailed, "broken")
	_, err := b.Speak(t.Context(), b.actor, id, said, nil)
	wantKind(t, err, convo.UpstreamFailed)
	if v.all() != "Hello" {
		t.Errorf("it said %q", v.all())
	}
	b.stop()
	b.speaker = nil
	b.start()
	if _, err := b.Speak(t.Context(), b.actor, id, said, nil); convo.ErrorKind(err) != convo.Invalid || !strings.Contains(err.Error(), "speech.url") {
		t.Errorf("without a service: %v", err)
	}
}

func TestWhatIsMaskedIsNotSpoken(t *testing.T) {
	t.Parallel()
	const secret = "Write to ben@mail.example.com"
	v := &voice{}
	b := speaking(t, v)
	private := func() convo.Fields { return convo.Fields{Config: convo.Config{Privacy: new(true)}} }
	try := func(conversation, id string, kind convo.Kind) {
		t.Helper()
		if _, err := b.Speak(t.Context(), b.actor, conversation, id, nil); convo.ErrorKind(err) != kind {
			t.Errorf("%s: %v, want %q", conversation, err, kind)
		}
	}
	id, said := b.told(private(), secret)
	try(id, said, convo.Invalid)
	off := func(f *convo.Fields) { f.Privacy = new(false) }
	if err := b.UpdateConversation(t.Context(), b.actor, id, off, nil); err != nil {
		t.Fatal(err)
	}
	try(id, said, convo.Invalid) // it is masked still

	id, said = b.told(convo.Fields{}, secret)
	on := func(f *convo.Fields) { f.Privacy = new(true) }
	if err := b.UpdateConversation(t.Context(), b.actor, id, on, nil); err != nil {
		t.Fatal(err)
	}
	try(id, said, convo.Invalid) // it would be masked now

	id, said = b.told(private(), "Write soon")
	try(id, said, "")
	partly := private()
	partly.Unmasked = new(true)
	id, said = b.told(partly, secret)
	try(id, said, "")
	if got := v.all(); got != "Write soon|"+secret {
		t.Errorf("it said %q", got)
	}
}

func TestTheSameIsSpokenOnceAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := &voice{before: func(context.Context) error { time.Sleep(time.Second); return nil }}
		b := speaking(t, v)
		id, said := b.told(convo.Fields{}, "Hello")
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if _, err := b.Speak(t.Context(), b.actor, id, said, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if v.all() != "Hello" {
			t.Errorf("it said %q", v.all())
		}
	})
}

func TestOnlySoMuchIsSpokenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		v := &voice{before: func(ctx context.Context) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			running--
			return convo.WrapError(convo.UpstreamTimeout, ctx.Err(), "too slow")
		}}
		b := speaking(t, v)
		var all sync.WaitGroup
		for range 6 {
			id, said := b.told(convo.Fields{}, "Hello")
			all.Go(func() {
				_, err := b.Speak(t.Context(), b.actor, id, said, nil)
				if kind := convo.ErrorKind(err); kind != convo.UpstreamTimeout && kind != convo.Unavailable {
					t.Errorf("error = %v", err)
				}
			})
		}
		all.Wait()
		if most != 4 {
			t.Errorf("%d were spoken at once", most)
		}
	})
}

func TestSpeechThatPanickedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	broken := true
	v := &voice{before: func(context.Context) error {
		if broken {
			panic("broken")
		}
		return nil
	}}
	b := speaking(t, v)
	id, said := b.told(convo.Fields{}, "Hello")
	func() {
		defer func() { _ = recover() }()
		_, _ = b.Speak(t.Context(), b.actor, id, said, nil)
	}()
	broken = false
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := b.Speak(ctx, b.actor, id, said, nil); err != nil {
		t.Error(err)
	}
}
