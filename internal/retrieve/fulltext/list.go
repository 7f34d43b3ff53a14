package fulltext

import (
	"encoding/binary"
	"math"
)

// A list says which records have a term, and how often. It is cut into blocks of
// blockSize records:
//
//	how many records (varint)
//	for each block, but only if there are several: its last record, where it ends in
//	  what follows, and the most and the shortest of it (4 bytes each)
//	with one block: the most and the shortest (varints)
//	for each record: how far it is from the one before, twice, and 1 more if it has
//	  the term once (varint), else how often (varint)
//
// The most is how often some record of the block has the term at most, the shortest
// how few words one has: together they bound what the block can add to a score.
const (
	blockSize = 128
	blockHead = 16
)

// posting is that a record has a term, this often.
type posting struct{ doc, times uint32 }

// appendList appends the list of postings in the order of their records.
func appendList(b []byte, postings []posting, lengths []uint32) []byte {
	b = binary.AppendUvarint(b, uint64(len(postings)))
	if len(postings) <= blockSize {
		most, shortest := bounds(postings, lengths)
		b = binary.AppendUvarint(b, uint64(most))
		b = binary.AppendUvarint(b, uint64(shortest))
		return appendBlock(b, postings, -1)
	}
	heads := len(b)
	blocks := (len(postings) + blockSize - 1) / blockSize
	b = append(b, make([]byte, blocks*blockHead)...)
	start, before := len(b), -1
	for i := range blocks {
		block := postings[i*blockSize : min((i+1)*blockSize, len(postings))]
		b = appendBlock(b, block, before)
		last := block[len(block)-1].doc
		most, shortest := bounds(block, lengths)
		head := b[heads+i*blockHead:]
		binary.LittleEndian.PutUint32(head, last)
		binary.LittleEndian.PutUint32(head[4:], uint32(len(b)-start))
		binary.LittleEndian.PutUint32(head[8:], most)
		binary.LittleEndian.PutUint32(head[12:], shortest)
		before = int(last)
	}
	return b
}

func appendBlock(b []byte, block []posting, before int) []byte {
	for _, p := range block {
		gap := uint64(int(p.doc)-before) << 1
		before = int(p.doc)
		if p.times == 1 {
			b = binary.AppendUvarint(b, gap|1)
			continue
		}
		b = binary.AppendUvarint(b, gap)
		b = binary.AppendUvarint(b, uint64(p.times))
	}
	return b
}

func bounds(block []posting, lengths []uint32) (most, shortest uint32) {
	shortest = math.MaxUint32
	for _, p := range block {
		most = max(most, p.times)
		shortest = min(shortest, lengths[p.doc])
	}
	return most, shortest
}

// cursor goes through a list. It is used for many lists, one after the other.
type cursor struct {
	size   int    // records in the list
	blocks int    // that it is cut into
	heads  []byte // of the blocks, if there are several
	data   []byte
	most   uint32 // of the only block
	least  uint32

	block int // that is decoded, or the one that is next while n is 0
	n, i  int // how many of it are there, and where the cursor is
	docs  [blockSize]uint32
	times [blockSize]uint32
}

// end is behind every record.
const end = math.MaxUint32

// open begins a list that is valid, in front of its first record.
func (c *cursor) open(list []byte) {
	size, used := binary.Uvarint(list)
	c.size, c.blocks, c.heads, c.data = int(size), 1, nil, list[used:]
	c.block, c.n, c.i = 0, 0, 0
	if c.size > blockSize {
		c.blocks = (c.size + blockSize - 1) / blockSize
		c.heads, c.data = c.data[:c.blocks*blockHead], c.data[c.blocks*blockHead:]
		return
	}
	most, used := binary.Uvarint(c.data)
	c.data = c.data[used:]
	least, used := binary.Uvarint(c.data)
	c.data = c.data[used:]
	c.most, c.least = uint32(most), uint32(least)
}

// last is the last record of a block.
func (c *cursor) last(block int) uint32 {
	if c.heads == nil {
		return end - 1
	}
	return binary.LittleEndian.Uint32(c.heads[block*blockHead:])
}

// bound tells the most and the shortest of a block.
func (c *cursor) bound(block int) (most, shortest uint32) {
	if c.heads == nil {
		return c.most, c.least
	}
	head := c.heads[block*blockHead:]
	return binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
}

