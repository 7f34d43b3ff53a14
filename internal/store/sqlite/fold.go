package sqlite

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// When a message ends, its deltas become a list beside its text: of each its
// number, size and time. The list is a row of varints, and at its end of bits:
//
//	voices    0 if the deltas have the turn, origin and type of the row itself;
//	          else how many sets of them follow, each three strings; the part
//	          of deltas stands behind the type, after a dash
//	count     of deltas
//	runs      how many runs of consecutive numbers; of each how far it begins
//	          after the end of the one before, and its length. The first begins
//	          that far before the row's own number
//	first     the time of the first, since the row's own
//	columns   the smallest size and its k, the smallest time and its k
//	bits      how far each size, in bytes, is above the smallest; then the same
//	          of each time, which is that since the one before, 0 for the first;
//	          then the voice of each, if there are several

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
	part         string
}

// voiceOf is the voice of the row that ends a message: that of its first part, if
// it has parts.
func voiceOf(e convo.Event, b convo.MessageEnded) voice {
	v := voice{turn: e.Turn, origin: e.Origin, kind: b.Type}
	if len(b.Parts) > 0 {
		v.part = b.Parts[0].ID
	}
	return v
}

var errFold = errors.New("sqlite: a list of deltas is damaged")

// appendFold writes the list of a message that ended with event seq at time at.
func appendFold(b []byte, seq, at int64, own voice, voices []voice, pieces []piece) []byte {
	if len(voices) == 1 && voices[0] == own {
		voices = nil
	}
	b = binary.AppendUvarint(b, uint64(len(voices)))
	for _, v := range voices {
		for _, s := range []string{v.turn, v.origin, tag(v.kind, v.part)} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(pieces)))
	b = appendRuns(b, seq, pieces)
	sizes, times, whose := make([]int64, len(pieces)), make([]int64, len(pieces)), make([]int64, len(pieces))
	b = binary.AppendVarint(b, pieces[0].at-at)
	at = pieces[0].at
	for i, p := range pieces {
		sizes[i], times[i], whose[i] = int64(p.size), p.at-at, int64(p.voice)
		at = p.at
	}
	w := &bitWriter{}
	b = appendColumn(b, w, sizes)
	b = appendColumn(b, w, times)
	if len(voices) > 1 {
		b = appendColumn(b, w, whose)
	}
	return append(b, w.b...)
}

// appendColumn writes what is common to a column to b, and its numbers as bits.
func appendColumn(b []byte, w *bitWriter, column []int64) []byte {
	least := slices.Min(column)
	above := make([]uint64, len(column))
	for i, v := range column {
		above[i] = uint64(v - least)
	}
	k := bestK(above)
	for _, v := range above {
		w.golomb(v, k)
	}
	return binary.AppendUvarint(binary.AppendVarint(b, least), uint64(k))
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

// count reads how many values follow. Each has two bits at least, so that a
// damaged count cannot ask for much memory.
func (r *foldReader) count() int {
	n := r.uvarint()
	if n > 4*uint64(len(r.b)) {
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
		voices[i] = voice{turn: r.string(), origin: r.string()}
		voices[i].kind, voices[i].part = untag(r.string())
	}
	several := len(voices) > 1
	if len(voices) == 0 {
		voices = []voice{own}
	}
	pieces := make([]piece, r.count())
	if len(pieces) == 0 {
		return nil, nil, errFold // an empty list is not written
	}
	r.runs(pieces, seq)
	at += r.varint()
	columns := []column{r.column(), r.column()}
	if several {
		columns = append(columns, r.column())
	}
	bits := &bitReader{b: r.b}
	for i := range pieces {
		size := columns[0].next(bits)
		r.bad = r.bad || size < 0 || size > math.MaxInt32
		pieces[i].size = int32(size)
	}
	for i := range pieces {
		at += columns[1].next(bits)
		pieces[i].at = at
	}
	for i := 0; several && i < len(pieces); i++ {
		whose := columns[2].next(bits)
		r.bad = r.bad || whose < 0 || whose >= int64(len(voices))
		pieces[i].voice = int32(whose)
	}
	if r.bad || !bits.end() {
		return nil, nil, errFold
	}
	return voices, pieces, nil
}

// column is what is common to the numbers of a column.
type column struct {
	least int64
	k     int
}

func (r *foldReader) column() column {
	c := column{least: r.varint()}
	k := r.uvarint()
	if k > maxK {
		r.bad, k = true, 0
	}
	c.k = int(k)
	return c
}

func (c column) next(bits *bitReader) int64 { return c.least + int64(bits.golomb(c.k)) }

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
		Body: convo.Delta{Message: message, Type: v.kind, Text: text, Part: v.part},
	}
}
