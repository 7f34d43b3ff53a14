package httpio

import "unicode/utf8"

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string in ASCII: everything else is escaped,
// with surrogate pairs where needed, so that no reader can cut a character in
// two. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		if c < utf8.RuneSelf {
			dst = appendControl(dst, c)
			i++
		} else {
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = appendRune(dst, r)
			i += size
		}
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendASCII appends a JSON text with everything outside ASCII escaped. In
// valid JSON such bytes stand only inside strings, so one pass over the bytes
// is enough. Line breaks between tokens are left out, so that the text is one
// line.
func AppendASCII(dst, text []byte) []byte {
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n' || c == '\r':
			dst = append(dst, text[start:i]...)
			i++
		case c >= utf8.RuneSelf:
			dst = append(dst, text[start:i]...)
			r, size := utf8.DecodeRune(text[i:])
			dst = appendRune(dst, r)
			i += size
		default:
			i++
			continue
		}
		start = i
	}
	return append(dst, text[start:]...)
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

func appendRune(dst []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		dst = appendUnit(dst, 0xd800+uint16(r>>10))
		return appendUnit(dst, 0xdc00+uint16(r&0x3ff))
	}
	return appendUnit(dst, uint16(r))
}

func appendUnit(dst []byte, u uint16) []byte {
	return append(dst, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}
