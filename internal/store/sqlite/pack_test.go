package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// packed gives the packed form of a text, made by a packer of its own.
func packed(t testing.TB, text string) []byte {
	t.Helper()
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.pack(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b)
}

func TestAPackedTextComesBack(t *testing.T) {
	t.Parallel()
	var u unpacker
	for _, text := range []string{
		strings.Repeat("a", 200), strings.Repeat("The inn opens at noon. ", 100_000), strings.Repeat("\x00\xff", 300),
	} {
		b := packed(t, text)
		if b == nil || len(b) >= len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(b))
		}
		for range 2 { // the second time with a reader that was used
			if got, err := u.unpack(b); err != nil || got != text {
				t.Fatalf("%d bytes became %d, %v", len(text), len(got), err)
			}
		}
	}
}

func TestWhatDoesNotGetSmallerIsNotPacked(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	if b := packed(t, string(noise)); b != nil {
		t.Errorf("%d bytes of noise became %d", len(noise), len(b))
	}
}

func TestALongTextIsRememberedByWhatItWasPackedTo(t *testing.T) {
	t.Parallel()
	u := &unpacker{}
	r := rand.New(rand.NewPCG(1, 2))
	var texts [2 * recentTexts]string
	for i := range texts {
		var b strings.Builder
		for b.Len() < 3*recentFrom {
			fmt.Fprint(&b, r.IntN(1000), " ")
		}
		texts[i] = b.String()
	}
	for range 2 {
		for _, text := range texts {
			for range 2 {
				if got, err := u.unpack(packed(t, text)); err != nil || got != text {
					t.Fatalf("got %d bytes, %v", len(got), err)
				}
			}
			damaged := packed(t, text)
			damaged[len(damaged)/2] ^= 0xff
			if got, err := u.unpack(damaged); err == nil && got == text {
				t.Fatal("a damaged text is taken for the one that is remembered")
			}
		}
	}
}

func TestADamagedTextIsAnError(t *testing.T) {
	t.Parallel()
	var u unpacker
	text := strings.Repeat("The inn opens at noon. ", 20)
	whole := packed(t, text)
	_, n := binary.Uvarint(whole)
	for name, b := range map[string][]byte{
		"nothing":   nil,
		"cut":       whole[:len(whole)/2],
		"too short": append(binary.AppendUvarint(nil, uint64(len(text)+1)), whole[n:]...),
		"too long":  append(binary.AppendUvarint(nil, uint64(len(text)-1)), whole[n:]...),
		"huge":      append(binary.AppendUvarint(nil, 1<<40), whole[n:]...),
		"no stream": {10, 0xff, 0xff},
	} {
		if _, err := u.unpack(b); !errors.Is(err, errPacked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, strings.Repeat("The inn opens at noon. ", 20)))
	f.Add([]byte{3, 1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c'})
	f.Fuzz(func(t *testing.T, b []byte) {
		var u unpacker
		text, err := u.unpack(b)
		if err != nil {
			return
		}
		if again := packed(t, text); again != nil {
			if got, err := u.unpack(again); err != nil || got != text {
				t.Fatalf("%q became %q, %v", text, got, err)
			}
		}
	})
}
