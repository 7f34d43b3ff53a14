package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
)

// object is a JSON object that is kept byte for byte. It stands in the line as
// the object that it is, or as a string with its text where a line would lose
// some of it: the blanks between its parts.
type object convo.JSON

func (o object) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(o) {
		return nil, errNotUTF8
	}
	if len(o) > 0 && o[0] == '{' && isCompact(o) {
		return o, nil
	}
	return marshal(string(o))
}

func (o *object) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '{':
		*o = bytes.Clone(text)
		return nil
	case '"':
		var s string
		err := json.Unmarshal(text, &s)
		*o = nil
		if s != "" {
			*o = object(s)
		}
		return err
	}
	return errors.New("where an object or the text of one belongs, there is neither")
}

// value is any JSON value that is kept byte for byte: as it is, or, if it is a
// string or a line would lose some of it, as a string with its text.
type value convo.JSON

func (v value) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(v) {
		return nil, errNotUTF8
	}
	if len(v) > 0 && v[0] != '"' && isCompact(v) {
		return v, nil
	}
	return marshal(string(v))
}

func (v *value) UnmarshalJSON(text []byte) error {
	if text[0] != '"' {
		*v = bytes.Clone(text)
		return nil
	}
	var s string
	err := json.Unmarshal(text, &s)
	*v = nil
	if s != "" {
		*v = value(s)
	}
	return err
}

// isCompact reports whether a text is JSON without blanks between its parts.
func isCompact(text []byte) bool {
	var compact bytes.Buffer
	return json.Compact(&compact, text) == nil && bytes.Equal(compact.Bytes(), text)
}
