package chatbotkit

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// No key that was not made here opens anything.
func FuzzBlobKeys(f *testing.F) {
	keys := blobKeys{secret: []byte("k"), now: time.Now}
	good := keys.key(blob{Tenant: "t", File: "f", Size: 3})
	f.Add(good)
	f.Add("a.b")
	f.Add(strings.Replace(good, ".", "A.", 1))
	f.Fuzz(func(t *testing.T, key string) {
		b, ok := keys.open(key)
		if ok && keys.key(b) != key && (b.File != "f" || b.Tenant != "t" || b.Size != 3) {
			t.Errorf("%q opens %+v", key, b)
		}
	})
}

func TestADataURLWithoutATypeIsText(t *testing.T) {
	t.Parallel()
	for rest, want := range map[string]string{",a": "text/plain", ";charset=utf-8,a": "text/plain;charset=utf-8", ";charset=utf-8;base64,YQ==": "text/plain;charset=utf-8"} {
		if mediaType, data, err := parseDataURL("file", rest); err != nil || mediaType != want || data != "a" {
			t.Errorf("%s: %q of %q, %v", rest, data, mediaType, err)
		}
	}
}

// What a data: URL holds is no longer than the URL, and its type is no more than it
// says.
func FuzzDataURLs(f *testing.F) {
	for _, url := range []string{",", "text/plain,a%20b", ";base64,aGk=", "text/plain;charset=utf-8;base64,aGk", "x;base64,%", "no comma"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		mediaType, data, err := parseDataURL("file", rest)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "file: ") || !utf8.ValidString(err.Error()) {
				t.Errorf("%q: %v", rest, err)
			}
			return
		}
		if len(data) > len(rest) || mediaType == "" || len(mediaType) > len(rest)+len("text/plain") {
			t.Errorf("%q has %d bytes of %q", rest, len(data), mediaType)
		}
	})
}