// seek goes to the first record that is not before doc, and gives it, or end. It
// never goes back.
func (c *cursor) seek(doc uint32) uint32 {
	if c.n > 0 && c.docs[c.n-1] >= doc {
		for c.docs[c.i] < doc {
			c.i++
		}
		return c.docs[c.i]
	}
	next := c.skip(c.block, doc)
	if next == c.blocks {
		c.block, c.n = next, 0
		return end
	}
	c.decode(next)
	for c.i < c.n && c.docs[c.i] < doc {
		c.i++
	}
	if c.i == c.n { // only in the list of one block
		c.block, c.n = c.blocks, 0
		return end
	}
	return c.docs[c.i]
}

// skip finds the first block from one on that may hold doc or what follows it.
func (c *cursor) skip(block int, doc uint32) int {
	if block < c.blocks && c.n > 0 {
		block++ // the one that is decoded ends before
	}
	for step := 1; step > 0; {
		if block+step <= c.blocks && c.last(block+step-1) < doc {
			block += step
			step *= 2
		} else {
			step /= 2
		}
	}
	return block
}

// decode reads a block, and goes to its first record.
func (c *cursor) decode(block int) {
	data, before := c.data, uint32(0xffffffff)
	c.n = c.size
	if c.heads != nil {
		c.n = min(blockSize, c.size-block*blockSize)
		if block > 0 {
			before = c.last(block - 1)
			data = data[binary.LittleEndian.Uint32(c.heads[(block-1)*blockHead+4:]):]
		}
	}
	c.block, c.i = block, 0
	at := 0
	for i := range c.n {
		gap := uint32(data[at])
		at++
		if gap >= 0x80 {
			long, used := binary.Uvarint(data[at-1:])
			gap, at = uint32(long), at-1+used
		}
		before += gap >> 1
		c.docs[i], c.times[i] = before, 1
		if gap&1 == 0 {
			times, used := binary.Uvarint(data[at:])
			c.times[i] = uint32(times)
			at += used
		}
	}
}

// validList reports whether a cursor can go through a list without leaving it or the
// records of its body, and whether its bounds are those of its blocks.
func validList(list []byte, b *body) bool {
	size, used := binary.Uvarint(list)
	if used <= 0 || size == 0 || size > uint64(b.docs) {
		return false
	}
	blocks := (int(size) + blockSize - 1) / blockSize
	rest := list[used:]
	if blocks == 1 {
		most, used := binary.Uvarint(rest)
		if used <= 0 {
			return false
		}
		shortest, more := binary.Uvarint(rest[used:])
		if more <= 0 {
			return false
		}
		_, left, ok := validBlock(rest[used+more:], int(size), -1, most, shortest, b)
		return ok && left == 0
	}
	if len(rest) < blocks*blockHead {
		return false
	}
	heads, data := rest[:blocks*blockHead], rest[blocks*blockHead:]
	return validBlocks(heads, data, int(size), b)
}

func validBlocks(heads, data []byte, size int, b *body) bool {
	before, start := -1, 0
	for ; len(heads) > 0; heads = heads[blockHead:] {
		blockEnd := int(number(heads, 1))
		if blockEnd < start || blockEnd > len(data) {
			return false
		}
		last, left, ok := validBlock(data[start:blockEnd], min(size, blockSize), before, uint64(number(heads, 2)), uint64(number(heads, 3)), b)
		if !ok || left != 0 || last != int(number(heads, 0)) {
			return false
		}
		before, start, size = last, blockEnd, size-blockSize
	}
	return start == len(data)
}

// validBlock goes through a block of n records, and says which is the last and how
// many bytes are left.
func validBlock(data []byte, n, before int, most, shortest uint64, b *body) (last, left int, ok bool) {
	for range n {
		gap, used := binary.Uvarint(data)
		if used <= 0 || gap>>1 == 0 || gap>>1 >= uint64(b.docs-before) {
			return 0, 0, false
		}
		data, before = data[used:], before+int(gap>>1)
		times := uint64(1)
		if gap&1 == 0 {
			if times, used = binary.Uvarint(data); used <= 0 || times == 0 {
				return 0, 0, false
			}
			data = data[used:]
		}
		if times > most || uint64(b.length(before)) < shortest || most > math.MaxUint32 {
			return 0, 0, false
		}
	}
	return before, len(data), true
}
