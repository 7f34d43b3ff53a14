package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// SaltSize is how many bytes the salt of a passphrase has.
const SaltSize = 16

// The bounds of what a file may ask of a machine to open it: some seconds, and
// memory that a small server has.
const (
	maxTime    = 16
	maxMemory  = 256 << 10 // KiB
	maxThreads = 16
)

// Stretch says how a passphrase becomes a key: by Argon2id. It is no secret, and
// belongs beside what is sealed.
type Stretch struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
	Salt    []byte // of SaltSize bytes
}

// NewStretch is the way for what is sealed today, the second choice of RFC 9106
// for all machines: 64 MiB and three passes. With nil the salt is a new one.
func NewStretch(salt []byte) Stretch {
	if salt == nil {
		salt = make([]byte, SaltSize)
		_, _ = rand.Read(salt) // never fails, says crypto/rand
	}
	return Stretch{Time: 3, Memory: 64 << 10, Threads: 4, Salt: salt}
}

func (s Stretch) check() error {
	switch {
	case len(s.Salt) != SaltSize:
		return fmt.Errorf("seal: a salt has %d bytes, not %d", len(s.Salt), SaltSize)
	case s.Time < 1 || s.Time > maxTime || s.Threads < 1 || s.Threads > maxThreads,
		s.Memory < 8*uint32(s.Threads) || s.Memory > maxMemory:
		return fmt.Errorf("seal: Argon2id with %d passes, %d KiB and %d threads is not among what is done here", s.Time, s.Memory, s.Threads)
	}
	return nil
}

// PassphraseBox seals and opens under a passphrase. Other than with [Box], the
// same text in the same context is always the same sealed text: nonces are made
// from both, and so equal texts in different contexts still look different. The
// sealed form is 12 bytes of nonce, then AES-256-GCM. It may be used by many
// goroutines.
type PassphraseBox struct {
	aead   cipher.AEAD
	nonces []byte // the key that nonces are made with
	check  []byte
}

// Box makes the box of a passphrase, which takes a moment, and the memory.
func (s Stretch) Box(passphrase string) (*PassphraseBox, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	root := argon2.IDKey([]byte(passphrase), s.Salt, s.Time, s.Memory, s.Threads, KeySize)
	derive := func(use string, size int) []byte {
		key, err := hkdf.Expand(sha256.New, root, "parley passphrase "+use, size)
		if err != nil {
			panic(err) // these sizes are always good
		}
		return key
	}
	block, err := aes.NewCipher(derive("texts", KeySize))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &PassphraseBox{aead, derive("nonces", KeySize), derive("check", SaltSize)}, nil
}

// Check is what a passphrase is known by before anything is opened. To guess
// from it is as hard as from what is sealed.
func (b *PassphraseBox) Check() []byte { return b.check }

// Checks reports whether a check is that of this passphrase.
func (b *PassphraseBox) Checks(check []byte) bool { return hmac.Equal(check, b.check) }

// Seal encrypts plain. The context is not stored: Open must be given the same one.
func (b *PassphraseBox) Seal(plain, context []byte) []byte {
	nonce := b.nonce(plain, context)
	return b.aead.Seal(nonce, nonce, plain, context)
}

// nonce makes a nonce that another text or another context does not get.
func (b *PassphraseBox) nonce(plain, context []byte) []byte {
	mac := hmac.New(sha256.New, b.nonces)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(context))))
	mac.Write(context)
	mac.Write(plain)
	return mac.Sum(nil)[:nonceSize:nonceSize]
}

// Open decrypts what Seal made.
func (b *PassphraseBox) Open(sealed, context []byte) ([]byte, error) {
	if len(sealed) >= nonceSize {
		plain, err := b.aead.Open(nil, sealed[:nonceSize], sealed[nonceSize:], context)
		if err == nil {
			return plain, nil
		}
	}
	return nil, errors.New("seal: the sealed text was changed, or belongs elsewhere")
}
