package convo

import "time"

// Actor is who asks: the holder of a token, in one tenant.
type Actor struct {
	Tenant       string
	Token        string // id of the token; of an identity provider's user, his own
	Conversation string // set for a session token: the only conversation it may touch

	// App names the application that an account secret belongs to. It survives the
	// rotation of the secret; the application's external users are kept under it.
	App string
	// User is who owns what is made, an id that is unique in the tenant; "" is the
	// tenant's service user, for whom account secrets stand.
	User string
	// Own says that the actor knows only conversations that User owns. Without it,
	// as for account secrets of ChatBotKit's API, he knows all of the tenant.
	Own bool
	// Subject is what an identity provider calls its user; "" for all others.
	Subject string
	// Name and Email are what the provider says of its user; either may be "".
	Name, Email string
	// Expires is when the token ends; zero = never.
	Expires time.Time
}

// Session reports whether the actor is bound to one conversation.
func (a Actor) Session() bool { return a.Conversation != "" }

// UserID is what protocols show as the user's id: never "".
func (a Actor) UserID() string {
	switch {
	case a.Subject != "":
		return a.Subject
	case a.User != "":
		return a.User
	}
	return StableID("service user", a.Tenant)
}

// TokenHash is the SHA-256 of a token's secret. The secret itself is stored nowhere.
type TokenHash [32]byte

// Token is a credential, without its secret.
type Token struct {
	ID           string
	Tenant       string
	Hash         TokenHash
	Name         string
	Source       string // who manages it: "api", "config", "session" or "console"
	Conversation string // for a session token
	App          string // the application that holds it; rotated secrets of one keep its users
	Created      time.Time
	Expires      time.Time // zero = never
	Revoked      time.Time // zero = not revoked
}

// RequestID names a request that changed something, so that a repeat of it is
// recognised: the SHA-256 of what makes two requests the same.
type RequestID [32]byte

// Request is the record of a request that changed something, written in the
// transaction of its first effect.
type Request struct {
	ID           RequestID
	Keyed        bool     // the caller gave an Idempotency-Key
	Body         [32]byte // SHA-256 of the body
	Attempt      string   // tells this record from later ones with the same ID
	Tenant       string
	Conversation string // with Turn
	Turn         string // the turn that it opened, or ""
	Answer       []byte // sealed; what was answered, when there is no turn
	Created      time.Time
	Written      bool // its answer was written completely
}
