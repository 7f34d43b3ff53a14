package fulltext

import "encoding/binary"

// writer puts a body together, of terms that come in their order.
type writer struct {
	header  header
	lengths []uint32
	idEnds  []byte
	ids     []byte
	goneEnd []byte
	goneIDs []byte
	termEnd []byte
	blob    []byte
	listEnd []byte
	lists   []byte
}

// newWriter begins a body of records with these ids, in order, and lengths.
func newWriter(ids []string, lengths []uint32, gone []string) *writer {
	w := &writer{lengths: lengths, termEnd: make([]byte, 4), listEnd: make([]byte, 4)}
	w.header.docs, w.header.gone = len(ids), len(gone)
	w.ids, w.idEnds = packed(ids)
	w.goneIDs, w.goneEnd = packed(gone)
	for _, n := range lengths {
		w.header.words += uint64(n)
	}
	return w
}

// packed puts values one behind the other, and says where they end.
func packed(values []string) (all, ends []byte) {
	ends = make([]byte, 4, 4*(len(values)+1))
	size := 0
	for _, v := range values {
		size += len(v)
	}
	all = make([]byte, 0, size)
	for _, v := range values {
		all = append(all, v...)
		ends = binary.LittleEndian.AppendUint32(ends, uint32(len(all)))
	}
	return all, ends
}

// term adds a term with its list.
func (w *writer) term(name string, list []posting) {
	w.blob = append(w.blob, name...)
	w.lists = appendList(w.lists, list, w.lengths)
	w.termEnd = binary.LittleEndian.AppendUint32(w.termEnd, uint32(len(w.blob)))
	w.listEnd = binary.LittleEndian.AppendUint32(w.listEnd, uint32(len(w.lists)))
	w.header.terms++
}

// body is what was written.
func (w *writer) body() *body {
	h := w.header
	h.ids, h.goneIDs, h.blob, h.listing = len(w.ids), len(w.goneIDs), len(w.blob), len(w.lists)
	data := h.append(make([]byte, 0, h.size()))
	data = append(data, w.idEnds...)
	for _, n := range w.lengths {
		data = binary.LittleEndian.AppendUint32(data, n)
	}
	for _, part := range [][]byte{w.goneEnd, w.termEnd, w.listEnd, w.ids, w.goneIDs, w.blob, w.lists} {
		data = append(data, part...)
	}
	return newBody(h, seal(data))
}
