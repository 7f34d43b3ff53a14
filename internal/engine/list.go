package engine

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// The bounds of a page.
const (
	DefaultTake = 25
	MaxTake     = 1000
)

// List selects a page of a list.
type List struct {
	Cursor string // where the page before ended: its cursor, or the id of its last item
	Take   int    // 0 = DefaultTake
	Desc   bool
	Meta   []convo.MetaFilter
}

// Page is a part of a list. Cursor is "" when Items is empty.
type Page[T any] struct {
	Items  []T
	Cursor string
}

func (l List) take() (int, error) {
	if l.Take == 0 {
		return DefaultTake, nil
	}
	if l.Take < 1 || l.Take > MaxTake {
		return 0, convo.Errorf(convo.Invalid, "take must be a whole number from 1 to %d", MaxTake)
	}
	return l.Take, nil
}

// A cursor holds a position, not an item, so it stays good when the item it
// was made at is deleted. It names its list by a hash, so one of another list
// or tenant is refused; it guards nothing, for positions are no secret.
//
//	v1 = '~' base64url(hash of list, 8 bytes; number, 8 bytes; id)
//
// The first character keeps it apart from ids.
func makeCursor(list string, number int64, id string) string {
	b := listHash(list)
	b = binary.BigEndian.AppendUint64(b, uint64(number))
	return "~" + base64.RawURLEncoding.EncodeToString(append(b, id...))
}

// readCursor is the inverse of makeCursor; own is false for an item's id.
func readCursor(list, cursor string) (number int64, id string, own bool, err error) {
	if cursor[0] != '~' {
		return 0, "", false, nil
	}
	b, decodeErr := base64.RawURLEncoding.DecodeString(cursor[1:])
	if decodeErr != nil || len(b) < 16 || string(b[:8]) != string(listHash(list)) {
		return 0, "", false, unknownCursor()
	}
	return int64(binary.BigEndian.Uint64(b[8:16])), string(b[16:]), true, nil
}

func unknownCursor() error {
	return convo.Errorf(convo.Invalid, "unknown cursor; pass the cursor of the last page, or the id of its last item")
}

func listHash(list string) []byte {
	sum := sha256.Sum256([]byte(list))
	return sum[:8]
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
