package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/parleyhq/parley/internal/convo"
)

// NewSecret makes a secret that nobody can guess: 32 random bytes, in 46
// characters that need no escaping in headers and addresses. The prefix lets
// people and scanners of leaked secrets see what it is.
func NewSecret() (string, convo.TokenHash) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails, says crypto/rand
	text := "pk_" + base64.RawURLEncoding.EncodeToString(secret[:])
	return text, Hash(text)
}

// Hash is what the store keeps of a secret. It needs no salt and no slowness:
// there is nothing to guess in 256 random bits.
func Hash(secret string) convo.TokenHash { return sha256.Sum256([]byte(secret)) }
