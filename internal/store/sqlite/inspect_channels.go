package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store/audit"
)

const (
	looseMessages = `
		channel_messages WHERE NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = channel_messages.channel)`

	// countedChannels are the channels with what their messages say: how many they
	// are, their bytes, the first and the last number, and when the first one was
	// published. A channel without messages has none of it.
	countedChannels = `
		SELECT c.id, c.tenant, c.name, c.start, c.last, c.count, c.bytes,
			count(m.seq) AS n, coalesce(sum(octet_length(m.message)), 0) AS size, min(m.seq) AS first, max(m.seq) AS latest, min(m.at)
		FROM channels c LEFT JOIN channel_messages m ON m.channel = c.id GROUP BY c.id
		HAVING n <> c.count OR size <> c.bytes OR latest IS NOT c.last OR first IS NOT c.last - c.count + 1`
)

// looseChannels looks for messages of no channel, and for channels that count
// their messages wrongly: they would never be removed, or be missed by readers.
func (r *rowCheck) looseChannels(conn *sqlite.Conn) error {
	_, err := ask(conn, `SELECT count(*) FROM `+looseMessages).one(func(q *query) {
		if n := q.readInt(); n > 0 {
			r.found(audit.Finding{
				Problem: audit.Orphan, Remedy: remedyRepair, Repairable: true,
				Text: fmt.Sprintf("%d messages were published on channels that do not exist", n),
			})
		}
	})
	if err != nil {
		return err
	}
	q := ask(conn, countedChannels)
	for q.next() {
		q.readInt()
		f := audit.Finding{Problem: audit.Projection, Tenant: q.readText(), Remedy: remedyRepair, Repairable: true}
		f.Text = fmt.Sprintf("channel %q counts its messages wrongly", q.readText())
		r.found(f)
	}
	return q.done()
}

// channels removes messages of no channel and counts those of channels anew. One
// that lacks messages is removed: its readers could not be told of the gap.
func (m *mender) channels() error {
	if err := ask(m.conn, `DELETE FROM `+looseMessages).exec(); err != nil {
		return err
	}
	var counted []*channel
	var whole []bool
	q := ask(m.conn, countedChannels)
	for q.next() {
		c := &channel{id: q.readInt()}
		q.readText()
		c.name, c.start = q.readText(), q.readInt()
		last := q.readInt()
		q.readInt()
		q.readInt()
		c.count, c.bytes = q.readInt(), q.readInt()
		first, latest := q.readInt(), q.readInt()
		c.last, c.oldest = max(last, latest), q.readInt()
		counted, whole = append(counted, c), append(whole, c.count > 0 && latest == c.last && latest-first+1 == c.count)
	}
	if err := q.done(); err != nil {
		return err
	}
	for i, c := range counted {
		if !whole[i] {
			c.count = 0
			if err := ask(m.conn, `DELETE FROM channel_messages WHERE channel = ?`).int(c.id).exec(); err != nil {
				return err
			}
		}
		if err := pruneChannel(m.conn, c, 0); err != nil { // which removes it if it is empty
			return err
		}
	}
	return nil
}
