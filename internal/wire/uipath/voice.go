package uipath

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// hearing is a voice stream that a client has not ended. It is the worker's alone.
type hearing struct {
	id string
	*engine.Listening
}

// listen takes a piece of a voice stream. What was heard becomes an exchange when
// the stream ends; of a stream that does not exist nothing is taken, for one that was
// refused goes on for a while.
func (s *socket) listen(ctx context.Context, a *attachment, h heard) error {
	e := h.stream
	if start := e.StartAsyncInputStream; start != nil {
		if err := s.beginHearing(ctx, a, e.StreamID, start.MimeType); err != nil {
			s.refuseStream(ctx, a, e.StreamID, err)
			return err
		}
	}
	if a.hearing == nil || a.hearing.id != e.StreamID {
		return nil
	}
	if e.Chunk != nil {
		if err := a.hearing.Add(ctx, e.Chunk.Data); err != nil {
			a.hearing = nil
			s.refuseStream(ctx, a, e.StreamID, err)
			return err
		}
	}
	if e.EndAsyncInputStream != nil {
		over := a.hearing
		a.hearing = nil
		over.End(ctx, func(err error) {
			if err != nil {
				s.refuseConversation(s.live.ctx, a.conversation, errClientEvent, err)
			}
		})
	}
	return nil
}

func (s *socket) beginHearing(ctx context.Context, a *attachment, id, mediaType string) error {
	if a.hearing != nil {
		return convo.Errorf(convo.Conflict, "one stream at a time: end the other one first")
	}
	l, err := s.live.engine.Listen(ctx, s.actor, a.conversation, engine.Hearing{Front: frontName, MediaType: mediaType})
	if err == nil {
		a.hearing = &hearing{id, l}
	}
	return err
}

// deafen forgets a stream that was not ended.
func (a *attachment) deafen(ctx context.Context) {
	if a.hearing != nil {
		a.hearing.Drop(ctx)
		a.hearing = nil
	}
}

// refuseStream tells the client that nothing is taken of a stream. Its end is not
// told: the client would fail at the next piece that it sends.
func (s *socket) refuseStream(ctx context.Context, a *attachment, id string, err error) {
	s.logInternal(err, a.conversation)
	if !s.has(a) {
		return
	}
	s.say(ctx, &event{ConversationID: a.conversation, AsyncInputStream: &streamEvent{
		StreamID: id,
		AsyncInputStreamError: &errorEvent{ErrorID: errClientEvent, StartError: &errorStart{
			Message: convo.PublicError(err).Message,
		}},
	}})
}
