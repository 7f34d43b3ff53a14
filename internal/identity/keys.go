package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
)

// keyLife is how long a key signs; then the next one does. It goes on to be
// published for as long as what it signed may be shown, and some time more.
const keyLife = 90 * 24 * time.Hour

// secretID is the id of the key of refresh tokens and stamps, which is in the
// same table as the keys that sign.
const secretID = "secret"

// keyring holds the keys. It never changes; a new one takes its place.
type keyring struct {
	secret []byte
	keys   []signingKey // the newest first; that one signs
}

type signingKey struct {
	id      string
	created time.Time
	private *ecdsa.PrivateKey
}

// refreshKeys reads the keys, makes those that are missing or due, and removes
// those that signed nothing that is still good.
func (p *Provider) refreshKeys(ctx context.Context) error {
	ring, err := p.readKeys(ctx)
	if err != nil {
		return err
	}
	now := p.o.Now()
	if ring.secret == nil {
		if ring.secret, err = p.makeSecret(ctx, now); err != nil {
			return err
		}
	}
	if len(ring.keys) == 0 || !now.Before(ring.keys[0].created.Add(keyLife)) {
		fresh, err := p.makeKey(ctx, now)
		if err != nil {
			return err
		}
		ring.keys = append([]signingKey{fresh}, ring.keys...)
	}
	for i := 1; i < len(ring.keys); i++ {
		// Its last token was signed when the next key was made.
		if ended := ring.keys[i-1].created.Add(p.o.TokenLife + 24*time.Hour); now.Before(ended) {
			continue
		}
		if err := p.o.Store.DeleteSigningKey(ctx, ring.keys[i].id); err != nil {
			return err
		}
		ring.keys = append(ring.keys[:i], ring.keys[i+1:]...)
		i--
	}
	p.keys.Store(ring)
	return nil
}

// readKeys opens what is stored. What the server's key does not open was given up
// with the key before it: it is removed.
func (p *Provider) readKeys(ctx context.Context) (*keyring, error) {
	stored, err := p.o.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	ring := &keyring{}
	for _, k := range stored {
		plain, err := p.o.Sealer.Open(k.Sealed, convo.SigningKeyContext(k.ID))
		if err == nil {
			err = ring.add(k, plain)
		}
		if err != nil {
			p.o.Log.WarnContext(ctx, "a key of the identity provider cannot be opened and is replaced: everybody has to sign in again", "key", k.ID, "error", err)
			if err := p.o.Store.DeleteSigningKey(ctx, k.ID); err != nil {
				return nil, err
			}
		}
	}
	return ring, nil
}

func (r *keyring) add(k convo.SigningKey, plain []byte) error {
	if k.ID == secretID {
		r.secret = plain
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return err
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return fmt.Errorf("it is a %T", parsed)
	}
	r.keys = append(r.keys, signingKey{k.ID, k.Created, private})
	return nil
}

func (p *Provider) makeSecret(ctx context.Context, now time.Time) ([]byte, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, says crypto/rand
	return secret, p.putKey(ctx, secretID, now, secret)
}

func (p *Provider) makeKey(ctx context.Context, now time.Time) (signingKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signingKey{}, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return signingKey{}, err
	}
	k := signingKey{uuid.NewString(), now, private}
	return k, p.putKey(ctx, k.id, now, plain)
}

func (p *Provider) putKey(ctx context.Context, id string, now time.Time, plain []byte) error {
	return p.o.Store.PutSigningKey(ctx, convo.SigningKey{
		ID: id, Created: now, Sealed: p.o.Sealer.Seal(plain, convo.SigningKeyContext(id)),
	})
}

// find gives the key with an id, or nil.
func (r *keyring) find(id string) *signingKey {
	for i := range r.keys {
		if r.keys[i].id == id {
			return &r.keys[i]
		}
	}
	return nil
}

// public is what others verify with.
func (r *keyring) public() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, k := range r.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: &k.private.PublicKey, KeyID: k.id, Algorithm: string(jose.ES256), Use: "sig",
		})
	}
	return set
}

// errNoMAC says that a text was not made here.
var errNoMAC = errors.New("it was not made by this server")

// mac authenticates a text for one purpose.
func (r *keyring) mac(purpose string, text []byte) []byte {
	h := hmac.New(sha256.New, r.secret)
	_, _ = h.Write(append([]byte(purpose+"\x00"), text...)) // never fails, says hash.Hash
	return h.Sum(nil)
}

// checkMAC cuts the text of a purpose off its mac.
func (r *keyring) checkMAC(purpose string, signed []byte) ([]byte, error) {
	at := len(signed) - sha256.Size
	if at < 0 {
		return nil, errNoMAC
	}
	text, sum := signed[:at], signed[at:]
	if !hmac.Equal(sum, r.mac(purpose, text)) {
		return nil, errNoMAC
	}
	return bytes.Clone(text), nil
}
