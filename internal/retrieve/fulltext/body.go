package fulltext

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sort"
	"unsafe"
)

// body is what a segment holds: some records of a collection, which it numbers by
// the order of their ids, and their terms with the records that have them. It is
// the bytes that the store keeps, and never changes.
//
// After a header stand, each without padding and every number little endian:
//
//	where ids end      4 bytes for each record and one before
//	lengths            4 bytes for each record: its words
//	where gone end     4 bytes for each id of a record that is gone, and one before
//	where terms end    4 bytes for each term and one before
//	where lists end    4 bytes for each term and one before
//	the ids, the ids of the gone, the terms in order, the lists of the terms
type body struct {
	data    []byte
	docs    int
	terms   int
	gone    int
	words   uint64 // of all its records
	idEnds  []byte
	lengths []byte
	goneEnd []byte
	termEnd []byte
	listEnd []byte
	ids     []byte
	goneIDs []byte
	blob    []byte // the terms
	lists   []byte
}

const (
	magic      = "PFT1"
	headerSize = 48
	// maxBody bounds a segment, so that its parts have 4-byte offsets and one fits
	// into memory easily.
	maxBody = 256 << 20
)

var errDamaged = errors.New("the segment is damaged")

// castagnoli has an instruction of its own on most processors.
func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// header is what stands before the parts.
type header struct {
	docs, terms, gone           int
	ids, goneIDs, blob, listing int // bytes
	words                       uint64
}

func (h header) append(b []byte) []byte {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, analysis)
	b = binary.LittleEndian.AppendUint32(b, 0) // the checksum, when all is there
	for _, n := range []int{h.docs, h.terms, h.gone, h.ids, h.goneIDs, h.blob, h.listing} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return binary.LittleEndian.AppendUint64(b, h.words)
}

func (h header) size() int {
	return headerSize + 4*(2*h.docs+1+h.gone+1+2*(h.terms+1)) + h.ids + h.goneIDs + h.blob + h.listing
}

// seal writes the checksum of what was appended.
func seal(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[8:], checksum(data[12:]))
	return data
}

// parseBody reads what [seal] wrote. It looks at every number, so that whoever reads
// the body later need not.
func parseBody(data []byte) (*body, error) {
	b, err := divide(data)
	if err == nil && !b.valid() {
		err = errDamaged
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// parseAgain is parseBody for a body that was read or written before, and had this
// checksum: it is as valid as it was then, and need not be looked at whole.
func parseAgain(data []byte, sum uint32) (*body, error) {
	b, err := divide(data)
	if err == nil && b.sum() != sum {
		err = errDamaged
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// divide gives the parts of data whose checksum is right.
func divide(data []byte) (*body, error) {
	if len(data) < headerSize || len(data) > maxBody || string(data[:4]) != magic {
		return nil, errDamaged
	}
	if binary.LittleEndian.Uint32(data[4:]) != analysis {
		return nil, errors.New("the segment is of another version")
	}
	if binary.LittleEndian.Uint32(data[8:]) != checksum(data[12:]) {
		return nil, errDamaged
	}
	var n [7]int
	for i := range n {
		n[i] = int(binary.LittleEndian.Uint32(data[12+4*i:]))
		if n[i] > len(data) {
			return nil, errDamaged
		}
	}
	h := header{n[0], n[1], n[2], n[3], n[4], n[5], n[6], binary.LittleEndian.Uint64(data[40:])}
	if h.size() != len(data) {
		return nil, errDamaged
	}
	return newBody(h, data), nil
}

// newBody divides data into the parts that its header names.
func newBody(h header, data []byte) *body {
	rest := data[headerSize:]
	take := func(n int) []byte {
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	return &body{
		data: data, docs: h.docs, terms: h.terms, gone: h.gone, words: h.words,
		idEnds: take(4 * (h.docs + 1)), lengths: take(4 * h.docs), goneEnd: take(4 * (h.gone + 1)),
		termEnd: take(4 * (h.terms + 1)), listEnd: take(4 * (h.terms + 1)),
		ids: take(h.ids), goneIDs: take(h.goneIDs), blob: take(h.blob), lists: take(h.listing),
	}
}

// sum is the body's checksum.
func (b *body) sum() uint32 { return binary.LittleEndian.Uint32(b.data[8:]) }

func number(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

// span is the i-th of the parts of all whose ends these are.
func span(all, ends []byte, i int) []byte { return all[number(ends, i):number(ends, i+1)] }

func (b *body) id(doc int) []byte     { return span(b.ids, b.idEnds, doc) }
func (b *body) term(t int) []byte     { return span(b.blob, b.termEnd, t) }
func (b *body) list(t int) []byte     { return span(b.lists, b.listEnd, t) }
func (b *body) length(doc int) uint32 { return number(b.lengths, doc) }
func (b *body) goneID(i int) []byte   { return span(b.goneIDs, b.goneEnd, i) }

// lookup finds the record with an id; -1: it has none.
func (b *body) lookup(id string) int {
	if b.docs == 0 || text(b.id(b.docs-1)) < id {
		return -1 // most often: new ids are greater than those before
	}
	return find(b.docs, id, b.id)
}

// find looks for a value in a sorted list; -1: it is not there.
func find(n int, value string, at func(int) []byte) int {
	i := sort.Search(n, func(i int) bool { return text(at(i)) >= value })
	if i < n && text(at(i)) == value {
		return i
	}
	return -1
}

// text reads bytes that never change as a string, without a copy.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// valid reports whether every offset and list is within what it points into, and in
// order.
func (b *body) valid() bool {
	if !ordered(b.ids, b.idEnds, b.docs) || !ordered(b.goneIDs, b.goneEnd, b.gone) ||
		!ordered(b.blob, b.termEnd, b.terms) || !spans(b.lists, b.listEnd, b.terms) {
		return false
	}
	words := uint64(0)
	for doc := range b.docs {
		words += uint64(b.length(doc))
	}
	if words != b.words {
		return false
	}
	for t := range b.terms {
		if !validList(b.list(t), b) {
			return false
		}
	}
	return true
}

// spans reports whether ends divide all.
func spans(all, ends []byte, n int) bool {
	if number(ends, 0) != 0 || int(number(ends, n)) != len(all) {
		return false
	}
	for i := range n {
		if number(ends, i) > number(ends, i+1) {
			return false
		}
	}
	return true
}

// ordered reports in addition whether the values ascend.
func ordered(all, ends []byte, n int) bool {
	if !spans(all, ends, n) {
		return false
	}
	for i := 1; i < n; i++ {
		if text(span(all, ends, i-1)) >= text(span(all, ends, i)) {
			return false
		}
	}
	return true
}
