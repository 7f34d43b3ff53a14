package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/store/audit"
	"github.com/parleyhq/parley/internal/store/record"
	"github.com/parleyhq/parley/internal/store/replay"
)

// Repair takes a folder, checks it, and makes anew what its logs say: the
// projections of each conversation with findings in a transaction of their own,
// before that what belongs to nothing and the indexes. It reports all findings,
// and mends those that are repairable; the logs themselves it only erases from,
// what was to be erased. Check says afterwards what is left. An error of kind
// Conflict says that a server has the folder open.
func Repair(ctx context.Context, folder string, o audit.Options) (counts audit.Counts, err error) {
	path := filepath.Join(folder, databaseFile)
	untouched, err := Inspect(ctx, folder) // says what is wrong with the folder, and makes none
	if err != nil {
		return counts, err
	}
	if err := untouched.Close(); err != nil {
		return counts, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return counts, fmt.Errorf("sqlite: open the data: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetBusyTimeout(busyTimeout)
	if err := secure(conn); err != nil {
		return counts, err
	}
	return (&mender{conn: conn, found: make(map[audit.Problem]bool)}).run(ctx, path, o)
}

// mender writes what a repair makes anew.
type mender struct {
	conn  *sqlite.Conn
	found map[audit.Problem]bool // what can be mended
}

func (m *mender) run(ctx context.Context, path string, o audit.Options) (counts audit.Counts, err error) {
	reader, err := openReader(path)
	if err != nil {
		return counts, err
	}
	i, err := inspect(ctx, reader)
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, i.Close()) }()
	report := o.Found
	o.Found = func(f audit.Finding) {
		m.found[f.Problem] = m.found[f.Problem] || f.Repairable
		report(f)
	}
	o.Mend = func(_ context.Context, l *replay.Log) error {
		if err := m.indexes(); err != nil { // rows are not found without them
			return err
		}
		return m.inside(func() error { return m.conversation(l, i.pieces) })
	}
	if counts, err = i.Check(ctx, o); err != nil {
		return counts, err
	}
	if err = m.indexes(); err == nil && (m.found[audit.Orphan] || m.found[audit.Projection]) {
		err = m.inside(func() error { return m.rest(i.pieces) })
	}
	return counts, err
}

// inside runs fn in a transaction that is synced.
func (m *mender) inside(fn func() error) error {
	if err := ask(m.conn, `PRAGMA synchronous = FULL`).exec(); err != nil {
		return err
	}
	if err := ask(m.conn, `BEGIN IMMEDIATE`).exec(); err != nil {
		return err
	}
	if err := overwriting(m.conn, fn); err != nil {
		return errors.Join(err, ask(m.conn, `ROLLBACK`).exec())
	}
	return ask(m.conn, `COMMIT`).exec()
}

// conversation makes the projections of a conversation anew.
func (m *mender) conversation(l *replay.Log, p *pieces) error {
	head := *l.Head()
	id, err := findConversation(m.conn, key{head.Tenant, head.ID})
	if err != nil || id == 0 {
		return err
	}
	for _, r := range l.Remnants() {
		if err := eraseEvent(m.conn, id, r.Seq, r.Message); err != nil {
			return err
		}
	}
	if err := m.forgetDeleted(l, p.open[id]); err != nil {
		return err
	}
	fields, err := record.EncodeFields(head.Fields)
	if err != nil {
		return err
	}
	epoch, err := m.epoch(id)
	if err != nil {
		return err
	}
	if err := errorsFirst(
		ask(m.conn, `UPDATE conversations SET created = ?, fields = ?, channel = ?, bot = ?, contact = ? WHERE id = ?`).
			int(head.Created.UnixMilli()).blob(fields).textOrNull(head.Channel).keyOrNull(head.BotID).
			keyOrNull(head.ContactID).int(id).exec(),
		writeHead(m.conn, &conversation{id: id, epoch: epoch, head: head}),
		ask(m.conn, `DELETE FROM messages WHERE conversation = ?`).int(id).exec(),
		ask(m.conn, `DELETE FROM turns WHERE id > ? AND id <= ? OR conversation = ?`).
			int(rowID(id, 0)).int(lastID(id)).int(id).exec(),
		ask(m.conn, `DELETE FROM aliases WHERE conversation = ?`).int(id).exec(),
		writeAgenda(m.conn, &conversation{id: id, head: head}),
	); err != nil {
		return err
	}
	return errorsFirst(m.project(id, l), m.files(l))
}

// files counts again of how many parts the files of a conversation are.
func (m *mender) files(l *replay.Log) error {
	wrong := make(map[string]int64)
	err := miscounted(m.conn, l, func(id string, _, parts int64) { wrong[id] = parts })
	for id, parts := range wrong {
		err = errorsFirst(err, ask(m.conn, `UPDATE files SET uses = ? WHERE key = ?`).int(parts).key(id).exec())
	}
	return err
}

