package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/parleyhq/parley/internal/convo"
)

// What hashing a password costs: 32 MiB and some 50 ms.
const (
	hashMemory  = 32 << 10 // KiB
	hashTime    = 3
	hashThreads = 1
	hashSize    = 32
	saltSize    = 16
)

const (
	minPassword = 8
	maxPassword = 1024
)

// hashed is a hash of a password with what it was made with.
type hashed struct {
	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

const hashPrefix = "$argon2id$"

// isHash tells a hash from a password.
func isHash(text string) bool { return strings.HasPrefix(text, hashPrefix) }

// HashPassword makes what is kept of a password, in the usual text form with its
// parameters. A password that is too short or too long is [convo.Invalid].
func HashPassword(password string) (string, error) {
	if len(password) < minPassword || len(password) > maxPassword {
		return "", convo.Errorf(convo.Invalid, "a password has %d to %d bytes", minPassword, maxPassword)
	}
	h := hashed{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, saltSize)}
	_, _ = rand.Read(h.salt) // never fails, says crypto/rand
	h.sum = h.hash(password, hashSize)
	return h.String(), nil
}

func (h hashed) hash(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(size))
}

// String is the form that parseHash reads.
func (h hashed) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", hashPrefix, argon2.Version, h.memory, h.time, h.threads,
		enc.EncodeToString(h.salt), enc.EncodeToString(h.sum))
}

// parseHash reads a hash. One that would cost much more than ours is refused.
func parseHash(text string) (h hashed, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || !isHash(text) {
		return h, errors.New("it is no Argon2id hash")
	}
	var version int
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return h, errors.New("its version is not known")
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); n != 3 || err != nil {
		return h, errors.New("its parameters cannot be read")
	}
	if h.memory < 8 || h.memory > 8*hashMemory || h.time < 1 || h.time > 16 || h.threads < 1 || h.threads > 16 {
		return h, fmt.Errorf("its parameters are beyond what is taken: m at most %d, t and p at most 16", 8*hashMemory)
	}
	h.salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err == nil {
		h.sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.sum) < 16 || len(h.sum) > 64 {
		return h, errors.New("its salt or its sum cannot be read")
	}
	return h, nil
}

// How many passwords are hashed at a time, and how many more wait.
const (
	hashAtOnce  = 2
	hashWaiting = 32
)

// hasher bounds what hashing costs: whoever asks for too much at once is told to
// come back.
type hasher struct {
	running chan struct{}
	waiting chan struct{}
	decoy   hashed
}

func newHasher() *hasher {
	salt := make([]byte, saltSize)
	return &hasher{
		running: make(chan struct{}, hashAtOnce), waiting: make(chan struct{}, hashAtOnce+hashWaiting),
		decoy: hashed{memory: hashMemory, time: hashTime, threads: hashThreads, salt: salt, sum: make([]byte, hashSize)},
	}
}

// matches reports whether a password is that of a stored one: a hash, or the
// password itself. A stored one of "" matches nothing. All but hashes
// with other parameters than ours take the same time.
func (h *hasher) matches(ctx context.Context, stored, password string) (bool, error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return false, &convo.Error{Kind: convo.Unavailable, Message: "too many people sign in at once; try again in a moment", RetryAfter: time.Second}
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if len(password) > maxPassword {
		password = "" // as wrong as any
	}
	hash := h.decoy
	if isHash(stored) {
		var err error
		if hash, err = parseHash(stored); err != nil {
			return false, err
		}
	}
	right := subtle.ConstantTimeCompare(hash.hash(password, len(hash.sum)), hash.sum) == 1
	if isHash(stored) {
		return right, nil
	}
	return stored != "" && subtle.ConstantTimeCompare([]byte(stored), []byte(password)) == 1, nil
}
