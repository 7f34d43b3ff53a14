package privacy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/privacy"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		letter, "", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "ann%2540example.com \\\\u0040 &#64; \xff\u200b", "RSS MRA 85T10 A562S (A123456(7))",
		"Dear Ann,\nI live at 12 Rose Lane, Flat 2, Bristol BS1 4ND. Born 1 May 1980", "我叫王小明，地址：北京市朝阳区建国路88号", "password: hunter22 -----BEGIN PRIVATE KEY-----",
		"https://a:b@c.example/?token=12345678", "2001:db8::1 ::ffff:1.2.3.4 1.2.3.4", ":01.2.3.4A1.2.3.4", `{"a":["b",4111111111111111,{"phone":"1712345678"}]}`,
	} {
		f.Add(text)
	}
}

func FuzzDetect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, found := range privacy.Detect(text) {
			if found.Start < last || found.End <= found.Start || found.End > len(text) || found.Type == "" {
				t.Fatalf("%+v behind %d in %q", found, last, text)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[found.Start:found.End]) {
				t.Fatalf("%+v cuts a character of %q", found, text)
			}
			last = found.End
		}
	})
}

func FuzzMask(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		v := newVault()
		v.Know("name", "Ann Example", "i03n7d1g9fo")
		masked, entities := v.Mask(text)
		if len(entities) == 0 && masked != text {
			t.Fatalf("%q became %q", text, masked)
		}
		again, _ := v.Mask(text)
		if again != masked {
			t.Fatalf("%q became %q, then %q", text, masked, again)
		}
		if restored := v.Restore(masked); restored != v.Restore(strings.ToUpper(masked)) && strings.ToUpper(masked) == masked {
			t.Fatalf("capitals are restored as something else: %q", restored)
		}
		r := v.Restorer()
		got := ""
		for i := range len(masked) {
			got += r.Write(masked[i : i+1])
		}
		if got += r.Rest(); got != v.Restore(masked) {
			t.Fatalf("byte by byte comes %q", got)
		}
		if !utf8.ValidString(text) {
			return
		}
		from, to := utf16.Encode([]rune(text)), utf16.Encode([]rune(masked))
		for _, e := range entities {
			if string(utf16.Decode(from[e.Begin:e.End])) != e.Text || string(utf16.Decode(to[e.Replacement.Begin:e.Replacement.End])) != e.Replacement.Text {
				t.Fatalf("%+v is elsewhere in %q", e, text)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		v := newVault()
		masked := v.MaskJSON(text)
		if json.Valid([]byte(text)) && (!json.Valid([]byte(masked)) || !json.Valid([]byte(v.RestoreJSON(masked)))) {
			t.Fatalf("%q became %q and %q", text, masked, v.RestoreJSON(masked))
		}
	})
}
