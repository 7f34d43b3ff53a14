package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// channel is the row of a channel, or what it would be.
type channel struct {
	id     int64 // 0 = it has none
	name   string
	start  int64
	last   int64
	count  int64
	bytes  int64
	oldest int64
}

func (c *channel) span() convo.ChannelSpan {
	return convo.ChannelSpan{Start: c.start, First: c.last - c.count + 1, Last: c.last}
}

const (
	channelByName = `SELECT id, start, last, count, bytes, oldest FROM channels WHERE tenant = ? AND name = ?`
	channelFloor  = `SELECT value FROM settings WHERE name = 'channelFloor'`
)

// readChannel finds a channel. One that is not there begins at the floor.
func readChannel(conn *sqlite.Conn, tenant, name string) (*channel, error) {
	c := &channel{name: name}
	found, err := ask(conn, channelByName).text(tenant).text(name).one(func(q *query) {
		c.id, c.start, c.last = q.readInt(), q.readInt(), q.readInt()
		c.count, c.bytes, c.oldest = q.readInt(), q.readInt(), q.readInt()
	})
	if err != nil || found {
		return c, err
	}
	_, err = ask(conn, channelFloor).one(func(q *query) { c.start = q.readInt() })
	c.last = c.start
	return c, err
}

// writeChannel writes the row of a channel, with the id that it has or gets.
func writeChannel(conn *sqlite.Conn, tenant string, c *channel) error {
	if c.id != 0 {
		return ask(conn, `UPDATE channels SET last = ?, count = ?, bytes = ?, oldest = ? WHERE id = ?`).
			int(c.last).int(c.count).int(c.bytes).int(c.oldest).int(c.id).exec()
	}
	err := ask(conn, `INSERT INTO channels (tenant, name, start, last, count, bytes, oldest) VALUES (?, ?, ?, ?, ?, ?, ?)`).
		text(tenant).text(c.name).int(c.start).int(c.last).int(c.count).int(c.bytes).int(c.oldest).exec()
	c.id = conn.LastInsertRowID()
	return err
}

// writePublished writes messages that were published on a channel, and removes
// the oldest ones beyond what is kept.
func writePublished(conn *sqlite.Conn, tenant string, c *channel, messages []convo.Published) error {
	if c.count == 0 {
		c.oldest = messages[0].At.UnixMilli()
	}
	if err := writeChannel(conn, tenant, c); err != nil { // it needs its id
		return err
	}
	for _, m := range messages {
		err := ask(conn, `INSERT INTO channel_messages (channel, seq, at, message) VALUES (?, ?, ?, ?)`).
			int(c.id).int(m.Seq).int(m.At.UnixMilli()).text(string(m.Message)).exec()
		if err != nil {
			return err
		}
		c.last, c.count, c.bytes = m.Seq, c.count+1, c.bytes+int64(len(m.Message))
	}
	for c.count > 1 && (c.count > store.ChannelMessages || c.bytes > store.ChannelBytes) {
		if err := removeOldest(conn, c); err != nil {
			return err
		}
	}
	return writeChannel(conn, tenant, c)
}

const firstMessages = `SELECT at, octet_length(message) FROM channel_messages WHERE channel = ? AND seq >= ? ORDER BY seq LIMIT 2`

// removeOldest removes the first message of a channel that has one.
func removeOldest(conn *sqlite.Conn, c *channel) error {
	first := c.span().First
	q := ask(conn, firstMessages).int(c.id).int(first)
	if q.next() {
		c.oldest = q.readInt()
		c.bytes -= q.readInt()
		if q.next() {
			c.oldest = q.readInt()
		}
	}
	c.count--
	return errorsFirst(q.done(), ask(conn, `DELETE FROM channel_messages WHERE channel = ? AND seq = ?`).int(c.id).int(first).exec())
}

// ChannelSpan implements store.Channels.
func (s *Store) ChannelSpan(ctx context.Context, tenant, name string) (span convo.ChannelSpan, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		c, err := readChannel(conn, tenant, name)
		span = c.span()
		return err
	})
	return span, err
}

const publishedAfter = `
	SELECT m.seq, m.at, m.message FROM channels c JOIN channel_messages m ON m.channel = c.id
	WHERE c.tenant = ? AND c.name = ? AND m.seq > ? ORDER BY m.seq`

