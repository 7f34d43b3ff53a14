package store

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// ObjectReader reads configuration objects. A name is an object's id or, if no
// object of the kind has that id, its alias.
type ObjectReader interface {
	// Object reads one object.
	Object(ctx context.Context, tenant string, kind convo.ObjectKind, name string) (convo.Object, error)

	// Objects reads a page, ordered by creation, ties by id; among ids that
	// are not UUIDs in their usual form as the driver likes.
	Objects(ctx context.Context, tenant string, q ObjectQuery) ([]convo.Object, error)

	// OpenDatasetFiles reads the objects of kind [convo.ObjectDatasetFile] of all
	// tenants whose work has not ended, see [convo.IndexState.Ended].
	OpenDatasetFiles(ctx context.Context) ([]convo.Object, error)

	// PublicFile reads the object of kind [convo.ObjectFile] with that id, of any
	// tenant, whose visibility is public; of several one of them.
	PublicFile(ctx context.Context, id string) (convo.Object, error)

	// BotUsage sums what the conversations of a bot cost; zero for a bot that
	// has none, known or not.
	BotUsage(ctx context.Context, tenant, bot string) (BotUsage, error)
}

// ObjectQuery selects objects of one kind. The zero value of a field does not
// restrict, but for Parent and Unlisted.
type ObjectQuery struct {
	Kind     convo.ObjectKind
	Parent   string   // the id of what they belong to; "" where they belong to nothing
	After    Position // exclusive; the zero value starts at the end that Desc names
	Desc     bool
	Limit    int // at least 1
	Meta     []convo.MetaFilter
	Name     string // those whose name field is this one
	Number   int64  // the one with that number
	Email    string // contacts with that address, as it is written
	Phone    string // contacts with that number, as it is written
	Unlisted bool   // those too that are in no list
}

// Reaches reports whether an object is one with the address and number that are
// asked for.
func (q ObjectQuery) Reaches(o convo.Object) bool {
	if q.Email == "" && q.Phone == "" {
		return true
	}
	c, ok := o.Body.(convo.Contact)
	return ok && (q.Email == "" || q.Email == valueOf(c.Email)) && (q.Phone == "" || q.Phone == valueOf(c.Phone))
}

// BotUsage is what the conversations of a bot cost, and how many there are.
type BotUsage struct {
	Usage
	Conversations int64
}

// ObjectTx is what a transaction may do to the objects of its tenant. It sees
// its own writes. Transactions of one tenant that write objects come one after
// the other, whatever conversation they are on. One that belongs to no
// conversation is an Update of the conversation "", which never exists.
type ObjectTx interface {
	// Object reads one object by its id or alias.
	Object(kind convo.ObjectKind, name string) (convo.Object, error)

	// PutObject stores an object of the transaction's tenant, in place of the
	// one of its kind with its id. The content of a file goes with the object, and
	// when it gets another one, as that of files does: see [FileTx]. Refused, with nothing written, are
	//
	//   - an object without an id or a body, or of another tenant: Internal;
	//   - a parent that there is not: NotFound;
	//   - an id or alias that is another one's id or alias, and a number that
	//     is another one's, within the kind: Conflict.
	PutObject(o convo.Object) error

	// DeleteObject removes an object by its id, and those that belong to it. With a
	// dataset go its records: they are not found from then on, and PruneRecords
	// removes what is left of them.
	DeleteObject(kind convo.ObjectKind, id string) error

	// ContactLike reads the contact with that address or, where none has it, with that
	// number, as they are written; of several it is the oldest. "" is nobody's.
	// NotFound: there is none.
	ContactLike(email, phone string) (convo.Object, error)

	// NextNumber is one more than the highest number that an object of the
	// kind ever had.
	NextNumber(kind convo.ObjectKind) (int64, error)
}

// AliasTaken is the error of drivers about an alias or id in use.
func AliasTaken(kind convo.ObjectKind, alias string) error {
	return convo.Errorf(convo.Conflict, "another %s has the alias or id %q already; choose another one", kind, alias)
}

// NumberTaken is the error of drivers about a number in use.
func NumberTaken(kind convo.ObjectKind, number int64) error {
	return convo.Errorf(convo.Conflict, "another %s has the number %d already; choose another one", kind, number)
}
