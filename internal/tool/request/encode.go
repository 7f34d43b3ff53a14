package request

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// EncodeComponent writes a value as JavaScript's encodeURIComponent does.
func EncodeComponent(value string) string { return percent(value, "-_.!~*'()") }

// encodeAddress writes a value into an address without ending what it stands
// in: blanks, quotes and # are encoded, the characters that divide a path or a
// query are not.
func encodeAddress(value string) string { return percent(value, "-_.!~*'()/?&=:;,@$+") }

// keepEncoded is encodeAddress for what has been encoded before.
func keepEncoded(value string) string { return percent(value, "-_.!~*'()/?&=:;,@$+%") }

// percent encodes all bytes but letters and digits of ASCII and those kept.
func percent(value, keep string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// QuotedJSON writes a value as a JSON string, which YAML reads as the same.
func QuotedJSON(value string) string { return string(EncodeJSON(value)) }

// InsideJSON is QuotedJSON without its quotes.
func InsideJSON(value string) string {
	quoted := QuotedJSON(value)
	return quoted[1 : len(quoted)-1]
}

// EncodeJSON writes a value that JSON can hold, without escapes for HTML.
func EncodeJSON(value any) convo.JSON {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // only values that came of JSON, and strings
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Scalar gives the text of a JSON string, and any other value as it is written.
// null and no value at all are not given.
func Scalar(value json.RawMessage) (text string, given bool) {
	if len(value) == 0 || string(value) == "null" {
		return "", false
	}
	if json.Unmarshal(value, &text) == nil {
		return text, true
	}
	return string(value), true
}

// Trim cuts a text between two characters, and says so by an ellipsis.
func Trim(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return Begin(text, limit) + "…"
}

// Begin gives at most so many bytes of a text, and no part of a character.
func Begin(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	limit = max(limit, 0)
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
