package engine

import "github.com/parleyhq/parley/internal/convo"

// own keeps from an actor who knows only his own conversations that there are others.
func own(actor convo.Actor, c convo.Conversation) error {
	if actor.Own && text(c.Owner) != actor.User {
		return unknownConversation(c.ID)
	}
	return nil
}
