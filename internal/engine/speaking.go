package engine

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// How messages are spoken.
const (
	speakTime  = 2 * time.Minute // for one of them, with its wait for a place
	speakAtOne = 4               // at once: each is in memory as a whole
)

// speeches bounds what is spoken at once, and lets those that ask for the same wait
// for each other.
type speeches struct {
	places chan struct{}

	mu      sync.Mutex
	running map[string]chan struct{} // by the id of the file; closed at the end
}

func newSpeeches() *speeches {
	return &speeches{places: make(chan struct{}, speakAtOne), running: map[string]chan struct{}{}}
}

// begin reports whether nobody makes that file. Then the caller does, and ends it;
// else over tells when the one who does has ended.
func (s *speeches) begin(file string) (end func(), over <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if running, ok := s.running[file]; ok {
		return nil, running
	}
	done := make(chan struct{})
	s.running[file] = done
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, file)
		close(done)
	}, nil
}

// speechID is the id of the file that says a message: there is one at most.
func speechID(key hub.Key, message string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("speech\x00"+key.Tenant+"\x00"+key.Conversation+"\x00"+message)).String()
}

// Speak has a message said, and gives the file of its conversation that says it. What
// was said already is not said again until the text changes; then the file goes, as it
// does with its message.
//
// A conversation keeps from the service what it keeps from its model: where something
// in the text is masked, or would be, it is refused, because nobody understands spoken
// placeholders; unless the bot lets through what cannot be masked.
func (e *Engine) Speak(ctx context.Context, actor convo.Actor, conversation, message string, ask *Ask) (convo.File, error) {
	key, err := owned(actor, conversation)
	if err != nil {
		return convo.File{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, speakTime)
	defer cancel()
	id := speechID(key, message)
	for {
		said, err := e.store.Message(ctx, key.Tenant, conversation, message)
		if err != nil {
			return convo.File{}, err
		}
		f, err := e.store.File(ctx, id)
		if err == nil {
			return f, e.spoken(ctx, key, actor, said, &f, ask)
		}
		if convo.ErrorKind(err) != convo.NotFound {
			return convo.File{}, err
		}
		end, over := e.speeches.begin(id)
		if end == nil {
			select {
			case <-over:
				continue
			case <-ctx.Done():
				return convo.File{}, errTooMuchSpeech()
			}
		}
		defer end()
		if f, err = e.speakNow(ctx, key, said); err == nil {
			err = e.spoken(ctx, key, actor, said, &f, ask)
		}
		return f, err
	}
}

// speakNow has a message said and stores the audio, which is nobody's yet: the file has
// no Uses.
func (e *Engine) speakNow(ctx context.Context, key hub.Key, m convo.Message) (convo.File, error) {
	text, err := e.sayable(ctx, key, m)
	if err != nil {
		return convo.File{}, err
	}
	select {
	case e.speeches.places <- struct{}{}:
		defer func() { <-e.speeches.places }()
	case <-ctx.Done():
		return convo.File{}, errTooMuchSpeech()
	}
	audio, err := e.speaker.Speak(ctx, text)
	if err != nil {
		e.log.Warn("a message could not be spoken", "conversation", key.Conversation, "error", err)
		return convo.File{}, err
	}
	s, err := e.storeContent(ctx, Content{
		Reader: bytes.NewReader(audio.Data), Name: "speech." + audio.Extension, MediaType: audio.MediaType,
	})
	if err != nil {
		return convo.File{}, err
	}
	f := attachmentOf(key, speechID(key, m.ID), s)
	f.Message = m.ID
	return f, nil
}

func errTooMuchSpeech() error {
	return convo.Errorf(convo.Unavailable, "too many messages are being spoken; try again in a moment")
}

// sayable gives the text of a message as a service may see it, or says why it may not.
func (e *Engine) sayable(ctx context.Context, key hub.Key, m convo.Message) (string, error) {
	switch {
	case e.speaker == nil:
		return "", convo.Errorf(convo.Invalid, "no service that speaks is configured; set speech.url or speech.provider")
	case strings.TrimSpace(m.Text) == "":
		return "", convo.Errorf(convo.Invalid, "the message has no text that could be spoken")
	}
	head, err := e.store.Conversation(ctx, key.Tenant, key.Conversation)
	if err != nil {
		return "", err
	}
	_, config, err := e.resolveConfig(ctx, key.Tenant, head.BotID, head.Config)
	if err != nil {
		return "", err
	}
	shown := e.revealer(ctx, key)
	text := shown.message(m).Text
	if shown.err != nil || letsThrough(config) {
		return text, shown.err
	}
	if text != m.Text {
		return "", errUnmaskable("the speech of this message")
	}
	secret, err := e.keeps(ctx, key, config)
	if err != nil || !secret.private() {
		return text, err
	}
	if masked, _ := secret.vault.Clone().Mask(text); masked != text {
		return "", errUnmaskable("the speech of this message")
	}
	return text, nil
}

// spoken makes f, which was stored for a text of a message, the file that says it, if
// it is not already.
func (e *Engine) spoken(ctx context.Context, key hub.Key, actor convo.Actor, said convo.Message, f *convo.File, ask *Ask) error {
	// What was begun is ended, also when the caller has gone.
	steady, upload := context.WithoutCancel(ctx), f.Upload
	err := e.once(steady, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(key.Conversation)
		}
		current, err := visibleMessage(tx, actor, said.ID)
		if err != nil {
			return nil, err
		}
		there, err := tx.OwnFile(f.ID)
		switch {
		case err == nil:
			*f = there
			return there, nil
		case convo.ErrorKind(err) != convo.NotFound:
			return nil, err
		case current.Text != said.Text || f.Uses > 0:
			return nil, convo.Errorf(convo.Conflict, "the message was changed meanwhile; ask again")
		}
		return *f, tx.AddFile(*f)
	})
	if err != nil || ask.replayed() || f.Upload != upload {
		err = errors.Join(err, e.store.DropUpload(steady, upload))
	}
	return err
}

// unspeak removes the file that says a message, if there is one.
func unspeak(tx store.Tx, message string) error {
	head := tx.Head()
	return tx.ReleaseFile(speechID(hub.Key{Tenant: head.Tenant, Conversation: head.ID}, message))
}
