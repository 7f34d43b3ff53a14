package document

import (
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// decode gives the text of a file as UTF-8 without zero bytes, which not every
// database keeps, with "\n" at the ends of its lines.
func decode(f File, format format) (string, error) {
	raw, err := content(f)
	if err != nil {
		return "", err
	}
	text := raw
	if e := encodingOf(raw, f.MediaType, format); e != nil {
		if text, err = recode(raw, e); err != nil {
			return "", err
		}
	}
	text = strings.ToValidUTF8(strings.TrimPrefix(text, "\ufeff"), "\ufffd")
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return strings.ReplaceAll(text, "\x00", "\ufffd"), nil
}

func content(f File) (string, error) {
	var b strings.Builder
	b.Grow(int(f.Size))
	n, err := io.Copy(&b, io.NewSectionReader(f.Content, 0, f.Size))
	if err == nil && n < f.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", unreadable(err)
	}
	return b.String(), nil
}

// encodingOf is the encoding of a text, nil for UTF-8: the mark at its beginning
// counts first, then what its media type or, in HTML, the page itself says. What is
// not the UTF-8 that it should be is taken for Windows-1252, of which Latin-1 is a part.
func encodingOf(raw, mediaType string, format format) encoding.Encoding {
	e, name, certain := charset.DetermineEncoding([]byte(raw[:min(len(raw), 1024)]), mediaType)
	// "replacement" are those that nobody decodes, because they can hide things.
	if name != "utf-8" && name != "replacement" && (certain || format == formatHTML && name != "windows-1252") {
		return e
	}
	if mostlyUTF8(raw) {
		return nil
	}
	return charmap.Windows1252
}

// mostlyUTF8 tells a text of UTF-8 that is damaged, or cut in the middle of a rune,
// from one of an encoding with one byte a letter, where hardly any letter looks
// like a rune of UTF-8.
func mostlyUTF8(raw string) bool {
	var good, bad int
	for rest := raw; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		rest = rest[size:]
	}
	return bad == 0 || good >= 4*bad || (good > 0 && cutAtEnd(raw))
}

// cutAtEnd says that a text ends with the beginning of a rune, and is whole before.
func cutAtEnd(raw string) bool {
	for i := 1; i <= min(3, len(raw)); i++ {
		if end := len(raw) - i; utf8.RuneStart(raw[end]) {
			return raw[end] >= 0xC2 && !utf8.FullRuneInString(raw[end:]) && utf8.ValidString(raw[:end])
		}
	}
	return false
}

func recode(raw string, e encoding.Encoding) (string, error) {
	var b strings.Builder
	b.Grow(len(raw) + len(raw)/8)
	if _, err := io.Copy(&b, transform.NewReader(strings.NewReader(raw), e.NewDecoder())); err != nil {
		return "", unreadable(err)
	}
	return b.String(), nil
}
