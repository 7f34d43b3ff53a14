package httpio

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"
)

// linkDay is how long a link stays the same: whoever reads a text again within it
// sees the same address.
const linkDay = 24 * time.Hour

// Links makes addresses of tenants' files that need no token: each is for one file,
// and works for one to two days. It may be used by many goroutines.
type Links struct {
	key []byte
	now func() time.Time
}

// NewLinks makes links that are signed with a key that nobody else knows.
func NewLinks(key []byte, now func() time.Time) *Links { return &Links{key, now} }

// Path gives the path and query of a file's address.
func (l *Links) Path(tenant, file string) string {
	expires := l.now().Truncate(linkDay).Add(2 * linkDay).Unix()
	q := url.Values{
		"tenant": {tenant}, "exp": {strconv.FormatInt(expires, 10)},
		"sig": {base64.RawURLEncoding.EncodeToString(l.mac(tenant, file, expires))},
	}
	return "/files/" + url.PathEscape(file) + "?" + q.Encode()
}

// Check reports whether a query is that of an address of this file, and gives the
// tenant whose it is. ok is false, and tenant "", for addresses of another kind.
func (l *Links) Check(file string, query Query) (tenant string, ok bool) {
	tenant, _ = query.Lookup("tenant")
	exp, _ := query.Lookup("exp")
	sig, _ := query.Lookup("sig")
	expires, err := strconv.ParseInt(exp, 10, 64)
	if tenant == "" || err != nil || l.now().Unix() >= expires {
		return tenant, false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(sig)
	return tenant, err == nil && hmac.Equal(mac, l.mac(tenant, file, expires))
}

func (l *Links) mac(tenant, file string, expires int64) []byte {
	h := hmac.New(sha256.New, l.key)
	for _, part := range []string{"source", tenant, file, strconv.FormatInt(expires, 10)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return h.Sum(nil)
}
