package httpio

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// Query is a decoded query string, to be read by [Param]. Of a parameter that is
// given twice the first value counts.
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

// Lookup gives a parameter of any text, and whether it is there.
func (q Query) Lookup(name string) (value string, ok bool) {
	return q.values.Get(name), q.values.Has(name)
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