func (m *mender) project(id int64, l *replay.Log) error {
	turns, messages := l.Turns(), l.Messages()
	for _, message := range messages {
		if err := writeMessage(m.conn, id, message); err != nil {
			return err
		}
	}
	for _, turn := range turns {
		if err := writeTurn(m.conn, id, &turn); err != nil {
			return err
		}
	}
	return writeAliases(m.conn, id, aliasesOf(l, turns, messages))
}

// epoch is what the conversation says of restarts, unless that cannot be: then
// it skips numbers at its next event, which does no harm.
func (m *mender) epoch(id int64) (epoch int64, err error) {
	_, err = ask(m.conn, `
		SELECT h.epoch FROM heads h JOIN settings s ON s.name = 'epoch' AND h.epoch <= s.value WHERE h.id = ?`).int(id).
		one(func(q *query) { epoch = q.readInt() })
	return epoch, err
}

// forgetDeleted deletes the open pieces of messages that were deleted.
func (m *mender) forgetDeleted(l *replay.Log, open []*unfinished) error {
	for _, u := range open {
		if l.Message(u.message) != nil || l.Coming(u.message) {
			continue
		}
		if err := m.forget(u); err != nil {
			return err
		}
	}
	return nil
}

func (m *mender) forget(u *unfinished) error {
	for _, piece := range u.pieces {
		if err := ask(m.conn, `DELETE FROM open_deltas WHERE id = ?`).int(piece.row).exec(); err != nil {
			return err
		}
	}
	return nil
}

// indexes makes indexes anew, once, if there was a finding about them.
func (m *mender) indexes() error {
	if !m.found[audit.Database] {
		return nil
	}
	m.found[audit.Database] = false
	return m.inside(m.reindex)
}

func (m *mender) reindex() error {
	missing, err := missingSchema(m.conn)
	if err != nil {
		return err
	}
	for _, object := range missing {
		if object.kind != "index" {
			continue
		}
		if err := errorsFirst(
			ask(m.conn, `DROP INDEX IF EXISTS `+object.name).exec(), ask(m.conn, object.sql).exec(),
		); err != nil {
			return err
		}
	}
	return ask(m.conn, `REINDEX`).exec()
}

// rest mends what belongs to no conversation.
func (m *mender) rest(p *pieces) error {
	if err := errorsFirst(m.orphans(), m.looseTexts()); err != nil {
		return err
	}
	for c, list := range p.open {
		k, err := nameOf(m.conn, c)
		if err != nil {
			return err
		}
		for i := 0; i < len(list) && k == (key{}); i++ {
			if err := m.forget(list[i]); err != nil {
				return err
			}
		}
	}
	return errorsFirst(
		ask(m.conn, `DELETE FROM `+looseTokens).exec(),
		ask(m.conn, `DELETE FROM `+looseInputs).exec(),
		ask(m.conn, `DELETE FROM file_pieces WHERE upload IN (SELECT upload FROM `+looseFiles+`)`).exec(),
		ask(m.conn, `DELETE FROM `+looseFiles).exec(),
		m.objects(),
		m.knowledge(),
		m.channels(),
		ask(m.conn, `DELETE FROM `+looseDispatches).exec(),
		ask(m.conn, `
			UPDATE heads SET epoch = (SELECT value FROM settings WHERE name = 'epoch')
			WHERE epoch > (SELECT value FROM settings WHERE name = 'epoch')`).exec(),
	)
}

// orphans deletes projections of conversations that do not exist. Their events,
// if there are any, stay: they are all that is left.
func (m *mender) orphans() error {
	for _, table := range []struct{ next, remove string }{
		{nextOfTurns, `DELETE FROM turns WHERE id >> 32 = ?`},
		{nextOfMessages, `DELETE FROM messages WHERE conversation = ?`},
		{nextOfHeads, `DELETE FROM heads WHERE id = ?`},
		{nextOfAgendas, `DELETE FROM agendas WHERE id = ?`},
		{nextOfAliases, `DELETE FROM aliases WHERE conversation = ?`},
		{nextOfVaults, `DELETE FROM vaults WHERE conversation = ?`},
	} {
		var lost []int64
		if err := owners(m.conn, table.next, func(c int64) { lost = append(lost, c) }); err != nil {
			return err
		}
		for _, c := range lost {
			if err := ask(m.conn, table.remove).int(c).exec(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mender) looseTexts() error {
	used := make(bitmap)
	q := ask(m.conn, `SELECT text_id FROM log WHERE text_id IS NOT NULL`)
	for q.next() {
		used.add(q.readInt())
	}
	if err := q.done(); err != nil {
		return err
	}
	var loose []int64
	if err := unusedTexts(m.conn, used, func(id int64) { loose = append(loose, id) }); err != nil {
		return err
	}
	for _, id := range loose {
		if err := ask(m.conn, `DELETE FROM texts WHERE id = ?`).int(id).exec(); err != nil {
			return err
		}
	}
	return nil
}
