package sqlite

import (
	"container/list"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store/record"
)

// key names something that belongs to a tenant.
type key struct{ tenant, id string }

// conversation is one conversation as its writer sees it.
type conversation struct {
	id    int64 // its number in this database
	epoch int64 // restarts of the machine before its last event
	head  convo.Head
}

// findConversation gives a conversation's number, or 0.
func findConversation(conn *sqlite.Conn, k key) (int64, error) {
	var id int64
	_, err := ask(conn, `SELECT id FROM conversations WHERE tenant = ? AND key = ?`).text(k.tenant).key(k.id).
		one(func(q *query) { id = q.readInt() })
	return id, err
}

// conversationColumns are what scanConversation reads.
const (
	conversationColumns = `c.id, c.key, c.created, c.fields, h.updated, h.next_slot, h.context_from, h.epoch, h.sources,
		coalesce((SELECT active FROM agendas WHERE id = c.id), c.created)`
	fieldsColumn = 3
)

func scanConversation(q *query, tenant string) (*conversation, error) {
	c := &conversation{id: q.readInt()}
	c.head.Tenant, c.head.ID = tenant, q.readKey()
	c.head.Created = fromMilli(q.readInt())
	fields, err := record.DecodeFields(q.readBlob())
	c.head.Fields = fields
	c.head.Updated = fromMilli(q.readInt())
	c.head.NextSlot, c.head.ContextFrom, c.epoch = q.readInt(), q.readInt(), q.readInt()
	c.head.Sources = int(q.readInt())
	c.head.Conversation.Active = fromMilli(q.readInt())
	return c, err
}

const conversationByKey = `
	SELECT ` + conversationColumns + ` FROM conversations c JOIN heads h ON h.id = c.id
	WHERE c.tenant = ? AND c.key = ?`

// readConversationRow reads a conversation without the end of its log and its
// open turns; nil if there is none.
func readConversationRow(conn *sqlite.Conn, k key) (c *conversation, err error) {
	q := ask(conn, conversationByKey).text(k.tenant).key(k.id)
	if q.next() {
		c, err = scanConversation(q, k.tenant)
	}
	return c, errorsFirst(err, q.done())
}

// readHead reads a conversation with all of its head but for open deltas, which
// may lie behind the last row of its log; nil if there is none.
func readHead(conn *sqlite.Conn, texts *unpacker, k key) (*conversation, error) {
	c, err := readConversationRow(conn, k)
	if err != nil || c == nil {
		return nil, err
	}
	_, err = ask(conn, `SELECT id & 0xffffffff FROM log WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT 1`).
		int(rowID(c.id, 0)).int(lastID(c.id)).one(func(q *query) { c.head.LastSeq = q.readInt() })
	if err != nil {
		return nil, err
	}
	c.head.Open, err = (&turnReader{conn, texts, k.tenant, k.id}).all(ask(conn, turnsOpen).int(c.id))
	return c, err
}

// insertConversation writes the row of a new conversation.
func insertConversation(conn *sqlite.Conn, c *conversation, fields []byte) error {
	return ask(conn, `INSERT INTO conversations (id, tenant, key, created, fields, channel, bot, contact) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).
		int(c.id).text(c.head.Tenant).key(c.head.ID).int(c.head.Created.UnixMilli()).blob(fields).
		textOrNull(c.head.Channel).keyOrNull(c.head.BotID).keyOrNull(c.head.ContactID).exec()
}

// writeHead writes what changes with every message and turn.
func writeHead(conn *sqlite.Conn, c *conversation) error {
	return ask(conn, `
		INSERT INTO heads (id, updated, next_slot, context_from, epoch, sources) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (id) DO UPDATE SET updated = ?2, next_slot = ?3, context_from = ?4, epoch = ?5, sources = ?6`).
		int(c.id).int(c.head.Updated.UnixMilli()).int(c.head.NextSlot).int(c.head.ContextFrom).int(c.epoch).
		int(int64(c.head.Sources)).exec()
}

// maxHeads is how many bytes of conversations the writer remembers, about. One
// that it does not costs a few reads more.
const maxHeads = 32 << 20

// heads are the conversations that were written last.
type heads struct {
	entries map[key]*list.Element // of headEntry
	recent  *list.List            // the latest in front
	size    int
}

type headEntry struct {
	key          key
	conversation *conversation
	size         int
}

func newHeads() *heads { return &heads{entries: make(map[key]*list.Element), recent: list.New()} }

func (h *heads) get(k key) *conversation {
	e, ok := h.entries[k]
	if !ok {
		return nil
	}
	h.recent.MoveToFront(e)
	return e.Value.(headEntry).conversation
}

func (h *heads) put(k key, c *conversation) {
	h.drop(k)
	entry := headEntry{k, c, c.size()}
	h.entries[k] = h.recent.PushFront(entry)
	h.size += entry.size
	for h.size > maxHeads && h.recent.Len() > 1 {
		h.drop(h.recent.Back().Value.(headEntry).key)
	}
}

func (h *heads) drop(k key) {
	if e, ok := h.entries[k]; ok {
		h.size -= e.Value.(headEntry).size
		h.recent.Remove(e)
		delete(h.entries, k)
	}
}

// size is about how much memory a conversation takes: a head has few long
// fields, and a bounded queue of turns, of which one may have open calls.
func (c *conversation) size() int {
	size := 1024 + 512*len(c.head.Open) + len(c.head.Meta)
	for _, s := range []*string{c.head.Name, c.head.Description, c.head.Backstory} {
		if s != nil {
			size += len(*s)
		}
	}
	for _, t := range c.head.Open {
		for _, call := range t.Calls {
			size += 256 + len(call.Arguments)
		}
		for _, coming := range t.Coming {
			size += 256 + 512*len(coming.Parts)
		}
	}
	return size
}
