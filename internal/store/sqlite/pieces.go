package sqlite

import (
	"hash/crc32"
	"slices"
	"sync"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// pieces knows which rows of open_deltas belong to which message. The table has
// no index, so that a delta costs one insert at its end; this is its index, and
// it is made anew when the store is opened.
//
// The writer puts a row in before it commits it, and takes it out after it has
// committed the row that replaces it. So a reader who looks here while gate is
// held, after it has begun its snapshot, finds at least the rows that the
// snapshot has; those that it does not have are not found in the table and
// belong to later events, or to messages whose ends the snapshot shows.
//
// Rows of messages that have ended are left behind, because they lie scattered
// among those of others: deleting each message's own would write nearly every
// page again. They are deleted in bulk when most rows are of that kind.
type pieces struct {
	gate sync.RWMutex // held by readers from their snapshot's begin to their look
	mu   sync.Mutex   // guards the map and what it leads to; the writer reads without it
	open map[int64][]*unfinished

	lastRow    int64 // the rest belongs to the writer
	live, dead int   // rows
	ended      []*unfinished
}

func newPieces() *pieces { return &pieces{open: make(map[int64][]*unfinished)} }

// unfinished is a message that comes piece by piece. The writer keeps it, marked
// as left, for as long as its rows are in the table.
type unfinished struct {
	conversation int64
	message      string
	voices       []voice
	pieces       []piece
	size         int     // of the text so far
	sum          uint32  // CRC-32 of the text so far
	lengths      lengths // of the texts of its parts so far; the writer's
	ended        bool    // the writer's: its end is written, perhaps not committed
	left         bool    // its end is committed: readers find it in the log
}

// find gives a message that has not ended, or nil.
func (p *pieces) find(conversation int64, message string) *unfinished {
	for _, u := range p.open[conversation] {
		if u.message == message && !u.ended {
			return u
		}
	}
	return nil
}

// last is the number of a conversation's last open delta, or 0.
func (p *pieces) last(conversation int64) int64 {
	var last int64
	for _, u := range p.open[conversation] {
		if !u.ended && len(u.pieces) > 0 {
			last = max(last, u.pieces[len(u.pieces)-1].seq)
		}
	}
	return last
}

// add takes in a delta and gives the row that it is to be written to.
func (p *pieces) add(conversation int64, e convo.Event, d convo.Delta) int64 {
	p.lastRow++
	p.put(conversation, p.lastRow, e, d)
	return p.lastRow
}

func (p *pieces) put(conversation, row int64, e convo.Event, d convo.Delta) {
	u := p.find(conversation, d.Message)
	p.mu.Lock()
	defer p.mu.Unlock()
	if u == nil {
		u = &unfinished{conversation: conversation, message: d.Message}
		p.open[conversation] = append(p.open[conversation], u)
	}
	u.add(row, e, d)
	u.sum = sumOn(u.sum, d.Text)
	u.lengths.add(d.Part, d.Text)
	p.live++
}

// add takes in a delta that stands in that row.
func (u *unfinished) add(row int64, e convo.Event, d convo.Delta) {
	v := voice{e.Turn, e.Origin, d.Type, d.Part}
	n := slices.Index(u.voices, v)
	if n < 0 {
		n = len(u.voices)
		u.voices = append(u.voices, v)
	}
	u.pieces = append(u.pieces, piece{
		row: row, seq: e.Seq, at: e.At.UnixMilli(), size: int32(len(d.Text)), voice: int32(n),
	})
	u.size += len(d.Text)
}

// sumOn goes on with a checksum over a text that comes in pieces.
func sumOn(sum uint32, text string) uint32 { return crc32.Update(sum, crc32.IEEETable, []byte(text)) }

// end marks a message as ended in the transaction that runs.
func (p *pieces) end(u *unfinished) {
	u.ended = true
	p.ended = append(p.ended, u)
	p.live -= len(u.pieces)
	p.dead += len(u.pieces)
}

// settle is called when everything so far is committed: readers whose snapshots
// begin from now on find what has ended in the log.
func (p *pieces) settle() {
	if len(p.ended) == 0 {
		return
	}
	p.gate.Lock()
	defer p.gate.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.ended {
		u.left = true
		if len(u.pieces) == 0 {
			p.remove(u)
		}
	}
	p.ended = p.ended[:0]
}

func (p *pieces) remove(u *unfinished) {
	rest := slices.DeleteFunc(p.open[u.conversation], func(o *unfinished) bool { return o == u })
	if len(rest) == 0 {
		delete(p.open, u.conversation)
		return
	}
	p.open[u.conversation] = rest
}

// snapshot is what a reader knows of a message that has not ended.
type snapshot struct {
	message string
	voices  []voice
	pieces  []piece
}

// of gives a conversation's messages that have not ended. The reader holds gate.
func (p *pieces) of(conversation int64) []snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []snapshot
	for _, u := range p.open[conversation] {
		if !u.left {
			list = append(list, snapshot{u.message, u.voices, u.pieces})
		}
	}
	return list
}

