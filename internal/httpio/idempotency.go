package httpio

import (
	"net/http"

	"github.com/parleyhq/parley/internal/convo"
)

// MaxKey is how many characters an Idempotency-Key may have.
const MaxKey = 255

// IdempotencyKey gives the key by which a caller marks repeats of a request, or "".
// A key that cannot be one is [convo.Invalid], because to ignore it would be to do
// things twice.
func IdempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			key = ""
			break
		}
	}
	if key == "" || len(key) > MaxKey || len(values) > 1 {
		return "", convo.Errorf(convo.Invalid, "Idempotency-Key must be 1 to %d visible ASCII characters", MaxKey)
	}
	return key, nil
}
