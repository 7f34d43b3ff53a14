package sqlite

import (
	"cmp"
	"context"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
)

// Steps implements store.Steps.
func (s *reader) Steps(ctx context.Context, tenant, conversation string, after int64, each func(convo.Event) bool) error {
	return s.readOpen(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64, open []snapshot) error {
		log := &logReader{conn: conn, texts: s.texts, conversation: c}
		q := ask(conn, logUp).int(rowID(c, max(after, 0))).int(lastID(c))
		for q.next() {
			e, err := log.event(scanRow(q))
			if err != nil {
				return errorsFirst(err, q.done())
			}
			if !each(e) {
				return q.done()
			}
		}
		if err := q.done(); err != nil {
			return err
		}
		return openSteps(conn, c, open, after, each)
	})
}

// openSteps gives the deltas of messages that have not ended. A snapshot may have
// the end of one that is still among the open ones.
func openSteps(conn *sqlite.Conn, c int64, open []snapshot, after int64, each func(convo.Event) bool) error {
	var deltas []convo.Event
	for _, u := range open {
		ended, err := ask(conn, `SELECT 1 FROM messages WHERE conversation = ? AND key = ?`).int(c).key(u.message).
			one(func(*query) {})
		if err != nil {
			return err
		}
		for _, piece := range u.pieces {
			if ended || piece.seq <= after {
				continue
			}
			_, err := ask(conn, `SELECT text FROM open_deltas WHERE id = ?`).int(piece.row).one(func(q *query) {
				deltas = append(deltas, u.voices[piece.voice].event(piece, u.message, q.readText()))
			})
			if err != nil {
				return err
			}
		}
	}
	slices.SortFunc(deltas, func(a, b convo.Event) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, e := range deltas {
		if !each(e) {
			return nil
		}
	}
	return nil
}

const slotBefore = `SELECT coalesce(max(slot), 0) FROM turns WHERE conversation = ? AND slot > 0 AND slot < ?`

// SlotBefore implements store.Steps.
func (s *reader) SlotBefore(ctx context.Context, tenant, conversation string, slot int64) (before int64, err error) {
	err = s.readConversation(ctx, tenant, conversation, func(conn *sqlite.Conn, c int64) error {
		_, err := ask(conn, slotBefore).int(c).int(slot).one(func(q *query) { before = q.readInt() })
		return err
	})
	return before, err
}
