package sqlite

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// query is a prepared statement whose parameters are bound, and whose columns
// are read, from left to right. The connection keeps the statement; a query is
// at its end when next has said false or done was called.
type query struct {
	stmt  *sqlite.Stmt
	sql   string
	param int
	col   int
	err   error
}

// ask prepares a statement, or takes it from the connection's cache.
func ask(conn *sqlite.Conn, sql string) *query {
	stmt, err := conn.Prepare(sql)
	return &query{stmt: stmt, sql: sql, err: err}
}

// bound counts a parameter and reports whether it can be bound.
func (q *query) bound() bool {
	q.param++
	return q.err == nil
}

func (q *query) int(v int64) *query {
	if q.bound() {
		q.stmt.BindInt64(q.param, v)
	}
	return q
}

func (q *query) bool(v bool) *query {
	if v {
		return q.int(1)
	}
	return q.int(0)
}

func (q *query) text(v string) *query {
	if q.bound() {
		q.stmt.BindText(q.param, v)
	}
	return q
}

// textOrNull binds a text that may be absent.
func (q *query) textOrNull(v *string) *query {
	if v == nil {
		return q.null()
	}
	return q.text(*v)
}

// blob binds bytes; nil is NULL.
func (q *query) blob(v []byte) *query {
	if v == nil {
		return q.null()
	}
	if q.bound() {
		q.stmt.BindBytes(q.param, v)
	}
	return q
}

func (q *query) null() *query {
	if q.bound() {
		q.stmt.BindNull(q.param)
	}
	return q
}

// time binds milliseconds; the zero time is NULL.
func (q *query) time(t time.Time) *query {
	if t.IsZero() {
		return q.null()
	}
	return q.int(t.UnixMilli())
}

// key binds an id: 16 bytes if it is a UUID as UUIDs are usually written, else
// text; "" is NULL.
func (q *query) key(id string) *query {
	if id == "" {
		return q.null()
	}
	var raw [16]byte
	if !parseUUID(&raw, id) {
		return q.text(id)
	}
	if q.bound() {
		q.stmt.BindBytes(q.param, raw[:])
	}
	return q
}

// position binds an id for comparisons with others: there "" is before all.
func (q *query) position(id string) *query {
	if id == "" {
		return q.text("")
	}
	return q.key(id)
}

// next steps to the next row. The query is over when there is none.
func (q *query) next() bool {
	if q.err != nil {
		return false
	}
	row, err := q.stmt.Step()
	if err != nil {
		q.err = err
		return false
	}
	q.col = 0
	return row
}

// done ends a query early, and gives its error.
func (q *query) done() error {
	if q.stmt != nil {
		if err := q.stmt.Reset(); q.err == nil {
			q.err = err
		}
	}
	if q.err != nil {
		return fmt.Errorf("sqlite: %.40s…: %w", strings.Join(strings.Fields(q.sql), " "), q.err)
	}
	return nil
}

// exec carries out a statement that gives no rows.
func (q *query) exec() error {
	for q.next() {
	}
	return q.done()
}

// one reads the first row with scan; ok is false if there is none.
func (q *query) one(scan func(*query)) (ok bool, err error) {
	if ok = q.next(); ok {
		scan(q)
	}
	return ok, q.done()
}

func (q *query) readInt() int64 {
	q.col++
	return q.stmt.ColumnInt64(q.col - 1)
}

func (q *query) readBool() bool { return q.readInt() != 0 }

func (q *query) readText() string {
	q.col++
	return q.stmt.ColumnText(q.col - 1)
}

// readBlob reads bytes; NULL is nil.
func (q *query) readBlob() []byte {
	q.col++
	if q.stmt.ColumnType(q.col-1) == sqlite.TypeNull {
		return nil
	}
	b := make([]byte, q.stmt.ColumnLen(q.col-1))
	q.stmt.ColumnBytes(q.col-1, b)
	return b
}

// readTime reads milliseconds; NULL is the zero time.
func (q *query) readTime() time.Time {
	if q.isNull() {
		q.col++
		return time.Time{}
	}
	return fromMilli(q.readInt())
}

// readKey reads an id; NULL is "".
func (q *query) readKey() string {
	blob := q.stmt.ColumnType(q.col) == sqlite.TypeBlob
	s := q.readText()
	if blob {
		return formatUUID(s)
	}
	return s
}

// isNull looks at the next column without passing it.
func (q *query) isNull() bool { return q.stmt.ColumnType(q.col) == sqlite.TypeNull }

// isBlob looks at the next column without passing it.
func (q *query) isBlob() bool { return q.stmt.ColumnType(q.col) == sqlite.TypeBlob }

// isInt looks at the next column without passing it.
func (q *query) isInt() bool { return q.stmt.ColumnType(q.col) == sqlite.TypeInteger }

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// dashes says where a UUID has its dashes.
const dashes = 1<<8 | 1<<13 | 1<<18 | 1<<23

// parseUUID reads a UUID in its canonical form, lower case only: any other
// spelling would come back changed.
func parseUUID(raw *[16]byte, id string) bool {
	if len(id) != 36 {
		return false
	}
	n := 0
	for i := range len(id) {
		if dashes>>i&1 == 1 {
			if id[i] != '-' {
				return false
			}
			continue
		}
		var digit byte
		switch c := id[i]; {
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c && c <= 'f':
			digit = c - 'a' + 10
		default:
			return false
		}
		raw[n/2] = raw[n/2]<<4 | digit
		n++
	}
	return true
}

func formatUUID(raw string) string {
	if len(raw) != 16 {
		return raw
	}
	var b [36]byte
	src := []byte(raw)
	hex.Encode(b[:8], src[:4])
	hex.Encode(b[9:13], src[4:6])
	hex.Encode(b[14:18], src[6:8])
	hex.Encode(b[19:23], src[8:10])
	hex.Encode(b[24:], src[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
