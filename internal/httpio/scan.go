package httpio

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// CheckObject reports whether a body is one JSON object in UTF-8, and mends
// escapes of lone surrogates, in place: they name no character, and become
// U+FFFD. An empty body is {}.
func CheckObject(body []byte) ([]byte, error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return []byte("{}"), nil
	case !utf8.Valid(body):
		return nil, convo.Errorf(convo.Invalid, "the request body is not valid UTF-8")
	case !json.Valid(body):
		return nil, convo.Errorf(convo.Invalid, "the request body is not valid JSON")
	case body[0] != '{':
		return nil, convo.Errorf(convo.Invalid, "the request body must be a JSON object")
	}
	mendSurrogates(body)
	return body, nil
}

// mendSurrogates walks the escapes of valid JSON.
func mendSurrogates(b []byte) {
	for i := 0; i < len(b); {
		next := bytes.IndexByte(b[i:], '\\')
		if next < 0 {
			return
		}
		i += next
		unit, ok := escapedUnit(b[i:])
		if !ok {
			i += 2 // a short escape, perhaps of a backslash
			continue
		}
		if unit >= 0xd800 && unit < 0xdc00 {
			if low, ok := escapedUnit(b[i+6:]); ok && low >= 0xdc00 && low < 0xe000 {
				i += 12
				continue
			}
		}
		if unit >= 0xd800 && unit < 0xe000 {
			copy(b[i:], `\ufffd`)
		}
		i += 6
	}
}

// escapedUnit reads \uXXXX at the start of b.
func escapedUnit(b []byte) (unit uint16, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		unit = unit<<4 | uint16(c&15)
	}
	return unit, true
}

// members walks a valid JSON object without copying. Keys are decoded.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := skipBlank(object, 1); object[i] != '}'; i = skipComma(object, i) {
			end := skipValue(object, i)
			key := unquote(object[i:end])
			i = skipBlank(object, skipBlank(object, end)+1) // the colon
			end = skipValue(object, i)
			if !yield(key, object[i:end]) {
				return
			}
			i = end
		}
	}
}

// elements walks a valid JSON list without copying.
func elements(list []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		n := 0
		for i := skipBlank(list, 1); list[i] != ']'; i = skipComma(list, i) {
			end := skipValue(list, i)
			if !yield(n, list[i:end]) {
				return
			}
			i, n = end, n+1
		}
	}
}

func skipBlank(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

func skipComma(b []byte, i int) int {
	if i = skipBlank(b, i); b[i] == ',' {
		return skipBlank(b, i+1)
	}
	return i
}

// skipValue gives the index after the value that starts at i.
func skipValue(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ' ', '\t', '\n', '\r', ',', ':':
			i++
			continue
		default:
			i = skipScalar(b, i)
		}
		if depth == 0 {
			break
		}
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipScalar(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ' ', '\t', '\n', '\r', ',', ':', '}', ']':
			return i
		}
		i++
	}
	return i
}

// unquote decodes a valid JSON string.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // the text was checked as a whole
	return s
}
