package sqlite

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// When a message ends, its deltas become a list beside its text: of each its
// number, size and time. The list is a row of varints, column by column, because
// like values side by side are short and pack well:
//
//	voices    0 if the deltas have the turn, origin and type of the row itself;
//	          else how many sets of them follow, each three strings
//	count     of deltas
//	runs      how many runs of consecutive numbers; of each how far it begins
//	          after the end of the one before, and its length. The first begins
//	          that far before the row's own number
//	sizes     in bytes
//	times     zigzag, each from the one before, the first from the row's own
//	voice     of each delta, if there are several

// piece is a delta without its text.
type piece struct {
	row   int64 // in open_deltas; 0 once folded
	seq   int64
	at    int64 // milliseconds
	size  int32
	voice int32 // index of its voice
}

// voice is what deltas of a message have in common, nearly always all of them.
type voice struct {
	turn, origin string
	kind         convo.MessageType
}

var errFold = errors.New("sqlite: a list of deltas is damaged")

// appendFold writes the list of a message that ended with event seq at time at.
func appendFold(b []byte, seq, at int64, own voice, voices []voice, pieces []piece) []byte {
	if len(voices) == 1 && voices[0] == own {
		voices = nil
	}
	b = binary.AppendUvarint(b, uint64(len(voices)))
	for _, v := range voices {
		for _, s := range []string{v.turn, v.origin, string(v.kind)} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(pieces)))
	b = appendRuns(b, seq, pieces)
	for _, p := range pieces {
		b = binary.AppendUvarint(b, uint64(p.size))
	}
	for _, p := range pieces {
		b = binary.AppendVarint(b, p.at-at)
		at = p.at
	}
	if len(voices) > 1 {
		for _, p := range pieces {
			b = binary.AppendUvarint(b, uint64(p.voice))
		}
	}
	return b
}

func appendRuns(b []byte, seq int64, pieces []piece) []byte {
	var runs []uint64 // gap, length, gap, length, …
	end := pieces[0].seq
	for i, p := range pieces {
		switch {
		case i == 0:
			runs = append(runs, uint64(seq-p.seq), 1)
		case p.seq == end:
			runs[len(runs)-1]++
		default:
			runs = append(runs, uint64(p.seq-end), 1)
		}
		end = p.seq + 1
	}
	b = binary.AppendUvarint(b, uint64(len(runs)/2))
	for _, n := range runs {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// foldReader reads varints and remembers that one was missing.
type foldReader struct {
	b   []byte
	bad bool
}

func (r *foldReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *foldReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *foldReader) string() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// count reads how many values follow. Each has a byte at least, so that a
// damaged count cannot ask for much memory.
func (r *foldReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

// readFold reads the list of the row that has that number, time and voice.
func readFold(b []byte, seq, at int64, own voice) ([]voice, []piece, error) {
	r := &foldReader{b: b}
	voices := make([]voice, r.count())
	for i := range voices {
		voices[i] = voice{r.string(), r.string(), convo.MessageType(r.string())}
	}
	several := len(voices) > 1
	if len(voices) == 0 {
		voices = []voice{own}
	}
	pieces := make([]piece, r.count())
	r.runs(pieces, seq)
	for i := range pieces {
		pieces[i].size = int32(min(r.uvarint(), 1<<31-1))
	}
	for i := range pieces {
		at += r.varint()
		pieces[i].at = at
	}
	for i := 0; several && i < len(pieces); i++ {
		pieces[i].voice = int32(min(r.uvarint(), 1<<31-1))
		r.bad = r.bad || int(pieces[i].voice) >= len(voices)
	}
	if r.bad || len(r.b) > 0 {
		return nil, nil, errFold
	}
	return voices, pieces, nil
}

// runs gives the pieces their numbers, which rise and stay below the row's own.
func (r *foldReader) runs(pieces []piece, seq int64) {
	i, next := 0, int64(0)
	for run := range r.count() {
		gap, length := r.uvarint(), r.uvarint()
		if run == 0 {
			next = seq - int64(min(gap, 1<<40))
		} else {
			next += int64(min(gap, 1<<40))
		}
		for ; length > 0 && i < len(pieces); length-- {
			pieces[i].seq = next
			next++
			i++
		}
		r.bad = r.bad || length > 0 || next > seq
	}
	r.bad = r.bad || i < len(pieces) || i > 0 && pieces[0].seq < 1
}

// event makes the event that a piece was.
func (v voice) event(p piece, message, text string) convo.Event {
	return convo.Event{
		Seq: p.seq, At: time.UnixMilli(p.at).UTC(), Turn: v.turn, Origin: v.origin,
		Body: convo.Delta{Message: message, Type: v.kind, Text: text},
	}
}
