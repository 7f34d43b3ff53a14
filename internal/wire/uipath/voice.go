package uipath

import "context"

// listen takes a piece of a voice stream.
func (s *socket) listen(ctx context.Context, a *attachment, h heard) {
	if h.stream.StartAsyncInputStream == nil {
		return
	}
	s.say(ctx, &event{ConversationID: a.conversation, AsyncInputStream: &streamEvent{
		StreamID: h.stream.StreamID,
		AsyncInputStreamError: &errorEvent{ErrorID: errClientEvent, StartError: &errorStart{
			Message: "this server takes no voice: set transcription",
		}},
	}})
}
