package mcp

import (
	"context"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// Authenticator finds out who holds a secret.
type Authenticator interface {
	// Actor gives the holder; convo.Unauthenticated unless the secret is good.
	Actor(ctx context.Context, secret string) (convo.Actor, error)
	// Remembers reports whether Actor would know the secret without looking it up.
	Remembers(secret string) bool
}

// authenticate finds who asks.
func (h *Handler) authenticate(r *http.Request) (convo.Actor, error) {
	secret := secretOf(r)
	if secret == "" {
		return convo.Actor{}, convo.Errorf(convo.Unauthenticated, "send a token as Authorization: Bearer <token>")
	}
	from := httpio.ClientAddress(r, h.options.Proxies)
	if err := h.options.Limiter.MayTry(from); err != nil && !h.options.Auth.Remembers(secret) {
		return convo.Actor{}, err
	}
	actor, err := h.options.Auth.Actor(r.Context(), secret)
	if convo.ErrorKind(err) == convo.Unauthenticated {
		h.options.Limiter.TriedWrong(from)
	}
	return actor, err
}

// expired reports whether the token of a request works no more. Looking is no
// attempt: it counts against nobody.
func (h *Handler) expired(ctx context.Context, r *http.Request) bool {
	_, err := h.options.Auth.Actor(ctx, secretOf(r))
	return convo.ErrorKind(err) == convo.Unauthenticated
}

func secretOf(r *http.Request) string {
	fields := strings.Fields(r.Header.Get("Authorization"))
	if len(fields) != 2 || !strings.EqualFold(fields[0], "Bearer") {
		return ""
	}
	return fields[1]
}

// ownerOf names the token that sessions belong to.
func ownerOf(a convo.Actor) string { return a.Tenant + "\x00" + a.Token }

type askerKey struct{}

// asker is who sends a request, and what he may ask for in it.
type asker struct {
	actor convo.Actor
	calls atomic.Int32 // of tools, that the limits have seen and that were not made yet
}

// askerEntry is where the SDK's notes on a token hold who asks.
const askerEntry = "asker"

// known tells the SDK who asks; serve has found that out. The SDK too holds each
// request of a session against the user who began it.
func known(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
	own, ok := ctx.Value(askerKey{}).(*asker)
	if !ok {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{UserID: ownerOf(own.actor), Extra: map[string]any{askerEntry: own}}, nil
}

// actorOf is who sent a request: the holder of that request's token, not of the
// session's first one.
func actorOf(r sdk.Request) (convo.Actor, error) {
	if own := askerOf(r); own != nil {
		return own.actor, nil
	}
	return convo.Actor{}, convo.Errorf(convo.Unauthenticated, "send a token as Authorization: Bearer <token>")
}

func askerOf(r sdk.Request) *asker {
	extra := r.GetExtra()
	if extra == nil || extra.TokenInfo == nil {
		return nil
	}
	own, _ := extra.TokenInfo.Extra[askerEntry].(*asker)
	return own
}

// mayCall takes the one call of a request. One that the limits did not see, because
// it is not the only one or is written so that only the SDK reads it, is refused.
func mayCall(r sdk.Request) error {
	if own := askerOf(r); own == nil || own.calls.Add(-1) < 0 {
		return &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: "a request calls one tool, by one JSON message with one method"}
	}
	return nil
}

// errorCode is the code of errors that are told by their status.
const errorCode = -32000

func statusOf(k convo.Kind) int {
	switch k {
	case convo.Invalid:
		return http.StatusBadRequest
	case convo.Unauthenticated:
		return http.StatusUnauthorized
	case convo.Forbidden:
		return http.StatusForbidden
	case convo.NotFound:
		return http.StatusNotFound
	case convo.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case convo.TooLarge:
		return http.StatusRequestEntityTooLarge
	case convo.RateLimited:
		return http.StatusTooManyRequests
	case convo.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
