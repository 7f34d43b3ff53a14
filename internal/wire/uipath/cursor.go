package uipath

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of a page.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// Sort is an order of a list.
const (
	ascending  = "ascending"
	descending = "descending"
)

// cursor is where a page ended, and what its list was. It holds a position, not an
// item, so that it stays good when items come and go. It guards nothing: positions
// are no secret, and whose list it is follows from who asks.
type cursor struct {
	List     string            `json:"l"`           // of what
	Params   map[string]string `json:"p,omitempty"` // the parameters that select and order it
	At       int64             `json:"t"`           // Unix milliseconds, or the number of an event
	ID       string            `json:"i,omitempty"`
	Position bool              `json:"-"` // there is one: this is not the first page
}

// encode gives a cursor as clients hand it back.
func (c cursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("encoding a cursor: " + err.Error()) // it is texts and a number
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor is the inverse of encode.
func readCursor(text string) (cursor, error) {
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.At < 0 || len(c.ID) > maxID {
		return c, refuseField(codeCursor, "cursor", "the cursor cannot be read; pass the one of the page before")
	}
	c.Position = true
	return c, nil
}

// page reads what of a list is asked for: its parameters, from the query string or
// from the cursor, which the query string must not contradict.
func (c *call) page(list string, names ...string) (cursor, int, error) {
	at := cursor{List: list, Params: map[string]string{}}
	limit, err := c.limit()
	if err != nil {
		return at, 0, err
	}
	text, follows := c.query.Lookup("cursor")
	if follows {
		if at, err = readCursor(text); err != nil {
			return at, 0, err
		}
		if at.List != list {
			return at, 0, refuseField(codeCursor, "cursor", "the cursor is of another list")
		}
	}
	for _, name := range names {
		value, given := c.query.Lookup(name)
		known, held := at.Params[name]
		switch {
		case !given:
		case follows && (!held || known != value):
			return at, 0, refuseField(codeCursor, name, "%s contradicts the cursor; leave it out, or begin with the first page", name)
		default:
			at.Params[name] = value
		}
	}
	return at, limit, nil
}

// limit reads how many items a page may have. More than there may be are cut down.
func (c *call) limit() (int, error) {
	value, given := c.query.Lookup("limit")
	if !given {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(value)
	if errors.Is(err, strconv.ErrRange) && value[0] != '-' {
		return maxLimit, nil
	}
	if err != nil || n < 1 {
		return 0, refuseField(codeLimit, "limit", "limit must be a whole number from 1")
	}
	return min(n, maxLimit), nil
}

// desc reads an order from the parameters; absent is what holds without it.
func (c cursor) desc(name string, absent string) (bool, error) {
	value, given := c.Params[name]
	if !given {
		value = absent
	}
	if value != ascending && value != descending {
		return false, refuseField(codeChoice, name, "%s must be ascending or descending", name)
	}
	return value == descending, nil
}

// after is the position of a cursor in a list of conversations.
func (c cursor) after() store.Position {
	if !c.Position {
		return store.Position{}
	}
	return store.Position{Created: time.UnixMilli(c.At).UTC(), ID: c.ID}
}

// listObject is a page of a list. The cursor is there only if something follows.
type listObject[T any] struct {
	Data   []T    `json:"data"`
	Cursor string `json:"cursor,omitempty"`
}

// trim cuts off the item that was read to see whether there is one.
func trim[T any](items []T, limit int) (page []T, more bool) {
	if len(items) > limit {
		return items[:limit], true
	}
	return items, false
}

// atConversation is the cursor behind a conversation.
func (c cursor) atConversation(conv convo.Conversation) string {
	c.At, c.ID = conv.Active.UnixMilli(), conv.ID
	return c.encode()
}
