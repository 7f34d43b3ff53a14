package sqlite

import (
	"context"
	"io"
	"sync"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// segmentPiece is how many bytes the pieces of a segment have, but for the last one.
const segmentPiece = 256 << 10

// pieceID is the row of a piece of a segment.
func pieceID(segment, n int64) int64 { return segment<<20 | n }

const segmentsOf = `
	SELECT key, first, last, size FROM segments WHERE collection = ? AND name = ? AND key IS NOT NULL`

// Segments implements store.RecordReader.
func (s *reader) Segments(ctx context.Context, tenant, dataset, index string) (list []convo.Segment, err error) {
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		q := ask(conn, segmentsOf+` ORDER BY first, last`).int(c.Number).text(index)
		for q.next() {
			list = append(list, convo.Segment{ID: q.readKey(), From: q.readInt(), To: q.readInt(), Size: q.readInt()})
		}
		return q.done()
	})
	return list, err
}

const segmentByKey = `SELECT id, size FROM segments WHERE collection = ? AND name = ? AND key = ?`

// ReadSegment implements store.RecordReader.
func (s *reader) ReadSegment(
	ctx context.Context, tenant, dataset, index, id string, p []byte, offset int64,
) (n int, err error) {
	if offset < 0 {
		return 0, convo.Errorf(convo.Internal, "a segment cannot be read from %d on", offset)
	}
	found := false
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		segment, size := int64(0), int64(0)
		found, err = ask(conn, segmentByKey).int(c.Number).text(index).position(id).
			one(func(q *query) { segment, size = q.readInt(), q.readInt() })
		if err != nil || !found {
			return err
		}
		n, err = readPieces(conn, segment, p[:max(0, min(int64(len(p)), size-offset))], offset)
		return err
	})
	switch {
	case err != nil:
		return n, err
	case !found:
		return 0, noSegment(id)
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}

// readPieces fills p with what a segment has from an offset on.
func readPieces(conn *sqlite.Conn, segment int64, p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		at := offset + int64(n)
		ok, err := ask(conn, `SELECT data FROM segment_pieces WHERE id = ?`).int(pieceID(segment, at/segmentPiece)).
			one(func(q *query) {
				if data := q.readBlob(); at%segmentPiece < int64(len(data)) {
					n += copy(p[n:], data[at%segmentPiece:])
				}
			})
		if err != nil {
			return n, err
		}
		if !ok || offset+int64(n) == at {
			return n, io.ErrUnexpectedEOF
		}
	}
	return n, nil
}

// PutSegment implements store.Records. Its pieces come first, a few in each
// transaction, so that nobody waits for a large one; they are the segment's from the
// last transaction on. What a failure leaves of them PruneRecords removes.
func (s *Store) PutSegment(
	ctx context.Context, tenant, dataset, index string, put convo.Segment, data []byte, instead []string,
) error {
	put.Size = int64(len(data))
	at := segmentPlace{tenant, dataset, index}
	var id int64
	err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
		c, err := at.check(conn, put)
		if err != nil {
			return err
		}
		err = ask(conn, `INSERT INTO segments (collection, name, first, last, size) VALUES (?, ?, ?, ?, ?)`).
			int(c.Number).text(index).int(put.From).int(put.To).int(put.Size).exec()
		id = conn.LastInsertRowID()
		s.writing.add(id) // before anybody can see it
		return err
	})
	defer func() { s.writing.remove(id) }()
	if err != nil {
		return err
	}
	for n := int64(0); n*segmentPiece < put.Size; n++ {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			return ask(conn, `INSERT INTO segment_pieces (id, data) VALUES (?, ?)`).
				int(pieceID(id, n)).blob(data[n*segmentPiece : min(put.Size, (n+1)*segmentPiece)]).exec()
		})
		if err != nil {
			return err
		}
	}
	return s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error { return at.exchange(conn, id, put, instead) })
}

// segmentPlace says where a segment belongs.
type segmentPlace struct{ tenant, dataset, index string }

func (at segmentPlace) check(conn *sqlite.Conn, put convo.Segment) (convo.Collection, error) {
	c, err := readCollection(conn, at.tenant, at.dataset)
	if err == nil && c.Number == 0 {
		err = noDataset(at.dataset)
	}
	return c, errorsFirst(err, store.CheckSegment(put, c))
}

// exchange makes a segment known in place of others.
func (at segmentPlace) exchange(conn *sqlite.Conn, id int64, put convo.Segment, instead []string) error {
	c, err := at.check(conn, put)
	if err != nil {
		return err
	}
	for _, old := range append([]string{put.ID}, instead...) {
		err := ask(conn, `UPDATE segments SET key = NULL WHERE collection = ? AND name = ? AND key = ?`).
			int(c.Number).text(at.index).position(old).exec()
		if err != nil {
			return err
		}
	}
	err = ask(conn, `UPDATE segments SET key = ? WHERE id = ? AND collection = ?`).key(put.ID).int(id).int(c.Number).exec()
	if err == nil && conn.Changes() == 0 {
		return store.BeginAgain() // the dataset was made again in between
	}
	return err
}

// writing are the segments that are being written.
type writing struct {
	mu  sync.Mutex // guards ids
	ids map[int64]bool
}

func (w *writing) add(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	put(&w.ids, id, true)
}

func (w *writing) remove(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ids, id)
}

func (w *writing) has(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ids[id]
}

func noSegment(id string) error { return convo.Errorf(convo.NotFound, "there is no segment %q", id) }