// Published implements store.Channels.
func (s *Store) Published(ctx context.Context, tenant, name string, after int64, limit int) (list []convo.Published, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		size := 0
		q := ask(conn, publishedAfter).text(tenant).text(name).int(after)
		for len(list) < limit && size <= store.PublishedBytes && q.next() {
			m := convo.Published{Seq: q.readInt(), At: fromMilli(q.readInt()), Message: convo.JSON(q.readText())}
			list, size = append(list, m), size+len(m.Message)
		}
		return q.done()
	})
	return list, err
}

const oldChannels = `SELECT id, name, start, last, count, bytes, oldest FROM channels WHERE oldest < ? ORDER BY oldest LIMIT ?`

// pruneChannelsAtOnce is how many channels are looked at in one transaction, which
// ends before that when it has removed about as much as one channel holds: others
// wait for it.
const pruneChannelsAtOnce = 50

// PruneChannels implements store.Channels.
func (s *Store) PruneChannels(ctx context.Context, before time.Time) error {
	for more := true; more; {
		err := s.do(ctx, store.Buffered, func(conn *sqlite.Conn) error {
			var old []*channel
			q := ask(conn, oldChannels).int(ceilMilli(before)).int(pruneChannelsAtOnce)
			for q.next() {
				old = append(old, &channel{
					id: q.readInt(), name: q.readText(), start: q.readInt(), last: q.readInt(),
					count: q.readInt(), bytes: q.readInt(), oldest: q.readInt(),
				})
			}
			if err := q.done(); err != nil {
				return err
			}
			more = len(old) == pruneChannelsAtOnce
			messages, bytes := int64(0), int64(0)
			for i, c := range old {
				messages, bytes = messages+c.count, bytes+c.bytes
				if i > 0 && (messages > store.ChannelMessages || bytes > store.ChannelBytes) {
					more = true
					break
				}
				if err := pruneChannel(conn, c, ceilMilli(before)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pruneChannel removes the old messages of a channel, and the channel with its
// last one.
func pruneChannel(conn *sqlite.Conn, c *channel, before int64) error {
	for c.count > 0 && c.oldest < before {
		if err := removeOldest(conn, c); err != nil {
			return err
		}
	}
	if c.count > 0 {
		return writeChannel(conn, "", c)
	}
	return errorsFirst(
		ask(conn, `DELETE FROM channels WHERE id = ?`).int(c.id).exec(),
		ask(conn, `
			INSERT INTO settings (name, value) VALUES ('channelFloor', ?1)
			ON CONFLICT (name) DO UPDATE SET value = max(value, ?1)`).int(c.last).exec(),
	)
}

// openChannel gives a channel as this transaction leaves it.
func (t *tx) openChannel(name string) (*channel, error) {
	for _, p := range t.published {
		if p.channel.name == name {
			return p.channel, nil
		}
	}
	return readChannel(t.conn(), t.key.tenant, name)
}

// publication is what a transaction publishes on one channel.
type publication struct {
	channel  *channel // as it was before
	messages []convo.Published
}

// Publish implements store.ChannelTx.
func (t *tx) Publish(name string, message convo.JSON, at time.Time) (int64, error) {
	if _, taken, err := t.Dispatch(name); err != nil {
		return 0, err
	} else if taken {
		return 0, convo.Errorf(convo.Conflict, "a turn was dispatched to this channel; it takes no messages")
	}
	c, err := t.openChannel(name)
	if err != nil {
		return 0, err
	}
	p := t.publication(c)
	m := convo.Published{Seq: c.last + int64(len(p.messages)) + 1, Message: message, At: fromMilli(at.UnixMilli())}
	p.messages = append(p.messages, m)
	return m.Seq, nil
}

func (t *tx) publication(c *channel) *publication {
	for _, p := range t.published {
		if p.channel == c {
			return p
		}
	}
	p := &publication{channel: c}
	t.published = append(t.published, p)
	return p
}

// applyChannels writes what was published and dispatched.
func (t *tx) applyChannels() error {
	for _, p := range t.published {
		if err := writePublished(t.conn(), t.key.tenant, p.channel, p.messages); err != nil {
			return err
		}
	}
	for _, d := range t.dispatches {
		if err := writeDispatch(t.conn(), d); err != nil {
			return err
		}
	}
	return nil
}
