package remote

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Whole gives JSON whose escapes are whole characters: half of a surrogate pair
// becomes U+FFFD, as encoding/json reads it. JSON may hold halves, and tools do
// answer with them, but APIs refuse a prompt with one, and that at every turn
// after it. raw must be valid; it is not changed.
func Whole(raw json.RawMessage) json.RawMessage {
	const size = len(`\u0000`)
	mended := raw
	for i := bytes.IndexByte(raw, '\\'); i >= 0 && i+1 < len(raw); i++ {
		switch first := escaped(raw[i:]); {
		case raw[i] != '\\':
		case first < 0:
			i++ // what is escaped by itself
		case !utf16.IsSurrogate(first):
			i += size - 1
		case utf16.DecodeRune(first, escaped(raw[i+size:])) != utf8.RuneError:
			i += 2*size - 1
		default:
			if &mended[0] == &raw[0] {
				mended = bytes.Clone(raw)
			}
			copy(mended[i:], `\ufffd`)
			i += size - 1
		}
	}
	return mended
}

// escaped reads the escape that a text begins with; -1 = it begins with none.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	r, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(r)
}
