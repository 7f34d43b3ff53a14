package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/record"
)

const collectionOf = `
	SELECT id, change, forgotten, records, bytes FROM collections WHERE tenant = ? AND dataset = ?`

// readCollection says what there is of a dataset; its number is 0 if that is nothing.
func readCollection(conn *sqlite.Conn, tenant, dataset string) (c convo.Collection, err error) {
	_, err = ask(conn, collectionOf).text(tenant).position(dataset).one(func(q *query) {
		c = convo.Collection{
			Number: q.readInt(), Change: q.readInt(), Forgotten: q.readInt(), Records: q.readInt(), Bytes: q.readInt(),
		}
	})
	return c, err
}

// readRecords is read for what belongs to a dataset. Without any, fn is not called.
func (s *reader) readRecords(
	ctx context.Context, tenant, dataset string, fn func(*sqlite.Conn, convo.Collection) error,
) error {
	return s.read(ctx, func(conn *sqlite.Conn) error {
		c, err := readCollection(conn, tenant, dataset)
		if err != nil || c.Number == 0 {
			return err
		}
		return fn(conn, c)
	})
}

// recordColumns are what scanRecord reads.
const (
	recordColumns = `
		r.key, r.change, r.created, r.updated, r.file, r.upload, r.contact, r.bot, r.meta, r.fields, r.text`
	recordByKey = `SELECT ` + recordColumns + ` FROM records r WHERE r.collection = ? AND r.key = ? AND r.created IS NOT NULL`
)

// recordReader makes records of their rows.
type recordReader struct {
	texts           *unpacker
	tenant, dataset string
}

func (d recordReader) scan(q *query) (r convo.Record, err error) {
	r.Tenant, r.Dataset = d.tenant, d.dataset
	r.ID, r.Change = q.readKey(), q.readInt()
	r.Created, r.Updated = q.readTime(), q.readTime()
	r.File, r.Upload, r.ContactID, r.BotID = q.readKey(), q.readKey(), q.readKey(), q.readKey()
	r.Meta = convo.JSON(q.readBlob())
	if err := record.DecodeFound(&r, q.readBlob()); err != nil {
		return r, err
	}
	if q.isBlob() {
		r.Text, err = d.texts.unpack(q.readBlob())
	} else {
		r.Text = q.readText()
	}
	return r, err
}

// all reads records while wanted says so, up to limit.
func (d recordReader) all(q *query, limit int, wanted func(convo.Record) bool) (list []convo.Record, err error) {
	for len(list) < limit && q.next() {
		r, err := d.scan(q)
		if err != nil {
			return nil, errorsFirst(err, q.done())
		}
		if wanted(r) {
			list = append(list, r)
		}
	}
	return list, q.done()
}

// one finds a record; nil if there is none.
func (d recordReader) one(conn *sqlite.Conn, collection int64, id string) (*convo.Record, error) {
	list, err := d.all(ask(conn, recordByKey).int(collection).position(id), 1, anyRecord)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func anyRecord(convo.Record) bool { return true }

// Record implements store.RecordReader.
func (s *reader) Record(ctx context.Context, tenant, dataset, id string) (r convo.Record, err error) {
	list, err := s.RecordsByID(ctx, tenant, dataset, []string{id})
	if err == nil && len(list) == 0 {
		err = noRecord(id)
	}
	if err != nil {
		return r, err
	}
	return list[0], nil
}

// RecordsByID implements store.RecordReader.
func (s *reader) RecordsByID(ctx context.Context, tenant, dataset string, ids []string) (list []convo.Record, err error) {
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		for _, id := range ids {
			r, err := recordReader{s.texts, tenant, dataset}.one(conn, c.Number, id)
			if err != nil {
				return err
			}
			if r != nil {
				list = append(list, *r)
			}
		}
		return nil
	})
	return list, err
}

// recordsOf is a page of records whose column, if one is named, has some value.
func recordsOf(column string, first, desc bool) string {
	sql := `SELECT ` + recordColumns + ` FROM records r WHERE r.collection = ? AND r.created IS NOT NULL`
	if column != "" {
		sql += ` AND r.` + column + ` = ?`
	}
	switch {
	case !first && desc:
		sql += ` AND (r.created, r.key) < (?, ?)`
	case !first:
		sql += ` AND (r.created, r.key) > (?, ?)`
	}
	if desc {
		return sql + ` ORDER BY r.created DESC, r.key DESC`
	}
	return sql + ` ORDER BY r.created, r.key`
}

// Records implements store.RecordReader.
func (s *reader) Records(ctx context.Context, tenant, dataset string, want store.RecordQuery) (list []convo.Record, err error) {
	err = s.readRecords(ctx, tenant, dataset, func(conn *sqlite.Conn, c convo.Collection) error {
		column, value := "", ""
		switch { // those that are found by one are held against the others
		case want.File != "":
			column, value = "file", want.File
		case want.Contact != "":
			column, value = "contact", want.Contact
		case want.Bot != "":
			column, value = "bot", want.Bot
		}
		first := want.After == store.Position{}
		q := ask(conn, recordsOf(column, first, want.Desc)).int(c.Number)
		if column != "" {
			q.key(value)
		}
		if !first {
			q.int(want.After.Created.UnixMilli()).position(want.After.ID)
		}
		list, err = recordReader{s.texts, tenant, dataset}.all(q, want.Limit, want.Matches)
		return err
	})
	return list, err
}

// Collection implements store.RecordReader.
func (s *reader) Collection(ctx context.Context, tenant, dataset string) (c convo.Collection, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		c, err = readCollection(conn, tenant, dataset)
		return err
	})
	return c, err
}

const recordChanges = `
	SELECT ` + recordColumns + ` FROM records r WHERE r.collection = ? AND r.change > ? ORDER BY r.change LIMIT ?`

// RecordChanges implements store.RecordReader.
func (s *reader) RecordChanges(
	ctx context.Context, tenant, dataset string, after int64, limit int,
) (list []convo.RecordChange, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		c, err := readCollection(conn, tenant, dataset)
		if err != nil {
			return err
		}
		if !store.Told(after, c) {
			return store.BeginAgain()
		}
		q := ask(conn, recordChanges).int(c.Number).int(after).int(int64(limit))
		for bytes := 0; bytes < store.ChangesBytes && q.next(); {
			gone := q.stmt.ColumnType(2) == sqlite.TypeNull
			r, err := recordReader{s.texts, tenant, dataset}.scan(q)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			change := convo.RecordChange{Change: r.Change, ID: r.ID, Gone: gone}
			if !gone {
				change.Record = r
			}
			list = append(list, change)
			bytes += len(r.Text)
		}
		return q.done()
	})
	return list, err
}

func noRecord(id string) error { return convo.Errorf(convo.NotFound, "there is no record %q", id) }

func noDataset(id string) error { return convo.Errorf(convo.NotFound, "there is no dataset %q", id) }

const unowned = `
	SELECT DISTINCT c.tenant, r.contact FROM collections c JOIN records r ON r.collection = c.id
	WHERE c.dataset = ? AND r.contact IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.tenant = c.tenant AND o.kind = ? AND o.key = r.contact)`

// Unowned implements store.RecordReader. It looks through the contacts of all memories.
func (s *reader) Unowned(ctx context.Context) (list []store.Unowned, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := ask(conn, unowned).position(convo.MemoryDataset).text(string(convo.ObjectContact))
		for q.next() {
			list = append(list, store.Unowned{Tenant: q.readText(), Contact: q.readKey()})
		}
		return q.done()
	})
	return list, err
}
