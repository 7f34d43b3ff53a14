package uipath

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

// How long the addresses of files work.
const (
	uploadFor   = time.Hour
	downloadFor = 24 * time.Hour
)

// signer makes addresses of files that need no token: each is for one file, one use
// of it, and some time.
type signer struct {
	key []byte
	now func() time.Time
}

// What an address is for.
const (
	forUpload   = "put"
	forDownload = "get"
)

// signed is an address of a file, of the conversation in which it is shown. Name and
// media type are what it is called and is there: the message that has it may say
// otherwise than who brought it.
type signed struct {
	use, id         string
	tenant          string
	conversation    string
	expires         int64 // Unix seconds
	name, mediaType string
}

func (s signer) mac(a signed) []byte {
	h := hmac.New(sha256.New, s.key)
	for _, part := range []string{a.use, a.id, a.tenant, a.conversation, strconv.FormatInt(a.expires, 10), a.name, a.mediaType} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return h.Sum(nil)
}

// address gives the path and query of an address.
func (s signer) address(a signed, lasts time.Duration) string {
	a.expires = s.now().Add(lasts).Unix()
	q := url.Values{
		"exp": {strconv.FormatInt(a.expires, 10)}, "sig": {base64.RawURLEncoding.EncodeToString(s.mac(a))},
	}
	if a.name != "" {
		q.Set("name", a.name)
	}
	if a.mediaType != "" {
		q.Set("type", a.mediaType)
	}
	return "/files/" + url.PathEscape(a.id) + "?" + q.Encode()
}

// check reports whether a query is that of an address for this use of a file. That it
// is shown in the file's own conversation is a part of it: what a message says that
// came from elsewhere, by an import, opens no file of others.
func (s signer) check(use string, f convo.File, query httpio.Query) (signed, bool) {
	read := func(name string) string { value, _ := query.Lookup(name); return value }
	a := signed{use: use, id: f.ID, tenant: f.Tenant, conversation: f.Conversation, name: read("name"), mediaType: read("type")}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(read("sig"))
	if err != nil {
		return a, false
	}
	if a.expires, err = strconv.ParseInt(read("exp"), 10, 64); err != nil {
		return a, false
	}
	return a, hmac.Equal(mac, s.mac(a)) && s.now().Unix() < a.expires
}
