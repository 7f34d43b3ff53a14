package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store/audit"
)

// The tables whose rows belong to conversations, by the number of the one after
// a given one that has rows there.
const (
	nextOfLog      = `SELECT id >> 32 FROM log WHERE id >= (?1 + 1) << 32 ORDER BY id LIMIT 1`
	nextOfTurns    = `SELECT id >> 32 FROM turns WHERE id >= (?1 + 1) << 32 ORDER BY id LIMIT 1`
	nextOfMessages = `SELECT conversation FROM messages WHERE conversation > ?1 ORDER BY conversation LIMIT 1`
	nextOfHeads    = `SELECT id FROM heads WHERE id > ?1 ORDER BY id LIMIT 1`
	nextOfAgendas  = `SELECT id FROM agendas WHERE id > ?1 ORDER BY id LIMIT 1`
	nextOfVaults   = `SELECT conversation FROM vaults WHERE conversation > ?1 ORDER BY conversation LIMIT 1`
	nextOfAliases  = `SELECT conversation FROM aliases WHERE conversation > ?1 ORDER BY conversation LIMIT 1`
)

// orphans looks for what belongs to nothing.
func (r *rowCheck) orphans(conn *sqlite.Conn, p *pieces) error {
	for _, table := range []struct {
		what, next string
		repairable bool
	}{
		{"events", nextOfLog, false}, {"turns", nextOfTurns, true},
		{"messages", nextOfMessages, true}, {"heads", nextOfHeads, true},
		{"agendas", nextOfAgendas, true}, {"aliases", nextOfAliases, true}, {"vaults", nextOfVaults, true},
	} {
		err := owners(conn, table.next, func(c int64) { r.found(noSuch(table.what, c, table.repairable)) })
		if err != nil {
			return err
		}
	}
	for c := range p.open {
		if k, err := nameOf(conn, c); err != nil {
			return err
		} else if k == (key{}) {
			r.found(noSuch("open pieces", c, true))
		}
	}
	return errorsFirst(
		r.looseTexts(conn), r.looseTokens(conn), r.looseInputs(conn), r.looseFiles(conn), r.cutFiles(conn),
		r.looseDispatches(conn), r.looseChannels(conn), r.objects(conn), r.looseSettings(conn), r.knowledge(conn), r.looks(conn),
	)
}

// owners calls lost with each number of a conversation that has rows in a table
// and does not exist itself.
func owners(conn *sqlite.Conn, next string, lost func(c int64)) error {
	for c := int64(-1); ; {
		found, err := ask(conn, next).int(c).one(func(q *query) { c = q.readInt() })
		if err != nil || !found {
			return err
		}
		exists, err := ask(conn, `SELECT 1 FROM conversations WHERE id = ?`).int(c).one(func(*query) {})
		if err != nil {
			return err
		}
		if !exists {
			lost(c)
		}
	}
}

// looseTexts looks for texts that no event has, and for such that two have. It
// remembers one bit of each text.
func (r *rowCheck) looseTexts(conn *sqlite.Conn) error {
	used := make(bitmap)
	q := ask(conn, `SELECT id, text_id FROM log WHERE text_id IS NOT NULL`)
	for q.next() {
		id, text := q.readInt(), q.readInt()
		if !used.add(text) {
			r.found(audit.Finding{
				Problem: audit.Orphan, Event: id & (1<<32 - 1), Remedy: remedyBackup,
				Text: fmt.Sprintf("event %d of conversation number %d has the text of another event", id&(1<<32-1), id>>32),
			})
		}
	}
	if err := q.done(); err != nil {
		return err
	}
	loose := 0
	err := unusedTexts(conn, used, func(int64) { loose++ })
	if loose > 0 {
		r.found(audit.Finding{
			Problem: audit.Orphan, Text: fmt.Sprintf("there are %d texts that belong to no event", loose),
			Remedy: remedyRepair, Repairable: true,
		})
	}
	return err
}

