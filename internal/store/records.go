package store

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// RecordReader reads records of datasets. A dataset that there is not has none.
type RecordReader interface {
	// Record reads one record.
	Record(ctx context.Context, tenant, dataset, id string) (convo.Record, error)

	// RecordsByID reads records in the order of ids; those that there are not are
	// left out.
	RecordsByID(ctx context.Context, tenant, dataset string, ids []string) ([]convo.Record, error)

	// Records reads a page, ordered by creation, ties by id.
	Records(ctx context.Context, tenant, dataset string, q RecordQuery) ([]convo.Record, error)

	// Collection says what there is of a dataset.
	Collection(ctx context.Context, tenant, dataset string) (convo.Collection, error)

	// RecordChanges reads up to limit changes with numbers above after, in order; 0
	// begins with the first. It gives fewer where their texts are more than
	// [ChangesBytes] together; none means that there are no more. Numbers may be missing: of a record only the last change
	// is there. That a record is gone is told for the last [KeepGone] of them at
	// least. An after from which on not all of it can be told is a Conflict, see
	// [BeginAgain]: one that is below [convo.Collection.Forgotten] or above its
	// Change.
	RecordChanges(ctx context.Context, tenant, dataset string, after int64, limit int) ([]convo.RecordChange, error)

	// Unowned lists the contacts that are gone and of whom there are memories, of all
	// tenants.
	Unowned(ctx context.Context) ([]Unowned, error)

	// Spaces names the spaces in which a dataset has vectors, and how many values
	// those have. A space stays, also without any, until it is dropped.
	Spaces(ctx context.Context, tenant, dataset string) (map[string]int, error)

	// Vectors reads up to limit vectors of records that have not changed since, that
	// were stored behind after, in the order in which they were stored.
	Vectors(ctx context.Context, tenant, dataset, space string, after int64, limit int) ([]convo.Vector, error)

	// Unembedded reads up to limit records that have no vector in the space, or one of a
	// text that they had before, with changes above after, in their order.
	Unembedded(ctx context.Context, tenant, dataset, space string, after int64, limit int) ([]convo.Record, error)

	// Segments lists the segments of one of a dataset's indexes, by their From.
	Segments(ctx context.Context, tenant, dataset, index string) ([]convo.Segment, error)

	// ReadSegment reads a segment's data from an offset on into p, as io.ReaderAt
	// does. NotFound: there is no such segment, or it has been replaced.
	ReadSegment(ctx context.Context, tenant, dataset, index, id string, p []byte, offset int64) (int, error)
}

// Unowned is a contact that is gone.
type Unowned struct{ Tenant, Contact string }

// RecordQuery selects records. The zero value of a field does not restrict.
type RecordQuery struct {
	After   Position // exclusive; the zero value starts at the end that Desc names
	Desc    bool
	Limit   int // at least 1
	Meta    []convo.MetaFilter
	File    string
	Contact string
	Bot     string
}

// Matches reports whether a record is selected, wherever it stands in the list.
func (q RecordQuery) Matches(r convo.Record) bool {
	return (q.File == "" || q.File == r.File) && (q.Contact == "" || q.Contact == r.ContactID) &&
		(q.Bot == "" || q.Bot == r.BotID) && convo.MatchMeta(r.Meta, q.Meta)
}

// Records keeps what is made of records. It is Buffered.
type Records interface {
	// PutVectors stores vectors of a space, in place of earlier ones of the records.
	// One of a record that has changed since, or is gone, is passed over. Vectors of
	// another length than those that are there are Invalid, and none is stored.
	PutVectors(ctx context.Context, tenant, dataset, space string, vectors []convo.Vector) error

	// DropSpace removes the vectors of a space.
	DropSpace(ctx context.Context, tenant, dataset, space string) error

	// PutSegment stores a segment in place of the one with its id and those with these
	// ids. Its Size is the length of data. NotFound: the dataset has no records.
	// Conflict: it was not made of changes that can be told, see RecordChanges.
	PutSegment(ctx context.Context, tenant, dataset, index string, s convo.Segment, data []byte, instead []string) error

	// PruneRecords removes what is left of datasets, spaces and segments that are
	// gone, in small steps, forgets most of what tells that records are gone, and
	// drops the segments that do not know it.
	PruneRecords(ctx context.Context) error
}

