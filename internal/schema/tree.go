package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// maxWritten bounds a schema whose references are written out.
const maxWritten = 2 * MaxBytes

var (
	errDeep   = errors.New("it is too deep")
	errNoJSON = errors.New("it is not JSON")
	errLarge  = errors.New("it is too large with its references written out")
)

// object is a JSON object that knows the order of its members. A value is an
// *object, []any, string, json.Number, bool or nil.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(key string, value any) {
	if _, known := o.values[key]; !known {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) has(key string) bool {
	_, ok := o.values[key]
	return ok
}

// without gives a copy that lacks some members.
func (o *object) without(keys ...string) *object {
	left := newObject()
	for _, key := range o.keys {
		if !slices.Contains(keys, key) {
			left.set(key, o.values[key])
		}
	}
	return left
}

// read decodes one value. Its error is errDeep or errNoJSON.
func read(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNoJSON
	}
	return v, nil
}

func readValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, errNoJSON
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == MaxDepth {
		return nil, errDeep
	}
	if delim == '{' {
		return readObject(d, depth+1)
	}
	return readList(d, depth+1)
}

func readObject(d *json.Decoder, depth int) (any, error) {
	o := newObject()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errNoJSON
		}
		value, err := readValue(d, depth)
		if err != nil {
			return nil, err
		}
		o.set(key.(string), value) // the decoder takes nothing else there
	}
	return o, readEnd(d)
}

func readList(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		value, err := readValue(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, readEnd(d)
}

func readEnd(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errNoJSON
	}
	return nil
}

// writer encodes values, up to maxWritten bytes.
type writer struct {
	bytes.Buffer
	encoder *json.Encoder
	values  int // how many it has written
}

// write encodes a value. Its error is errLarge.
func write(v any) (text []byte, values int, err error) {
	w := &writer{}
	w.encoder = json.NewEncoder(&w.Buffer)
	w.encoder.SetEscapeHTML(false)
	if !w.value(v, 0) {
		return nil, 0, errLarge
	}
	return w.Bytes(), w.values, nil
}

// value reports whether there was room.
func (w *writer) value(v any, depth int) bool {
	if w.values++; w.Len() > maxWritten {
		return false
	}
	switch v := v.(type) {
	case *object:
		return depth < MaxDepth && w.object(v, depth+1)
	case []any:
		return depth < MaxDepth && w.list(v, depth+1)
	}
	w.scalar(v)
	return true
}

func (w *writer) object(o *object, depth int) bool {
	w.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			w.WriteByte(',')
		}
		w.scalar(key)
		w.WriteByte(':')
		if !w.value(o.values[key], depth) {
			return false
		}
	}
	w.WriteByte('}')
	return true
}

func (w *writer) list(list []any, depth int) bool {
	w.WriteByte('[')
	for i, v := range list {
		if i > 0 {
			w.WriteByte(',')
		}
		if !w.value(v, depth) {
			return false
		}
	}
	w.WriteByte(']')
	return true
}

func (w *writer) scalar(v any) {
	_ = w.encoder.Encode(v) // a string, number, bool or null always has a JSON form
	w.Truncate(w.Len() - 1) // its line break
}
