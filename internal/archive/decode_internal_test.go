package archive

import (
	"reflect"
	"testing"
	"unicode/utf8"
)

// FuzzQuick holds the quick way of reading a line against the general one.
func FuzzQuick(f *testing.F) {
	const start, end = `{"type":"event","seq":1,"at":-5,`, "}\n"
	for _, line := range []string{
		start + `"turn":"t","origin":"o","kind":"rated","body":{"value":1}` + end,
		start + `"kind":"turnQueued","body":{}` + end,
		start + `"kind":"turnQueued","body":{},"turn":"t"` + end,
		start + `"turn":"t\u00e9","kind":"turnQueued","body":{}` + end,
		start + `"turn":"","kind":"turnQueued","body": {} ` + end,
		start + `"kind":"delta","body":{"text":"a","text":"b"}` + end,
		`{"type":"event","seq":01,"at":1,"kind":"turnQueued","body":{}` + end,
		`{"type":"event","seq":-0,"at":1,"kind":"turnQueued","body":{}` + end,
		start + `"kind":"turnQueued","body":null` + end,
		start + `"kind":"turnQueued","body":` + end,
		start + `"kind":"turnQueued","body":{}}` + end,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !utf8.Valid(line) {
			return
		}
		got, ok := quick(line)
		if !ok {
			return
		}
		// A blank behind the line sends it the general way.
		want, err := decodeEvent(append(line[:len(line):len(line)], ' '))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, and in the general way %+v, %v", line, got, want, err)
		}
	})
}
