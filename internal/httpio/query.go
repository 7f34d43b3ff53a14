package httpio

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// Query is a decoded query string. Of a parameter that is given twice the first
// value counts.
type Query struct{ values url.Values }

// ParseQuery decodes a query string; what cannot be decoded is [convo.Invalid].
func ParseQuery(raw string) (Query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return Query{}, convo.WrapError(convo.Invalid, err, "the query string cannot be decoded")
	}
	for name, list := range values {
		for _, v := range append(list, name) {
			if !utf8.ValidString(v) {
				return Query{}, convo.Errorf(convo.Invalid, "the query string is not valid UTF-8")
			}
		}
	}
	return Query{values}, nil
}

// String gives a parameter; ok is false where it is absent.
func (q Query) String(name string) (value string, ok bool) {
	return q.values.Get(name), q.values.Has(name)
}

// Int gives a whole number from low to high, or def where it is absent.
func (q Query) Int(name string, low, high, def int64) (int64, error) {
	if !q.values.Has(name) {
		return def, nil
	}
	n, err := strconv.ParseInt(q.values.Get(name), 10, 64)
	if err != nil || n < low || n > high {
		return 0, convo.Errorf(convo.Invalid, "%s must be a whole number from %d to %d", name, low, high)
	}
	return n, nil
}

// Bool gives true or false; false where it is absent.
func (q Query) Bool(name string) (bool, error) {
	switch q.values.Get(name) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if !q.values.Has(name) {
		return false, nil
	}
	return false, convo.Errorf(convo.Invalid, "%s must be true or false", name)
}

// Time gives a time: epoch milliseconds, an ISO 8601 date (its midnight in
// UTC) or date and time. It is zero where it is absent.
func (q Query) Time(name string) (time.Time, error) {
	value := q.values.Get(name)
	if value == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms >= 0 && ms < maxMillis {
		return time.UnixMilli(ms).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, convo.Errorf(convo.Invalid, "%s must be an ISO 8601 date or milliseconds since 1970", name)
}

// maxMillis is the year 10000, where ISO 8601 dates end.
const maxMillis = 253402300800000

// Prefixed gives the parameters whose name starts with prefix, by the rest of
// the name.
func (q Query) Prefixed(prefix string) map[string]string {
	found := map[string]string{}
	for name, list := range q.values {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			found[rest] = list[0]
		}
	}
	return found
}

// Accepts reports whether the Accept header names a media type. Wildcards do
// not name anything.
func Accepts(r *http.Request, mediaType string) bool {
	for _, value := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			named, params, err := mime.ParseMediaType(part)
			if err == nil && named == mediaType && params["q"] != "0" {
				return true
			}
		}
	}
	return false
}