// RecordTx is what a transaction may do to records of its tenant. It sees its own
// writes. Each change gets the next number of its dataset.
type RecordTx interface {
	// Record reads one record.
	Record(dataset, id string) (convo.Record, error)

	// PutRecord stores a record, in place of the one with its id. Without a dataset of
	// that id, unless it is [convo.MemoryDataset]: NotFound. Without an id, or of
	// another tenant: Internal.
	PutRecord(r convo.Record) error

	// DeleteRecord removes a record. NotFound: there is none.
	DeleteRecord(dataset, id string) error

	// DeleteRecordsOf removes up to limit records of a file, those of some makings, and
	// says how many they were.
	DeleteRecordsOf(dataset, file string, of Makings, limit int) (int, error)

	// MemoryLike reads the memory of a contact, a bot, or both, that has the text; of
	// several it is the oldest. Without a contact and a bot, and where there is none:
	// NotFound.
	MemoryLike(contact, bot, text string) (convo.Record, error)

	// ForgetContact removes up to limit memories of a contact, and says how many they
	// were.
	ForgetContact(contact string, limit int) (int, error)
}

// Makings selects records of a file by their making: see [convo.DatasetFile]. The zero
// value is all of them.
type Makings struct {
	But  string // not those of this making; "" = no exception
	Only string // those of this making alone; "" = of any
}

// Has reports whether the records of a making are selected.
func (m Makings) Has(upload string) bool {
	return (m.But == "" || upload != m.But) && (m.Only == "" || upload == m.Only)
}

// Vaults keep what stands behind the placeholders of a conversation, encrypted. They
// go with the conversation. They are in backups, and in exports only where secrets
// are.
type Vaults interface {
	// Vault reads what was added, in that order. NotFound: there is no conversation.
	Vault(ctx context.Context, tenant, conversation string) ([][]byte, error)
}

// VaultTx adds to the vault of the transaction's conversation.
type VaultTx interface {
	// Vault is what is there already.
	Vault() ([][]byte, error)

	// PutVault adds to it. Without a conversation: NotFound.
	PutVault(sealed []byte) error
}

// UsageReader reads what tenants used.
type UsageReader interface {
	// Spent reads what a tenant used at or after from and before to, one row for
	// each day, bot and model, in this order.
	Spent(ctx context.Context, tenant string, from, to time.Time) ([]convo.Spent, error)

	// Totals counts what a tenant has; memories are no records here.
	Totals(ctx context.Context, tenant string) (convo.Totals, error)
}

// UsageTx counts.
type UsageTx interface {
	// Spend adds to what the transaction's tenant used. What was used stays when
	// conversations go.
	Spend(s convo.Spent) error
}

// Journal reads tenants' event logs.
type Journal interface {
	// Entries reads a page of entries, by their numbers.
	Entries(ctx context.Context, tenant string, q EntryQuery) ([]convo.Entry, error)
}

// EntryQuery selects entries.
type EntryQuery struct {
	After int64 // exclusive; 0 starts at the end that Desc names
	Desc  bool
	Limit int // at least 1
}

// JournalTx writes to the event log of the transaction's tenant.
type JournalTx interface {
	// Note adds an entry. Its number is given by the store.
	Note(e convo.Entry) error
}

// JournalPruner bounds event logs.
type JournalPruner interface {
	// PruneJournal removes the entries that are older, and all but the last keep of
	// each tenant. Numbers are not given again.
	PruneJournal(ctx context.Context, before time.Time, keep int64) error
}

// ChangesBytes is about how many bytes of text RecordChanges gives at once, beside
// the record that goes beyond it.
const ChangesBytes = 4 << 20

// KeepGone is how many records that are gone a dataset tells of at least. It tells
// of as many as it has records, where those are more.
const KeepGone = 10_000

// BeginAgain is the error of drivers about changes that cannot be told from there on.
func BeginAgain() error {
	return convo.Errorf(convo.Conflict, "what changed since then is not known any more; begin again with the first change")
}

// CheckVectors refuses vectors that cannot stand beside each other, and beside those
// of length values that a space has; 0 = it has none.
func CheckVectors(vectors []convo.Vector, length int) error {
	for _, v := range vectors {
		if length == 0 {
			length = len(v.Values)
		}
		if len(v.Values) == 0 || len(v.Values) != length {
			return convo.Errorf(convo.Invalid,
				"a vector of %d values cannot be compared with those of %d that there are: if another model answers under the same name now, "+
					"set embedding.dimensions, and everything is embedded anew", len(v.Values), length)
		}
	}
	return nil
}

// CheckSegment refuses a segment that was not made of changes of the collection.
func CheckSegment(s convo.Segment, c convo.Collection) error {
	switch {
	case s.ID == "" || s.From > s.To:
		return convo.Errorf(convo.Internal, "a segment needs an id, and ends where it begins or later")
	case s.To < c.Forgotten || s.To > c.Change:
		return BeginAgain()
	}
	return nil
}

// Told reports whether all changes after a number can be told.
func Told(after int64, c convo.Collection) bool {
	return after <= 0 || after >= c.Forgotten && after <= c.Change
}

// FirstChange is the number that the changes of the collection with a number are
// above.
func FirstChange(collection int64) int64 { return collection << 32 }
