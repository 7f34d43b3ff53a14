// Package seal encrypts what is kept at rest and must not be read from a copy
// of the database: answers that are kept for repeats of requests, and what a
// turn was given.
//
// It promises that what [Box.Open] returns is what was sealed with the same
// context by a holder of the key, or an error; and that a text sealed with one
// of several keys says with which, so that keys can be changed one after the
// other. The sealed form is: a version byte, 4 bytes of key id, 12 of nonce,
// then AES-256-GCM. Nonces are random, which is safe for 2³² texts a key.
//
// What leaves the server is sealed under a passphrase instead, by a
// [PassphraseBox].
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// KeySize is how many bytes a key has.
const KeySize = 32

const (
	version   = 1
	idSize    = 4
	nonceSize = 12
	header    = 1 + idSize + nonceSize
)

// Box seals and opens. It may be used by many goroutines.
type Box struct {
	keys []key // the first one seals
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
	root []byte // of the keys that are derived
}

// New makes a box that seals with the first key and opens with all of them.
func New(keys ...[]byte) (*Box, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: no key")
	}
	b := &Box{}
	for _, k := range keys {
		if len(k) != KeySize {
			return nil, fmt.Errorf("seal: a key has %d bytes, not %d", KeySize, len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		b.keys = append(b.keys, key{id: keyID(k), aead: aead, root: derive(k, "parley derived keys")})
	}
	return b, nil
}

// keyID tells keys apart and says nothing about them.
func keyID(k []byte) (id [idSize]byte) {
	sum := sha256.Sum256(append([]byte("parley key id\x00"), k...))
	copy(id[:], sum[:])
	return id
}

// ID names the key that seals, without telling anything of it.
func (b *Box) ID() string { return hex.EncodeToString(b.keys[0].id[:]) }

// Derive gives a key of 32 bytes for a purpose of its own, made of the key that seals:
// the same one as long as that stays. It says nothing about other keys.
func (b *Box) Derive(purpose string) []byte { return derive(b.keys[0].root, purpose) }

func derive(from []byte, purpose string) []byte {
	h := hmac.New(sha256.New, from)
	h.Write([]byte(purpose))
	return h.Sum(nil)
}

// Current reports whether something was sealed with the first key.
func (b *Box) Current(sealed []byte) bool {
	return len(sealed) >= header && sealed[0] == version && bytes.Equal(sealed[1:1+idSize], b.keys[0].id[:])
}

// Seal encrypts plain. The context is not stored: Open must be given the same
// one, so that a sealed text that was moved to another place does not open.
func (b *Box) Seal(plain, context []byte) []byte {
	k := b.keys[0]
	sealed := make([]byte, header, header+len(plain)+k.aead.Overhead())
	sealed[0] = version
	copy(sealed[1:], k.id[:])
	nonce := sealed[1+idSize : header]
	_, _ = rand.Read(nonce) // never fails, says crypto/rand
	return k.aead.Seal(sealed, nonce, plain, context)
}

// Open decrypts what Seal made.
func (b *Box) Open(sealed, context []byte) ([]byte, error) {
	if len(sealed) < header || sealed[0] != version {
		return nil, errors.New("seal: this was not sealed by a version that is known here")
	}
	id := sealed[1 : 1+idSize]
	for _, k := range b.keys {
		if !bytes.Equal(k.id[:], id) {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[1+idSize:header], sealed[header:], context)
		if err != nil {
			return nil, errors.New("seal: the sealed text was changed, or belongs elsewhere")
		}
		return plain, nil
	}
	return nil, fmt.Errorf("seal: this was sealed with another key (%x)", id)
}
