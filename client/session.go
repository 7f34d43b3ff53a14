package client

import "context"

// SessionService makes tokens for browsers.
type SessionService struct{ client *Client }

// SessionCreateRequest says how long a session lasts.
type SessionCreateRequest struct {
	DurationInSeconds int `json:"durationInSeconds,omitzero"` // 1800 to 86400; 0 = 3600
}

// Session is a token that works for one conversation, until it expires. It is
// shown only now.
type Session struct {
	ID        string `json:"id"` // of the conversation
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expiresAt"`
}

// Create makes a token that a browser may have.
func (s *SessionService) Create(ctx context.Context, conversation string, in SessionCreateRequest, options ...Option) (*Session, error) {
	r, err := postConversation(conversation, in, "session", "create")
	return call[Session](ctx, s.client, r, err, options)
}
