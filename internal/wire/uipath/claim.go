package uipath

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// goneAfter is how long a client may be away before its calls are somebody else's.
const goneAfter = 2 * time.Minute

// state reads where a conversation stands. Calls that run in a client which is gone
// are this socket's from then on, if it starts a session.
func (l *live) state(ctx context.Context, s *socket, a *attachment) (engine.State, error) {
	state, err := a.room.watch.State(ctx, s.actor)
	if err != nil || !a.replays {
		return state, err
	}
	claimed := false
	for _, t := range state.Open {
		for _, c := range t.Calls {
			if c.Runs != convo.RunsClient || c.To == s.pid {
				continue
			}
			won, err := l.claim(ctx, s, a.conversation, c)
			if err != nil {
				return state, err
			}
			claimed = claimed || won
		}
	}
	if claimed {
		return a.room.watch.State(ctx, s.actor)
	}
	return state, nil
}

func (l *live) claim(ctx context.Context, s *socket, conversation string, c convo.OpenCall) (bool, error) {
	gone, err := l.gone(ctx, c.To, conversation)
	if err != nil || !gone {
		return false, err
	}
	return l.engine.ClaimClientCall(ctx, s.actor, conversation, c.ID, s.pid, func(session string) bool { return session == c.To })
}

// gone reports whether a session will not carry anything out in a conversation any
// more: it has ended, or its client did not come back in time.
func (l *live) gone(ctx context.Context, pid, conversation string) (bool, error) {
	if pid == "" {
		return true, nil
	}
	l.mu.Lock()
	s := l.sockets[pid]
	l.mu.Unlock()
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.attached[conversation] == nil, nil
	}
	stored, err := l.sessions.Socket(ctx, pid)
	if convo.ErrorKind(err) == convo.NotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var saved savedSession
	if json.Unmarshal(stored.State, &saved) != nil {
		return true, nil
	}
	has := slices.ContainsFunc(saved.Attached, func(a savedAttachment) bool { return a.Conversation == conversation })
	return !has || time.Since(stored.Seen) > goneAfter, nil
}
