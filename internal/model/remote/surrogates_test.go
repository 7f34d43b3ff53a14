package remote_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"testing"

	"github.com/parleyhq/parley/internal/model/remote"
)

func TestHalfACharacterIsNotSent(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"a":"\ud800"}`:                   `{"a":"\ufffd"}`,
		`{"a":"\uDC00\uD800x"}`:            `{"a":"\ufffd\ufffdx"}`,
		`{"a":"\ud800\ud83d\ude00\ud83d"}`: `{"a":"\ufffd\ud83d\ude00\ufffd"}`,
		`{"a":"\ud83d\u0041\ud83d\n"}`:     `{"a":"\ufffd\u0041\ufffd\n"}`,
		`{"a":"\\ud800 \"\\\\ud800\""}`:    `{"a":"\\ud800 \"\\\\ud800\""}`,
		`{"\ud800":1}`:                     `{"\ufffd":1}`,
		`{}`:                               `{}`,
	} {
		before := raw
		if got := string(remote.Whole(json.RawMessage(raw))); got != want || raw != before {
			t.Errorf("%s becomes %s, not %s", raw, got, want)
		}
		if got := string(remote.Object(raw)); got != want {
			t.Errorf("as arguments %s becomes %s, not %s", raw, got, want)
		}
	}
}

func FuzzWhole(f *testing.F) {
	f.Add(`{"a":"\ud800\\ud800\ud83d\ude00\udc00"}`)
	half := regexp.MustCompile(`(?i)\\u(d[89ab][0-9a-f]{2}|d[c-f][0-9a-f]{2})`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		whole := remote.Whole(json.RawMessage(text))
		var before, after any
		wrong, err := json.Unmarshal([]byte(text), &before), json.Unmarshal(whole, &after)
		if (wrong == nil) != (err == nil) || err == nil && !reflect.DeepEqual(before, after) {
			t.Fatalf("%q becomes %q, %v", text, whole, err)
		}
		if string(remote.Whole(whole)) != string(whole) || len(whole) != len(text) {
			t.Fatalf("%q becomes %q, and that something else", text, whole)
		}
		if !half.MatchString(text) && string(whole) != text {
			t.Fatalf("%q becomes %q", text, whole)
		}
	})
}
