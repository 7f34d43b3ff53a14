package engine

import (
	"context"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// orders gives what the prompt of a conversation's turn begins with: its backstory,
// what the turn adds to it, what the application has given the agent, and what the
// user says of himself. The last is that of the conversation's owner; that of the
// tenant's service user counts only for what clients say in sessions, since all who
// use other fronts stand for him. It is the same from turn to turn as long as nobody
// changes it.
func (e *Engine) orders(ctx context.Context, head convo.Head, given *Given, session bool) (string, error) {
	parts := []string{given.backstory(head.Backstory)}
	if len(head.AgentInput) > 0 {
		parts = append(parts, "The input of the application, as JSON:\n"+string(head.AgentInput))
	}
	if head.Owner != nil || session {
		settings, err := e.settingsOf(ctx, head.Tenant, text(head.Owner))
		if err != nil {
			return "", err
		}
		parts = append(parts, settings.Context())
	}
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, "\n\n"), nil
}

// settingsOf gives what a user says of himself, which may be nothing.
func (e *Engine) settingsOf(ctx context.Context, tenant, user string) (convo.Settings, error) {
	s, err := e.store.Settings(ctx, tenant, user)
	if convo.ErrorKind(err) == convo.NotFound {
		return convo.Settings{}, nil
	}
	return s, err
}