func unusedTexts(conn *sqlite.Conn, used bitmap, loose func(id int64)) error {
	q := ask(conn, `SELECT id FROM texts`)
	for q.next() {
		if id := q.readInt(); !used.has(id) {
			loose(id)
		}
	}
	return q.done()
}

// bitmap is a set of numbers most of which lie close together.
type bitmap map[int64]*[1024]uint64

const bitmapPage = 1024 * 64

// add puts a number in, and reports whether it is new.
func (b bitmap) add(n int64) bool {
	page := b[n/bitmapPage]
	if page == nil {
		page = new([1024]uint64)
		b[n/bitmapPage] = page
	}
	at := uint64(n) % bitmapPage
	fresh := page[at/64]>>(at%64)&1 == 0
	page[at/64] |= 1 << (at % 64)
	return fresh
}

func (b bitmap) has(n int64) bool {
	page, at := b[n/bitmapPage], uint64(n)%bitmapPage
	return page != nil && page[at/64]>>(at%64)&1 == 1
}

const looseTokens = `
	tokens WHERE conversation IS NOT NULL AND NOT EXISTS (
		SELECT 1 FROM conversations c WHERE c.tenant = tokens.tenant AND c.key = tokens.conversation)`

// looseTokens looks for session tokens of conversations that do not exist.
func (r *rowCheck) looseTokens(conn *sqlite.Conn) error {
	q := ask(conn, `SELECT tenant, conversation, id FROM `+looseTokens)
	for q.next() {
		f := audit.Finding{Problem: audit.Orphan, Remedy: remedyRepair, Repairable: true}
		f.Tenant, f.Conversation = q.readText(), q.readKey()
		f.Text = fmt.Sprintf("session token %q is of a conversation that does not exist", q.readKey())
		r.found(f)
	}
	return q.done()
}

const looseInputs = `
	inputs WHERE NOT EXISTS (SELECT 1 FROM turns t WHERE t.id = inputs.id AND t.state < 4)`

// looseInputs looks for what was given to turns that have ended or do not exist.
func (r *rowCheck) looseInputs(conn *sqlite.Conn) error {
	q := ask(conn, `SELECT id FROM `+looseInputs)
	for q.next() {
		id := q.readInt()
		r.found(audit.Finding{
			Problem: audit.Orphan, Event: id & (1<<32 - 1), Remedy: remedyRepair, Repairable: true,
			Text: fmt.Sprintf("there is an input of the turn of event %d of conversation number %d, which is not open",
				id&(1<<32-1), id>>32),
		})
	}
	return q.done()
}

const looseFiles = `
	files WHERE NOT EXISTS (
		SELECT 1 FROM conversations c WHERE c.tenant = files.tenant AND c.key = files.conversation)`

// looseFiles looks for files of conversations that do not exist. Pieces that are
// no file's content may be on their way to one.
func (r *rowCheck) looseFiles(conn *sqlite.Conn) error {
	q := ask(conn, `SELECT tenant, conversation, key FROM `+looseFiles)
	for q.next() {
		f := audit.Finding{Problem: audit.Orphan, Remedy: remedyRepair, Repairable: true}
		f.Tenant, f.Conversation = q.readText(), q.readKey()
		f.Text = fmt.Sprintf("file %q is of a conversation that does not exist", q.readKey())
		r.found(f)
	}
	return q.done()
}

// looseSettings looks for conversations that know of more restarts of the
// machine than there were: they would skip no numbers after the next one.
func (r *rowCheck) looseSettings(conn *sqlite.Conn) error {
	var epoch, highest int64
	_, err := ask(conn, `SELECT value FROM settings WHERE name = 'epoch'`).one(func(q *query) { epoch = q.readInt() })
	if err != nil {
		return err
	}
	_, err = ask(conn, `SELECT coalesce(max(epoch), 0) FROM heads`).one(func(q *query) { highest = q.readInt() })
	if err == nil && highest > epoch {
		r.found(audit.Finding{
			Problem: audit.Projection, Remedy: remedyRepair, Repairable: true,
			Text: fmt.Sprintf("the data was open after %d restarts of the machine, but a conversation says %d", epoch, highest),
		})
	}
	return err
}
