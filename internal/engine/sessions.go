package engine

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of a session's life.
const (
	DefaultSession = time.Hour
	MinSession     = 30 * time.Minute
	MaxSession     = 24 * time.Hour
)

// Session is a token that works for one conversation, from a browser.
type Session struct {
	Conversation string
	Token        string // the only time that it is seen
	Expires      time.Time
}

// CreateSession makes a token for one conversation. It dies at its expiry, and
// with its conversation. lasts = 0 means DefaultSession.
func (e *Engine) CreateSession(ctx context.Context, actor convo.Actor, conversation string, lasts time.Duration, ask *Ask) (Session, error) {
	key, err := owned(actor, conversation)
	if err != nil {
		return Session{}, err
	}
	if lasts, err = sessionTime(lasts); err != nil {
		return Session{}, err
	}
	var session Session
	err = e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		session, err = e.putSession(tx, actor, lasts)
		return session, err
	})
	return session, err
}

// sessionTime holds how long a session is to last against the bounds.
func sessionTime(lasts time.Duration) (time.Duration, error) {
	if lasts == 0 {
		lasts = DefaultSession
	}
	if lasts < MinSession || lasts > MaxSession {
		return 0, convo.Errorf(convo.Invalid, "durationInSeconds must be from %d to %d", int(MinSession.Seconds()), int(MaxSession.Seconds()))
	}
	return lasts, nil
}

// putSession stores a token for the conversation of a transaction.
func (e *Engine) putSession(tx store.Tx, actor convo.Actor, lasts time.Duration) (Session, error) {
	secret, hash := e.newSecret()
	at, conversation := now(), tx.Head().ID
	session := Session{Conversation: conversation, Token: secret, Expires: at.Add(lasts)}
	return session, tx.PutToken(convo.Token{
		ID: newID(), Tenant: actor.Tenant, Hash: hash, Source: "session",
		Conversation: conversation, Created: at, Expires: session.Expires,
	})
}

// Models lists the models that a request may name.
func (e *Engine) Models(ctx context.Context) []model.Listed { return e.models.List(ctx) }
