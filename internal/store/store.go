// Package store is the port to the database: the logs of conversations, their
// projections, tokens and request records.
//
// A driver keeps no rules. What an event means to reads is [convo.Head.Project];
// what may be written is decided by the function that the caller passes to
// Update. A driver promises, and storetest checks:
//
//   - Everything that one Update writes is written together or not at all, and
//     nothing of it is seen by a reader before it is committed.
//
//   - Updates of one conversation happen one after the other. Sequence numbers
//     are given in that order, without gaps but for [convo.Restarted].
//
//   - When Update returns, what it wrote survives the death of the process; with
//     [Durable] it survives the loss of power, and so does all that was written
//     before it.
//
//   - Reads return copies. A method that finds nothing returns an error of kind
//     [convo.NotFound]; ids of another tenant are not found.
//
//   - Many callers' Updates share one commit where that is cheaper. If one of
//     them fails, the others do not.
//
//   - A write that finds the disk full is an error with the cause [ErrFull].
//
//   - Times are kept in UTC, to the millisecond.
//
// All methods may be called by many goroutines at once. A cancelled context
// ends the wait for an Update whose function has not been called; one that has
// is waited for, so that the function never runs after Update has returned.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// Sync says how far a commit must have got when Update returns.
type Sync int

// The two levels of durability.
const (
	// Buffered survives the process, not the power.
	Buffered Sync = iota
	// Durable survives the power too, with everything written before it.
	Durable
)

// ErrFull is the cause of an error of kind [convo.Unavailable] from a write that
// found no room where the data is. Nothing of it was written, and it may be tried
// again when there is some.
var ErrFull = errors.New("no room is left for the data")

// Store is what a driver implements.
type Store interface {
	Log
	Reader
	Tokens
	Requests
	Reseals
	Channels
	Identities
	SettingsWriter
	Files
	Sockets
	Records
	JournalPruner

	// Snapshot gives the data as it is at this moment. It never holds up
	// writers, but it may keep a store from using space again, so it is for
	// work that ends: exports, audits. At most MaxSnapshots are open at once;
	// one more is refused as Unavailable.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Close waits for updates that run, writes what MarkWritten left over,
	// closes the snapshots, and lets the data go. Calls after it fail.
	Close() error
}

// MaxSnapshots is how many snapshots of a store may be open at once.
const MaxSnapshots = 4

// Snapshot is the data as it was at one moment, whatever is written after it.
// Many goroutines may read from it; they may have to wait for each other.
type Snapshot interface {
	Reader

	// Tenants lists the tenants that have conversations, objects or records, in
	// their order.
	Tenants(ctx context.Context) ([]string, error)

	// Close lets the snapshot go. Reads after it are Unavailable; closing it
	// again does nothing.
	Close() error
}

// Log is the writing side.
type Log interface {
	// Update runs fn in a transaction on one conversation, which need not
	// exist, and returns the events that fn appended, numbered. fn may run
	// more than once, must not block, and must not keep its Tx. If fn returns
	// an error, nothing is written and Update returns that error as it is.
	// After Close: convo.Unavailable.
	Update(ctx context.Context, tenant, conversation string, sync Sync, fn func(Tx) error) ([]convo.Event, error)

	// UpdateAll carries out many updates, each as Update would, and leaves in
	// each what came of it. They are handed in together, so that they share
	// commits and only one goroutine waits for them; an update of a
	// conversation comes after those of it that stand before it.
	UpdateAll(ctx context.Context, changes []*Change)

	// Import writes a conversation that does not exist yet with its whole log,
	// and makes its projections as Append does. Numbers and times are kept.
	// All of it is written or nothing, and it is Buffered: call Sync after the
	// last of many. The events are the store's from then on. Refused are
	//
	//   - a conversation that exists: Conflict;
	//   - as Invalid, with a text that names the number of the event: numbers
	//     that do not begin at 1 or leave out more than a convo.Restarted says,
	//     an event that contradicts those before it, and a turn or a message
	//     that has not ended; a hidden conversation.
	Import(ctx context.Context, tenant, conversation string, events []convo.Event) error

	// Sync returns when everything that was written before it survives the
	// loss of power.
	Sync(ctx context.Context) error
}

// Change is one update among many.
type Change struct {
	Tenant, Conversation string
	Sync                 Sync
	Fn                   func(Tx) error

	Events []convo.Event // those that Fn appended, numbered
	Err    error         // of this update alone
}

// UpdateEach carries out updates one after the other, for a Log for which that
// costs no more than all of them together.
func UpdateEach(ctx context.Context, log Log, changes []*Change) {
	for _, c := range changes {
		c.Events, c.Err = log.Update(ctx, c.Tenant, c.Conversation, c.Sync, c.Fn)
	}
}

// Tx is what a transaction on one conversation may do. It sees its own writes.
type Tx interface {
	InputWriter
	Aliases

	// Head is the conversation as it is now, or nil if it does not exist. It
	// belongs to the store: read it, do not change it, do not keep it.
	Head() *convo.Head

	// Append numbers an event, adds it to the log and applies it to the
	// projections. The event is the store's from then on: what its pointers
	// lead to is not changed any more. Refused, with nothing written, are
	//
	//   - any event but ConversationCreated where there is no conversation, and
	//     a change or deletion of a message that there is not: NotFound;
	//   - a conversation, turn or message that exists already, also under its
	//     alias, and a piece of a message that has ended: Conflict;
	//   - the end of a message whose text does not begin with the texts of its
	//     deltas, and a turn or message without an id: Internal.
	//
	// Times inside a body are whole milliseconds in UTC, or zero.
	Append(e convo.Event) error

	// Message reads one message of the conversation, with its text; also one
	// whose turn has not started.
	Message(id string) (convo.Message, error)

	// Turn reads one turn of the conversation, ended or not.
	Turn(id string) (convo.Turn, error)

	// Delete removes the conversation with everything that belongs to it, its
	// session tokens included. Head is nil after it.
	Delete() error

	// PutToken stores a new token.
	PutToken(t convo.Token) error

	// Request finds the record of a request; ok is false if there is none.
	Request(id convo.RequestID) (r convo.Request, ok bool, err error)

	// PutRequest stores a record, in place of an earlier one with its ID.
	PutRequest(r convo.Request) error

	ChannelTx
	ObjectTx
	FileTx
	RecordTx
	VaultTx
	UsageTx
	JournalTx
}