// forget deletes the rows that a conversation left behind, those of one message
// or, with "", all of them, open ones too: a deletion leaves no text.
func (p *pieces) forget(conn *sqlite.Conn, conversation int64, message string) error {
	for _, u := range p.open[conversation] {
		if message != "" && u.message != message {
			continue
		}
		for _, piece := range u.pieces {
			if err := ask(conn, `DELETE FROM open_deltas WHERE id = ?`).int(piece.row).exec(); err != nil {
				return err
			}
		}
		if !u.ended {
			p.end(u)
		}
	}
	return nil
}

// purgeAt is how many rows may be left behind before they are deleted.
const purgeAt = 4096

// purge deletes the rows that are left behind, if they are many.
func (p *pieces) purge(conn *sqlite.Conn) error {
	if p.dead < purgeAt+3*p.live {
		return nil
	}
	return p.purgeNow(conn)
}

// purgeNow deletes everything between the rows that are still open, whole
// pages at once where it can.
func (p *pieces) purgeNow(conn *sqlite.Conn) error {
	var keep []int64
	for _, list := range p.open {
		for _, u := range list {
			if u.ended {
				continue
			}
			for _, piece := range u.pieces {
				keep = append(keep, piece.row)
			}
		}
	}
	slices.Sort(keep)
	from := int64(0)
	for _, row := range append(keep, p.lastRow+1) {
		if row > from {
			err := ask(conn, `DELETE FROM open_deltas WHERE id >= ? AND id < ?`).int(from).int(row).exec()
			if err != nil {
				return err
			}
		}
		from = row + 1
	}
	p.forgetPurged()
	return nil
}

// forgetPurged drops what is known of rows that are gone. What ended in the
// transaction that runs stays until settle: a reader's snapshot may have it.
func (p *pieces) forgetPurged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = 0
	for conversation, list := range p.open {
		rest := slices.DeleteFunc(list, func(u *unfinished) bool { return u.left })
		if len(rest) == 0 {
			delete(p.open, conversation)
			continue
		}
		p.open[conversation] = rest
	}
}

// load makes the index from the table as it is committed, in place of what was
// known: when the store is opened, and when a transaction has failed.
func (p *pieces) load(conn *sqlite.Conn) error {
	fresh := &pieces{open: make(map[int64][]*unfinished), lastRow: p.lastRow}
	left := make(map[*unfinished]bool)
	q := ask(conn, `
		SELECT o.id, o.conversation, o.seq, o.at, o.message, o.turn, o.origin, o.type, o.text, m.key IS NOT NULL
		FROM open_deltas o
		LEFT JOIN messages m ON m.conversation = o.conversation AND m.key = o.message
		ORDER BY o.id`)
	for q.next() {
		row, conversation := q.readInt(), q.readInt()
		e := convo.Event{Seq: q.readInt(), At: fromMilli(q.readInt())}
		message := q.readKey()
		e.Turn, e.Origin = q.readKey(), q.readKey()
		d := convo.Delta{Message: message}
		d.Type, d.Part = untag(q.readText())
		d.Text = q.readText()
		fresh.lastRow = max(fresh.lastRow, row)
		fresh.put(conversation, row, e, d)
		if q.readBool() {
			left[fresh.find(conversation, message)] = true
		}
	}
	if err := q.done(); err != nil {
		return err
	}
	for u := range left {
		fresh.end(u)
		u.left = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open, p.lastRow, p.live, p.dead, p.ended = fresh.open, fresh.lastRow, fresh.live, fresh.dead, nil
	return nil
}
