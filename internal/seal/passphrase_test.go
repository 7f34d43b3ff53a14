package seal_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/seal"
)

// light is cheap: most of what is tested here is not how long guessing takes.
func light(salt byte) seal.Stretch {
	return seal.Stretch{Time: 1, Memory: 8, Threads: 1, Salt: bytes.Repeat([]byte{salt}, seal.SaltSize)}
}

func passphraseBox(t testing.TB, s seal.Stretch, passphrase string) *seal.PassphraseBox {
	t.Helper()
	b, err := s.Box(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAPassphraseOpensWhatItSealedInItsContextOnly(t *testing.T) {
	t.Parallel()
	b := passphraseBox(t, light(1), "a passphrase")
	sealed := b.Seal([]byte("text"), []byte("here"))
	if plain, err := b.Open(sealed, []byte("here")); err != nil || string(plain) != "text" {
		t.Errorf("got %q, %v", plain, err)
	}
	if _, err := b.Open(sealed, []byte("there")); err == nil {
		t.Error("it opens in another context")
	}
	for name, other := range map[string]*seal.PassphraseBox{
		"another passphrase": passphraseBox(t, light(1), "another one"),
		"another salt":       passphraseBox(t, light(2), "a passphrase"),
	} {
		if _, err := other.Open(sealed, []byte("here")); err == nil || other.Checks(b.Check()) {
			t.Errorf("%s opens it, or passes the check: %v", name, err)
		}
	}
	for i := range sealed {
		damaged := slices.Clone(sealed)
		damaged[i] ^= 1
		if _, err := b.Open(damaged, []byte("here")); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
		if _, err := b.Open(sealed[:i], []byte("here")); err == nil {
			t.Errorf("it opens with %d bytes of it", i)
		}
	}
	if bytes.Contains(sealed, []byte("text")) || !b.Checks(b.Check()) || b.Checks(nil) {
		t.Error("it is readable, or the check is wrong")
	}
}

func TestTheSameIsSealedTheSameAndNothingElseIs(t *testing.T) {
	t.Parallel()
	b, again := passphraseBox(t, light(1), "a passphrase"), passphraseBox(t, light(1), "a passphrase")
	sealed := b.Seal([]byte("bc"), []byte("a"))
	if !bytes.Equal(sealed, again.Seal([]byte("bc"), []byte("a"))) {
		t.Error("the same text is sealed in two ways")
	}
	for _, other := range [][2]string{{"bc", "b"}, {"bd", "a"}, {"c", "ab"}, {"abc", ""}} {
		if got := b.Seal([]byte(other[0]), []byte(other[1])); bytes.Equal(got[:12], sealed[:12]) {
			t.Errorf("%q has the same nonce", other)
		}
	}
}

// Whoever implements the format elsewhere gets these bytes; a change of them
// makes archives that are there unreadable.
func TestTheSealUnderAPassphraseIsThatOfTheFormat(t *testing.T) {
	t.Parallel()
	s := seal.NewStretch(bytes.Repeat([]byte{7}, seal.SaltSize))
	if s.Time != 3 || s.Memory != 65536 || s.Threads != 4 {
		t.Errorf("keys are made by %+v", s)
	}
	b := passphraseBox(t, s, "correct horse battery")
	for what, c := range map[string]struct {
		got  []byte
		want string
	}{
		"check":  {b.Check(), "f40e03490a0a3fc04a7014d92a4cb957"},
		"sealed": {b.Seal([]byte("value"), []byte("context")), "7f1abb50cce8d133a91ebfcd2e18c328c755a5b6f8195ede1b0465fd5c1065231a"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: %s", what, got)
		}
	}
	if bytes.Equal(seal.NewStretch(nil).Salt, seal.NewStretch(nil).Salt) {
		t.Error("two salts are the same")
	}
}

func TestWhatAMachineShouldNotDoForAPassphraseIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*seal.Stretch){
		"no salt":         func(s *seal.Stretch) { s.Salt = nil },
		"a long salt":     func(s *seal.Stretch) { s.Salt = make([]byte, 17) },
		"no pass":         func(s *seal.Stretch) { s.Time = 0 },
		"many passes":     func(s *seal.Stretch) { s.Time = 17 },
		"no thread":       func(s *seal.Stretch) { s.Threads = 0 },
		"many threads":    func(s *seal.Stretch) { s.Threads = 17 },
		"too little room": func(s *seal.Stretch) { s.Memory = 7 },
		"a gigabyte":      func(s *seal.Stretch) { s.Memory = 1 << 20 },
		"all of it":       func(s *seal.Stretch) { s.Memory = 1<<32 - 1 },
	} {
		s := light(1)
		change(&s)
		if _, err := s.Box("a passphrase"); err == nil {
			t.Errorf("%s is done", name)
		}
	}
}

func FuzzPassphraseOpen(f *testing.F) {
	b := passphraseBox(f, light(1), "a passphrase")
	f.Add(b.Seal([]byte("text"), []byte("context")), []byte("context"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, sealed, context []byte) {
		plain, err := b.Open(sealed, context)
		if err == nil && !bytes.Equal(b.Seal(plain, context), sealed) {
			t.Errorf("%x opens, and Seal did not make it", sealed)
		}
	})
}
