package client

import (
	"bytes"
	"encoding/json"
	"time"
)

// Optional is a field that the API can see in three states: absent, null and
// given. The zero value is absent and is left out of a request, so that an
// update does not touch the field; [Null] clears it; [Set] gives it a value,
// also "", 0 or false.
//
// A field is an Optional where these states mean different things. All other
// fields are plain, and are left out of a request while they are zero.
type Optional[T any] struct {
	value T
	state optionalState
}

type optionalState uint8

const (
	absent optionalState = iota
	null
	given
)

// Set is a field that is given.
func Set[T any](value T) Optional[T] { return Optional[T]{value, given} }

// Null is a field that is null: in an update, one to be cleared.
func Null[T any]() Optional[T] { return Optional[T]{state: null} }

// Get gives the value. ok is false where the field is absent or null.
func (o Optional[T]) Get() (value T, ok bool) { return o.value, o.state == given }

// Or gives the value, or another one where the field is absent or null.
func (o Optional[T]) Or(otherwise T) T {
	if o.state != given {
		return otherwise
	}
	return o.value
}

// IsZero reports whether the field is absent: encoding/json asks it for the
// option omitzero.
func (o Optional[T]) IsZero() bool { return o.state == absent }

// IsNull reports whether the field is null.
func (o Optional[T]) IsNull() bool { return o.state == null }

// MarshalJSON implements [json.Marshaler].
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.state != given {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*o = Null[T]()
		return nil
	}
	*o = Optional[T]{state: given}
	return json.Unmarshal(text, &o.value)
}

// Time is a moment that travels as a number of milliseconds since 1970.
type Time struct{ time.Time }

// MarshalJSON implements [json.Marshaler].
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.UnixMilli()) }

// UnmarshalJSON implements [json.Unmarshaler]. A fraction of a millisecond is
// cut off.
func (t *Time) UnmarshalJSON(text []byte) error {
	var millis float64
	if err := json.Unmarshal(text, &millis); err != nil {
		return err
	}
	t.Time = time.Time{}
	if string(text) != "null" {
		t.Time = time.UnixMilli(int64(millis)).UTC()
	}
	return nil
}

// Meta is what a caller stores with an object. It is always replaced as a
// whole. Numbers are read as [json.Number], so that what was stored can be
// written back exactly.
type Meta map[string]any

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Meta) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain map[string]any
	err := decoder.Decode(&plain)
	*m = plain
	return err
}
