package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
	"github.com/parleyhq/parley/internal/store/record"
)

const (
	objectColumns = `kind, key, parent, alias, name, number, unlisted, created, updated, meta, fields, sealed`
	objectByKey   = `SELECT ` + objectColumns + ` FROM objects WHERE tenant = ? AND kind = ? AND key = ?`
	objectByAlias = `SELECT ` + objectColumns + ` FROM objects WHERE tenant = ? AND kind = ? AND alias = ?`
)

// scanObject reads objectColumns.
func scanObject(q *query, tenant string) (o convo.Object, err error) {
	kind := convo.ObjectKind(q.readText())
	o.Tenant, o.ID, o.Parent = tenant, q.readKey(), q.readKey()
	o.Alias, o.Name = q.readMaybe(), q.readMaybe()
	o.Number, o.Unlisted = q.readInt(), q.readBool()
	o.Created, o.Updated = fromMilli(q.readInt()), fromMilli(q.readInt())
	o.Meta = convo.JSON(q.readBlob())
	fields := q.readBlob()
	o.Sealed = q.readBlob()
	return o, record.DecodeObject(&o, kind, fields)
}

// readMaybe reads a text; NULL is nil.
func (q *query) readMaybe() *string {
	if q.isNull() {
		q.col++
		return nil
	}
	return new(q.readText())
}

// keyOrNull binds an id that may be absent.
func (q *query) keyOrNull(v *string) *query {
	if v == nil {
		return q.null()
	}
	return q.key(*v)
}

// readObject finds an object by its id or alias; nil if there is none.
func readObject(conn *sqlite.Conn, tenant string, kind convo.ObjectKind, name string) (*convo.Object, error) {
	for _, q := range []*query{
		ask(conn, objectByKey).text(tenant).text(string(kind)).key(name),
		ask(conn, objectByAlias).text(tenant).text(string(kind)).text(name),
	} {
		var o convo.Object
		var scanErr error
		ok, err := q.one(func(q *query) { o, scanErr = scanObject(q, tenant) })
		if err = errorsFirst(err, scanErr); err != nil {
			return nil, err
		}
		if ok {
			return &o, nil
		}
	}
	return nil, nil
}

// Object implements store.ObjectReader.
func (s *reader) Object(ctx context.Context, tenant string, kind convo.ObjectKind, name string) (o convo.Object, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := readObject(conn, tenant, kind, name)
		if err == nil && found == nil {
			err = noObject(kind, name)
		}
		if err == nil {
			o = *found
		}
		return err
	})
	return o, err
}

const (
	objectsOf        = `SELECT ` + objectColumns + ` FROM objects WHERE tenant = ? AND kind = ? AND parent = ?`
	objectsUp        = objectsOf + ` AND (created, key) > (?, ?) ORDER BY created, key`
	objectsUpFirst   = objectsOf + ` ORDER BY created, key`
	objectsDown      = objectsOf + ` AND (created, key) < (?, ?) ORDER BY created DESC, key DESC`
	objectsDownFirst = objectsOf + ` ORDER BY created DESC, key DESC`

	objectsNamed          = objectsOf + ` AND name = ?`
	objectsNamedUp        = objectsNamed + ` AND (created, key) > (?, ?) ORDER BY created, key`
	objectsNamedUpFirst   = objectsNamed + ` ORDER BY created, key`
	objectsNamedDown      = objectsNamed + ` AND (created, key) < (?, ?) ORDER BY created DESC, key DESC`
	objectsNamedDownFirst = objectsNamed + ` ORDER BY created DESC, key DESC`

	objectsWith = `SELECT ` + objectColumns + ` FROM objects WHERE tenant = ? AND kind = ? AND parent = ? AND `

	openDatasetFiles = `SELECT tenant, ` + objectColumns + ` FROM objects WHERE open IS NOT NULL ORDER BY tenant, key`
	publicFile       = `SELECT tenant, ` + objectColumns + ` FROM objects WHERE key = ? AND public IS NOT NULL LIMIT 1`

	objectNumbered = `SELECT ` + objectColumns + ` FROM objects WHERE tenant = ? AND kind = ? AND number = ? AND parent = ?`
)

// Objects implements store.ObjectReader.
func (s *reader) Objects(ctx context.Context, tenant string, want store.ObjectQuery) (list []convo.Object, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := askObjects(conn, tenant, want)
		for len(list) < want.Limit && q.next() {
			o, err := scanObject(q, tenant)
			if err != nil {
				return errorsFirst(err, q.done())
			}
			if (want.Unlisted || !o.Unlisted) && convo.MatchMeta(o.Meta, want.Meta) && want.Reaches(o) &&
				(want.Name == "" || o.Name != nil && *o.Name == want.Name) {
				list = append(list, o)
			}
		}
		return q.done()
	})
	return list, err
}

