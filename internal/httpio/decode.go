package httpio

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Field is a type that decodes itself. The value is valid JSON and may be
// null; it must be copied where it is kept. Path names it in errors.
type Field interface {
	DecodeField(path string, value []byte) error
}

// Optional is a field that tells absent, null and given apart.
type Optional[T any] struct {
	Given bool // also null
	Null  bool
	Value T
}

// DecodeField implements [Field].
func (o *Optional[T]) DecodeField(path string, value []byte) error {
	*o = Optional[T]{Given: true, Null: string(value) == "null"} // nothing stays of a member given before
	if o.Null {
		return nil
	}
	return newDecoder().value(path, value, reflect.ValueOf(&o.Value).Elem())
}

// Pointer gives a copy of the value, or nil where it is absent or null.
func (o Optional[T]) Pointer() *T {
	if !o.Given || o.Null {
		return nil
	}
	return &o.Value
}

// Apply changes dst as an update does: an absent field stays, null clears.
func (o Optional[T]) Apply(dst **T) {
	if o.Given {
		*dst = o.Pointer()
	}
}

// Decode reads a body, one JSON object, into a struct by the names in its json
// tags, exactly as they are written. Unknown members are ignored, null counts
// as absent, and an error names the member that it is about. A member tagged
// required:"true" must be there; one tagged null:"refused" may be left out, but
// not be null; a list tagged most:"100" may have that many items.
func Decode[T any](body []byte) (T, error) {
	var request T
	body, err := CheckObject(body)
	if err != nil {
		return request, err
	}
	err = newDecoder().object("", body, reflect.ValueOf(&request).Elem())
	return request, err
}

// MaxItems is how many items a list may have. A few bytes of a body make an item
// of a hundred in memory, and some lists are stored in one transaction.
const MaxItems = 10_000

// decoder remembers the members of the structs that it has met: a list has
// many of one kind.
type decoder struct{ known map[reflect.Type][]member }

type member struct {
	name     string
	index    []int
	required bool
	present  bool // may be left out, but not be null
	most     int  // items of a list; 0 = MaxItems
}

func newDecoder() *decoder { return &decoder{known: map[reflect.Type][]member{}} }

func (d *decoder) members(t reflect.Type) []member {
	list, ok := d.known[t]
	if ok {
		return list
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && !f.Anonymous {
			most, _ := strconv.Atoi(f.Tag.Get("most")) // 0 without the tag
			list = append(list, member{name, f.Index, f.Tag.Get("required") == "true", f.Tag.Get("null") == "refused", most})
		}
	}
	d.known[t] = list
	return list
}

func (d *decoder) object(path string, object []byte, dst reflect.Value) error {
	list := d.members(dst.Type())
	var seen uint64 // bits; no request has more members than that
	for name, value := range members(object) {
		i := slices.IndexFunc(list, func(m member) bool { return m.name == name })
		if i < 0 {
			continue
		}
		switch {
		case string(value) != "null":
			seen |= 1 << i
		case list[i].present:
			return convo.Errorf(convo.Invalid, "%s must not be null", join(path, name))
		}
		if err := checkCount(join(path, name), value, list[i].most); err != nil {
			return err
		}
		if err := d.value(join(path, name), value, dst.FieldByIndex(list[i].index)); err != nil {
			return err
		}
	}
	for i, m := range list {
		if m.required && seen&(1<<i) == 0 {
			return convo.Errorf(convo.Invalid, "%s is missing", join(path, m.name))
		}
	}
	return nil
}

// checkCount counts the items of a list before any of them takes room.
func checkCount(path string, value []byte, most int) error {
	if most == 0 || value[0] != '[' {
		return nil
	}
	for i := range elements(value) {
		if i == most {
			return tooMany(path, most)
		}
	}
	return nil
}

func tooMany(path string, most int) error {
	return convo.Errorf(convo.Invalid, "%s must have at most %d items", path, most)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d *decoder) value(path string, value []byte, dst reflect.Value) error {
	if own, ok := dst.Addr().Interface().(Field); ok {
		return own.DecodeField(path, value)
	}
	if string(value) == "null" {
		dst.SetZero()
		return nil
	}
	switch dst.Kind() {
	case reflect.String:
		if value[0] != '"' {
			return wrongType(path, "a string")
		}
		dst.SetString(unquote(value))
	case reflect.Bool:
		if value[0] != 't' && value[0] != 'f' {
			return wrongType(path, "true or false")
		}
		dst.SetBool(value[0] == 't')
	case reflect.Int, reflect.Int64:
		return decodeInt(path, value, dst)
	case reflect.Float64:
		return decodeFloat(path, value, dst)
	case reflect.Slice:
		return d.list(path, value, dst)
	case reflect.Struct:
		if value[0] != '{' {
			return wrongType(path, "an object")
		}
		return d.object(path, value, dst)
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		return d.value(path, value, dst.Elem())
	default:
		return fmt.Errorf("decoding %s: %s is not supported", path, dst.Type())
	}
	return nil
}

// decodeInt takes every spelling of a whole number: 3, 3.0 and 3e0.
func decodeInt(path string, value []byte, dst reflect.Value) error {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		f, floatErr := strconv.ParseFloat(string(value), 64)
		if floatErr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return wrongType(path, "a whole number")
		}
		n = int64(f)
	}
	if dst.OverflowInt(n) {
		return wrongType(path, "a smaller number")
	}
	dst.SetInt(n)
	return nil
}

func decodeFloat(path string, value []byte, dst reflect.Value) error {
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return wrongType(path, "a number")
	}
	dst.SetFloat(f)
	return nil
}

func (d *decoder) list(path string, value []byte, dst reflect.Value) error {
	if value[0] != '[' {
		return wrongType(path, "a list")
	}
	dst.Set(reflect.MakeSlice(dst.Type(), 0, 0)) // an empty list is not an absent one
	zero := reflect.Zero(dst.Type().Elem())
	for i, element := range elements(value) {
		if i == MaxItems {
			return tooMany(path, MaxItems)
		}
		item := path + "[" + strconv.Itoa(i) + "]"
		if string(element) == "null" {
			return convo.Errorf(convo.Invalid, "%s must not be null", item)
		}
		dst.Set(reflect.Append(dst, zero))
		if err := d.value(item, element, dst.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func wrongType(path, want string) error {
	return convo.Errorf(convo.Invalid, "%s must be %s", path, want)
}
