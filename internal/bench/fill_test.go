package bench

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/sqlite"
)

// TestProseDeflatesAsPeoplesTextsDo: English messages of 1,000 bytes keep 50 to
// 60 % at the level that the store uses. Words from a short list, said over and
// over, would keep far less, and the folder would seem small.
func TestProseDeflatesAsPeoplesTextsDo(t *testing.T) {
	t.Parallel()
	words, rng := newProse(), rand.New(rand.NewPCG(3, 4))
	plain, packed := 0, 0
	for range 200 {
		text := words.say(nil, 1000, rng)
		plain += len(text)
		packed += deflated(t, text)
	}
	if kept := float64(packed) / float64(plain); kept < 0.5 || kept > 0.6 {
		t.Errorf("%.2f is kept", kept)
	}
	random := noise(nil, 1000, rng)
	if got := deflated(t, random); got < 800 {
		t.Errorf("random characters deflate to %d of 1000", got)
	}
}

func deflated(t *testing.T, text []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestMessagesHaveTheMeanThatIsAskedFor(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	sum, all := 0, make([]int, 100_000)
	for i := range all {
		all[i] = textSize(1000, rng)
		sum += all[i]
	}
	slices.Sort(all)
	if mean := sum / len(all); mean < 970 || mean > 1030 {
		t.Errorf("the mean is %d", mean)
	}
	if m := all[len(all)/2]; m > 700 {
		t.Errorf("the median is %d: most messages are shorter than the mean", m)
	}
}

func TestFilledConversationsReadAsRealOnesDo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	spec := fillSpec{Folder: folder, First: 5, Conversations: 3, Messages: 4, Mean: 200}
	out, err := fill(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	data, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	var text int64
	for i := 5; i < 8; i++ {
		id := conversationID(i)
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 {
			t.Errorf("%s: version %d, %v", id, parsed.Version(), err)
		}
		events, err := data.Events(t.Context(), benchTenant, id, 0, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		for n, e := range events {
			if e.Seq != int64(n+1) || n > 0 && e.At.Before(events[n-1].At) {
				t.Fatalf("event %d is %+v", n, e)
			}
			switch b := e.Body.(type) {
			case convo.MessageGiven:
				text += int64(len(b.Text))
			case convo.MessageEnded:
				text += int64(len(b.Text))
			}
		}
		turns, err := data.Turns(t.Context(), benchTenant, id, 0)
		if err != nil || len(turns) != 2 || turns[0].Reason != convo.EndDone {
			t.Errorf("the turns are %+v, %v", turns, err)
		}
	}
	report, ok := out.(fillReport)
	if !ok || report.Text != text || report.Messages != 12 {
		t.Errorf("it reports %+v; the texts have %d bytes", out, text)
	}
}