// Reader is the reading side. It never waits for writers.
type Reader interface {
	Inputs
	ObjectReader
	Agendas
	SettingsReader
	FileReader
	Steps
	RecordReader
	Vaults
	UsageReader
	Journal
	VoteReader

	// Conversation reads one conversation.
	Conversation(ctx context.Context, tenant, id string) (convo.Conversation, error)

	// Head reads one conversation with the end of its log and its open turns.
	Head(ctx context.Context, tenant, id string) (convo.Head, error)

	// Conversations reads a page, ordered by creation, ties by id, without the
	// hidden ones, which have a Channel. Among ids that are not UUIDs in their usual form, ties are split as the driver likes.
	Conversations(ctx context.Context, tenant string, q ConversationQuery) ([]convo.Conversation, error)

	// Message reads one message that has its place, with its text.
	Message(ctx context.Context, tenant, conversation, id string) (convo.Message, error)

	// Messages reads a page of messages that have their place, in its order.
	// An unknown conversation is NotFound.
	Messages(ctx context.Context, tenant, conversation string, q MessageQuery) ([]convo.Message, error)

	// Turn reads one turn.
	Turn(ctx context.Context, tenant, conversation, id string) (convo.Turn, error)

	// Turns reads the turns that have started, with a slot of at least from,
	// in the order of their slots.
	Turns(ctx context.Context, tenant, conversation string, from int64) ([]convo.Turn, error)

	// Events reads up to limit events with numbers above after, in order. Fewer
	// than limit means that the log ended there when it was read. An unknown
	// conversation is NotFound.
	Events(ctx context.Context, tenant, conversation string, after int64, limit int) ([]convo.Event, error)

	// OpenTurns reads the turns of all tenants that have not ended, in the
	// order in which they were opened within a conversation.
	OpenTurns(ctx context.Context) ([]convo.Turn, error)

	// Usage sums the tokens of turns that ended, and counts the user and bot
	// messages that were created, at or after from and before to.
	Usage(ctx context.Context, tenant, conversation string, from, to time.Time) (Usage, error)
}

// ConversationQuery selects conversations. The zero value of a field does not
// restrict.
type ConversationQuery struct {
	After Position // exclusive; the zero value starts at the end that Desc names
	Desc  bool
	Limit int // at least 1
	Meta  []convo.MetaFilter
	// Contact restricts to the conversations with a contact, by its id.
	Contact string
}

// Position is a place in a list ordered by creation.
type Position struct {
	Created time.Time
	ID      string
}

// MessageQuery selects messages.
type MessageQuery struct {
	After int64 // exclusive place; 0 starts at the end that Desc names
	Desc  bool
	Limit int                 // at least 1
	Types []convo.MessageType // none = all
	Meta  []convo.MetaFilter
	// Turn restricts to the messages of a turn; if it has not started, those that
	// it was given are found, too, of which the first may have the place 0: they
	// are read in one page. An unknown turn has none.
	Turn string
}

// Usage is what a conversation cost.
type Usage struct {
	Tokens   int64
	Messages int64
}

// Tokens keeps credentials.
type Tokens interface {
	// PutToken stores a new token. A hash that is stored already is a Conflict.
	PutToken(ctx context.Context, t convo.Token) error

	// TokenByHash finds a token, revoked and expired ones included.
	TokenByHash(ctx context.Context, hash convo.TokenHash) (convo.Token, error)

	// Tokens lists a tenant's tokens, session tokens excluded, by creation. The
	// tenant "" stands for all of them.
	Tokens(ctx context.Context, tenant string) ([]convo.Token, error)

	// RevokeToken marks a token as revoked; one that is already keeps its time.
	RevokeToken(ctx context.Context, tenant, id string, at time.Time) error

	// DeleteToken removes a token for good, so that its hash may be stored again.
	DeleteToken(ctx context.Context, tenant, id string) error

	// PruneTokens removes the tokens with the source "session" or "console"
	// that expired before that time.
	PruneTokens(ctx context.Context, before time.Time) error
}

// Requests keeps the records by which repeats of requests are recognised.
type Requests interface {
	// PutRequest stores a record outside any conversation's transaction, in
	// place of an earlier one with its ID.
	PutRequest(ctx context.Context, r convo.Request) error

	// Request finds a record; ok is false if there is none.
	Request(ctx context.Context, id convo.RequestID) (r convo.Request, ok bool, err error)

	// MarkWritten notes that the answer to a request was written completely,
	// with some later commit, and at the latest at Close. It never waits. A
	// record that has been replaced since (another Attempt) is left alone.
	MarkWritten(id convo.RequestID, attempt string)

	// PruneRequests removes the records with a key that were created before
	// keyed, and those without one that were created before unkeyed, unless
	// their turn has not ended.
	PruneRequests(ctx context.Context, keyed, unkeyed time.Time) error
}