func askObjects(conn *sqlite.Conn, tenant string, want store.ObjectQuery) *query {
	if want.Number != 0 { // there is one at most
		return ask(conn, objectNumbered).text(tenant).text(string(want.Kind)).int(want.Number).position(want.Parent)
	}
	if want.Email != "" || want.Phone != "" {
		return askContacts(conn, tenant, want)
	}
	first, all := want.After == store.Position{}, want.Name == ""
	sql := ""
	switch {
	case all && first && want.Desc:
		sql = objectsDownFirst
	case all && first:
		sql = objectsUpFirst
	case all && want.Desc:
		sql = objectsDown
	case all:
		sql = objectsUp
	case first && want.Desc:
		sql = objectsNamedDownFirst
	case first:
		sql = objectsNamedUpFirst
	case want.Desc:
		sql = objectsNamedDown
	default:
		sql = objectsNamedUp
	}
	q := ask(conn, sql).text(tenant).text(string(want.Kind)).position(want.Parent)
	if !all {
		q.text(want.Name)
	}
	if !first {
		q.int(want.After.Created.UnixMilli()).position(want.After.ID)
	}
	return q
}

// contactsOf is a page of the contacts whose column has some value.
func contactsOf(column string, first, desc bool) string {
	sql := objectsWith + column + ` = ?`
	switch {
	case !first && desc:
		sql += ` AND (created, key) < (?, ?)`
	case !first:
		sql += ` AND (created, key) > (?, ?)`
	}
	if desc {
		return sql + ` ORDER BY created DESC, key DESC`
	}
	return sql + ` ORDER BY created, key`
}

// askContacts asks for those with an address or a number. Those that are found by
// one are held against the other.
func askContacts(conn *sqlite.Conn, tenant string, want store.ObjectQuery) *query {
	first := want.After == store.Position{}
	column, value := "email", want.Email
	if value == "" {
		column, value = "phone", want.Phone
	}
	q := ask(conn, contactsOf(column, first, want.Desc)).text(tenant).text(string(want.Kind)).position(want.Parent).text(value)
	if !first {
		q.int(want.After.Created.UnixMilli()).position(want.After.ID)
	}
	return q
}

// readEverywhere reads objects of all tenants.
func (s *reader) readEverywhere(ctx context.Context, find func(*sqlite.Conn) *query) (list []convo.Object, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		q := find(conn)
		for q.next() {
			o, err := scanObject(q, q.readText())
			if err != nil {
				return errorsFirst(err, q.done())
			}
			list = append(list, o)
		}
		return q.done()
	})
	return list, err
}

// OpenDatasetFiles implements store.ObjectReader.
func (s *reader) OpenDatasetFiles(ctx context.Context) ([]convo.Object, error) {
	return s.readEverywhere(ctx, func(conn *sqlite.Conn) *query { return ask(conn, openDatasetFiles) })
}

// PublicFile implements store.ObjectReader.
func (s *reader) PublicFile(ctx context.Context, id string) (convo.Object, error) {
	list, err := s.readEverywhere(ctx, func(conn *sqlite.Conn) *query { return ask(conn, publicFile).position(id) })
	if err == nil && len(list) == 0 {
		err = noObject(convo.ObjectFile, id)
	}
	if err != nil {
		return convo.Object{}, err
	}
	return list[0], nil
}

const (
	botTurns = `
		SELECT coalesce(sum(t.input + t.output), 0) FROM conversations c
		JOIN turns t ON t.id > c.id << 32 AND t.id < (c.id + 1) << 32
		WHERE c.tenant = ? AND c.bot = ? AND c.channel IS NULL AND t.state = 4`
	botMessages = `
		SELECT count(*) FROM conversations c JOIN messages m ON m.conversation = c.id
		WHERE c.tenant = ? AND c.bot = ? AND c.channel IS NULL AND m.type IN ('user', 'bot')`
	botConversations = `SELECT count(*) FROM conversations c WHERE c.tenant = ? AND c.bot = ? AND c.channel IS NULL`
)

// BotUsage implements store.ObjectReader.
func (s *reader) BotUsage(ctx context.Context, tenant, bot string) (sum store.BotUsage, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		of := func(q *query) *query { return q.text(tenant).key(bot) }
		_, err := of(ask(conn, botConversations)).one(func(q *query) { sum.Conversations = q.readInt() })
		if err != nil {
			return err
		}
		if _, err = of(ask(conn, botTurns)).one(func(q *query) { sum.Tokens = q.readInt() }); err != nil {
			return err
		}
		_, err = of(ask(conn, botMessages)).one(func(q *query) { sum.Messages = q.readInt() })
		return err
	})
	return sum, err
}

func noObject(kind convo.ObjectKind, name string) error {
	return convo.Errorf(convo.NotFound, "there is no %s %q", kind, name)
}
