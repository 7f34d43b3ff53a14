package fulltext

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/retrieve"
)

// someBody has lists of one block and of several, and ids of records that are gone.
func someBody(records int) *body {
	all := make([]convo.Record, records)
	for i := range all {
		all[i].ID = fmt.Sprintf("%04d", i)
		all[i].Text = fmt.Sprintf("every record %d apple%d apple apple", i, i%5)
	}
	return newBuilder().build(all, []string{"x", "a"})
}

func searchBody(b *body, text string) ([]retrieve.Hit, error) {
	load := func(context.Context, *segment) (*body, error) { return b, nil }
	v := &view{parts: []*part{whole(newSegment(0, 1, b))}}
	return v.search(context.Background(), load, &scorer{}, newQuestion(retrieve.Query{Text: text, Limit: 5}))
}

func TestABodyIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 127, 128, 129, 1000} {
		written := someBody(n)
		read, err := parseBody(slices.Clone(written.data))
		if err != nil {
			t.Fatalf("%d records: %v", n, err)
		}
		if read.docs != n || read.gone != 2 || string(read.goneID(0)) != "a" || read.words != written.words {
			t.Errorf("%d records become %d, %d gone", n, read.docs, read.gone)
		}
		want, _ := searchBody(written, "record apple 7")
		if got, err := searchBody(read, "record apple 7"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d records: %v, %v, want %v", n, got, err, want)
		}
	}
}

func TestEveryDamageOfABodyIsSeen(t *testing.T) {
	t.Parallel()
	data := someBody(200).data
	for at := range data {
		damaged := slices.Clone(data)
		damaged[at] ^= 0x10
		if _, err := parseBody(damaged); err == nil {
			t.Fatalf("byte %d was changed, and nobody saw it", at)
		}
	}
	for _, size := range []int{0, 3, headerSize, len(data) - 1} {
		if _, err := parseBody(data[:size]); err == nil {
			t.Errorf("%d bytes are taken for a body", size)
		}
	}
}

// A body whose checksum is right may still be one that nobody wrote.
func FuzzBody(f *testing.F) {
	f.Add(someBody(3).data, "apple")
	f.Add(someBody(300).data, "record every 7")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		if len(data) >= headerSize {
			copy(data, magic)
			binary.LittleEndian.PutUint32(data[4:], analysis)
			seal(data)
		}
		b, err := parseBody(data)
		if err != nil {
			return
		}
		if _, err := searchBody(b, text); err != nil {
			t.Error(err)
		}
		whole := whole(newSegment(0, 1, b))
		if whole, _ = whole.without(b, "0001", false); whole.live == nil {
			return
		}
		if _, err := mergeBodies(t.Context(), []*body{b, someBody(2)}, []set{whole.live, newSet(2)}, nil); err != nil {
			t.Error(err)
		}
	})
}
