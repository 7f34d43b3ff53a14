package engine

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/transcribe"
)

// How recordings are written down.
const (
	transcribeTime = 2 * time.Minute // for one of them, with its wait for a place
	transcriptions = 8               // at once
	recordings     = 64              // at once, with those that wait for it
)

// Hearing is what a client says of a recording that it is going to send.
type Hearing struct {
	Front     string
	MediaType string
}

// Hears reports whether recordings can be written down.
func (e *Engine) Hears() bool { return e.transcriber != nil }

// Listening is a recording that comes piece by piece. It is for one goroutine at a
// time, and has to be ended or dropped. What has come is kept in the store, until it
// was written down; what a kill leaves there is swept away after a day.
type Listening struct {
	e       *Engine
	key     hub.Key
	actor   convo.Actor
	front   string
	format  transcribe.Format
	file    convo.File // of which there is only the content
	pieces  int64
	pending []byte
	over    bool
}

// Listen begins a recording of a conversation. It is refused if nothing can write it
// down, or not in that format.
func (e *Engine) Listen(ctx context.Context, actor convo.Actor, conversation string, h Hearing) (*Listening, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return nil, err
	}
	if e.transcriber == nil {
		return nil, convo.Errorf(convo.NotImplemented, "no service that writes down speech is configured; set transcription.url or transcription.provider")
	}
	head, err := e.store.Head(ctx, key.Tenant, conversation)
	if convo.ErrorKind(err) == convo.NotFound || err == nil && own(actor, head.Conversation) != nil {
		return nil, unknownConversation(conversation)
	}
	if err != nil {
		return nil, err
	}
	if _, config, err := e.resolveConfig(ctx, key.Tenant, head.BotID, head.Config); err != nil {
		return nil, err
	} else if private(config) && !letsThrough(config) {
		return nil, errUnmaskable("a recording")
	}
	format, err := transcribe.ParseFormat(h.MediaType)
	if err != nil {
		return nil, err
	}
	return &Listening{e: e, key: key, actor: actor, front: h.Front, format: format, file: convo.File{Upload: newID()}}, nil
}

// Add adds to the recording. An error ends it: TooLarge, if it is longer than files
// may be.
func (l *Listening) Add(ctx context.Context, data []byte) error {
	switch {
	case l.over:
		return convo.Errorf(convo.Conflict, "the recording has ended")
	case l.file.Size+int64(len(data)) > l.e.limits.File:
		l.Drop(ctx)
		return convo.Errorf(convo.TooLarge, "the recording is too long; say at most %d bytes at once", l.e.limits.File)
	}
	l.file.Size += int64(len(data))
	l.pending = append(l.pending, data...)
	if len(l.pending) < store.FilePiece {
		return nil
	}
	for len(l.pending) >= store.FilePiece {
		if err := l.put(ctx, store.FilePiece); err != nil {
			l.Drop(ctx)
			return err
		}
	}
	l.pending = bytes.Clone(l.pending) // without what was stored
	return nil
}

// put stores the first n bytes of what is pending as a piece.
func (l *Listening) put(ctx context.Context, n int) error {
	err := l.e.store.PutPiece(context.WithoutCancel(ctx), l.file.Upload, l.pieces, now(), l.pending[:n])
	l.e.noteRoom(err)
	l.pieces++
	l.pending = l.pending[n:]
	return err
}

// Drop forgets the recording, unless it was ended.
func (l *Listening) Drop(ctx context.Context) {
	if l.over {
		return
	}
	l.over, l.pending = true, nil
	l.forget(context.WithoutCancel(ctx))
}

// forget removes what is stored. What cannot be is swept away later.
func (l *Listening) forget(ctx context.Context) {
	if l.pieces == 0 {
		return
	}
	if err := l.e.store.DropUpload(ctx, l.file.Upload); err != nil {
		l.e.log.Warn("a recording could not be removed", "conversation", l.key.Conversation, "error", err)
	}
}

// End ends the recording, which is written down in the background and answered as an
// exchange of its own. done is called once, mostly later and from another goroutine:
// with nil when the exchange is asked for, or nothing was said, else with the reason
// why there is none.
func (l *Listening) End(ctx context.Context, done func(error)) {
	if l.over {
		done(nil)
		return
	}
	l.over = true
	if err := l.e.enter(&l.e.active); err != nil {
		l.forget(context.WithoutCancel(ctx))
		done(err)
		return
	}
	select {
	case l.e.recordings <- struct{}{}:
	default:
		l.e.active.Done()
		l.forget(context.WithoutCancel(ctx))
		done(tooManyRecordings())
		return
	}
	go func() {
		defer l.e.active.Done()
		defer func() { <-l.e.recordings }()
		err := l.answer()
		l.forget(l.e.over)
		done(err)
	}()
}

// answer writes the recording down and asks for its turn. A drain does not wait for
// what takes long: nobody could be answered any more.
func (l *Listening) answer() error {
	e := l.e
	ctx, cancel := context.WithTimeout(e.calm, transcribeTime)
	defer cancel()
	select {
	case e.hearing <- struct{}{}:
		defer func() { <-e.hearing }()
	case <-ctx.Done():
		return tooManyRecordings()
	}
	if len(l.pending) > 0 {
		if err := l.put(ctx, len(l.pending)); err != nil {
			return err
		}
	}
	if l.file.Size == 0 {
		return nil
	}
	said, err := e.transcriber.Transcribe(ctx, transcribe.Audio{
		Format: l.format, Size: l.file.Size, Data: &fileReader{ctx: ctx, e: e, file: l.file},
	})
	if err != nil {
		e.log.Warn("a recording could not be written down", "conversation", l.key.Conversation, "error", err)
		return err
	}
	if said == "" {
		return nil
	}
	settings, err := e.settingsOf(ctx, l.actor.Tenant, l.actor.User)
	if err != nil {
		return err
	}
	in := TurnInput{Text: &said, Front: l.front, Zone: text(settings.Zone), transcript: true}
	reading, err := e.Complete(ctx, l.actor, l.key.Conversation, in, nil)
	if err == nil {
		reading.sub.Cancel() // those who want to see it read the log
	}
	return err
}

func tooManyRecordings() error {
	return convo.Errorf(convo.Unavailable, "too many recordings are being written down; say it again")
}

// fileReader reads a file from its beginning.
type fileReader struct {
	ctx    context.Context // of the one use that the reader is made for
	e      *Engine
	file   convo.File
	offset int64
}

func (r *fileReader) Read(p []byte) (int, error) {
	if r.offset >= r.file.Size {
		return 0, io.EOF
	}
	n, err := r.e.ReadFile(r.ctx, r.file, p, r.offset)
	r.offset += int64(n)
	if n > 0 {
		err = nil // what comes next says it again
	}
	return n, err
}
