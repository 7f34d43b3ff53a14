package chatbotkit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// blobFor is how long the address for an upload works.
const blobFor = time.Hour

// blob is what a key lets its holder bring: the content of one file. It holds no
// secret; that nobody else made it is what counts.
type blob struct {
	Tenant string `json:"t"`
	File   string `json:"f"`
	// Conversation is the one whose file it will be; "" = a file of the tenant's.
	Conversation string `json:"c,omitempty"`
	Name         string `json:"n,omitempty"`
	Type         string `json:"m,omitempty"`
	Size         int64  `json:"s"` // at most
	Expires      int64  `json:"e"` // Unix seconds
}

// blobKeys makes keys and knows its own.
type blobKeys struct {
	secret []byte
	now    func() time.Time
}

// newBlobKeys makes keys with a secret; without one they are good as long as the
// process.
func newBlobKeys(secret []byte) blobKeys {
	if len(secret) == 0 {
		secret = []byte(rand.Text())
	}
	return blobKeys{secret, time.Now}
}

func (k blobKeys) mac(payload string) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write([]byte(payload)) // a hash takes everything
	return h.Sum(nil)
}

// key makes the key for an upload from now on.
func (k blobKeys) key(b blob) string {
	b.Expires = k.now().Add(blobFor).Unix()
	payload := base64.RawURLEncoding.EncodeToString(encode(b))
	return payload + "." + base64.RawURLEncoding.EncodeToString(k.mac(payload))
}

// open gives what a key is for, if it is one of ours and still good.
func (k blobKeys) open(key string) (b blob, ok bool) {
	payload, sum, _ := strings.Cut(key, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	if err != nil || !hmac.Equal(mac, k.mac(payload)) {
		return b, false
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(text, &b) != nil {
		return b, false
	}
	return b, k.now().Unix() < b.Expires
}

// putBlob takes the content of a file from whoever has its key.
func putBlob(c *call) error {
	b, ok := c.front.blobs.open(c.match.Param("key"))
	if !ok {
		kind := convo.NotFound
		if !c.known { // a stranger learns no more than without a key
			kind = convo.Unauthenticated
		}
		return convo.Errorf(kind, "this address for an upload is wrong, or does not work any more; ask for a new one")
	}
	actor := convo.Actor{Tenant: b.Tenant}
	pass, err := c.front.limiter.Admit(actor, false)
	defer pass.Release()
	if err != nil {
		return err
	}
	if c.r.ContentLength > b.Size {
		return convo.Errorf(convo.TooLarge, "the file is too large; it was announced with %d bytes", b.Size)
	}
	content := engine.Content{
		Name: b.Name, MediaType: b.Type, Reader: httpio.BodyReader(c.w, c.r), Most: max(b.Size, 1),
	}
	if content.MediaType == "" {
		content.MediaType = c.r.Header.Get("Content-Type")
	}
	if b.Conversation != "" {
		_, err = c.engine().AttachAs(c.r.Context(), actor, b.Conversation, b.File, content, nil)
	} else {
		_, err = c.engine().FillTenantFile(c.r.Context(), actor, b.File, content, nil)
	}
	if err != nil {
		return err
	}
	c.w.NoContent()
	return nil
}
