package httpio_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/httpio"
)

func TestAppendStringIsASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               `""`,
		"plain":          `"plain"`,
		"a\"b\\c":        `"a\"b\\c"`,
		"\n\r\t\x00\x1f": `"\n\r\t\u0000\u001f"`,
		"\x7f":           `"\u007f"`,
		"21 °C":          `"21 \u00b0C"`,
		"日本":             `"\u65e5\u672c"`,
		"🙂x":             `"\ud83d\ude42x"`,
		"a\xffb":         `"a\ufffdb"`,
		"<&>\u2028":      `"<&>\u2028"`,
	} {
		if got := string(httpio.AppendString(nil, text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestAppendASCIIMakesOneLine(t *testing.T) {
	t.Parallel()
	got := string(httpio.AppendASCII([]byte("x"), []byte("{\r\n\"a\": \"é🙂\\n\"}\n")))
	if want := `x{"a": "\u00e9\ud83d\ude42\n"}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("21 °C \xf0\x9f\x99\x82 \xff \u2029")
	f.Fuzz(func(t *testing.T, s string) {
		line := httpio.AppendString(nil, s)
		for _, c := range line {
			if c >= utf8.RuneSelf || c < ' ' {
				t.Fatalf("%q holds byte %x", line, c)
			}
		}
		var back string
		if err := json.Unmarshal(line, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again string
		if err := json.Unmarshal(httpio.AppendASCII(nil, plain), &again); err != nil || again != back {
			t.Fatalf("AppendASCII(%s) came back as %q, %v", plain, again, err)
		}
	})
}

func BenchmarkAppendString(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = httpio.AppendString(buf[:0], " quite ordinary")
	}
}
