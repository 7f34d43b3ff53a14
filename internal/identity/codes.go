package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

const (
	codeLife = time.Minute
	maxCodes = 10_000
)

// grant is what a code stands for.
type grant struct {
	client, redirect, challenge string
	scope, nonce                string
	account                     account
	stamp                       string
	signIn                      string // the id that the sign-in will have
}

// codes are in memory, by their hashes: they live for a minute. A code that was
// used is remembered until then, to notice that somebody else has it too.
type codes struct {
	now func() time.Time

	mu sync.Mutex // guards what follows
	by map[[32]byte]*code
}

type code struct {
	grant
	expires      time.Time
	used, reused bool
}

func newCodes(now func() time.Time) *codes { return &codes{now: now, by: map[[32]byte]*code{}} }

// put makes a code for a grant.
func (c *codes) put(g grant) (string, error) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails, says crypto/rand
	text, now := base64.RawURLEncoding.EncodeToString(secret[:]), c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.by) >= maxCodes {
		for hash, old := range c.by {
			if !now.Before(old.expires) {
				delete(c.by, hash)
			}
		}
	}
	if len(c.by) >= maxCodes {
		return "", &convo.Error{Kind: convo.Unavailable, Message: "too many people sign in at once; try again in a minute", RetryAfter: codeLife}
	}
	c.by[sha256.Sum256([]byte(text))] = &code{grant: g, expires: now.Add(codeLife)}
	return text, nil
}

// take uses a code. ok is false if there is no such code, or it was used before:
// then again is true, and the grant says what to end.
func (c *codes) take(text string) (g grant, ok, again bool) {
	hash := sha256.Sum256([]byte(text))
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.by[hash]
	if found == nil || !c.now().Before(found.expires) {
		delete(c.by, hash)
		return grant{}, false, false
	}
	if found.used {
		found.reused = true
		return found.grant, false, true
	}
	found.used = true
	return found.grant, true, false
}

// reused reports whether a code that was taken was shown again since.
func (c *codes) reused(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.by[sha256.Sum256([]byte(text))]
	return found != nil && found.reused
}
