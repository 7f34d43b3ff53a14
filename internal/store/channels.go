package store

import (
	"context"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// What is kept of a channel at most: its newest messages, up to both bounds. The
// newest one alone is kept however long it is.
const (
	ChannelMessages = 1000
	ChannelBytes    = 16 << 20
)

// PublishedBytes is about how many bytes of messages one read gives at most,
// beside the message that goes beyond it.
const PublishedBytes = 1 << 20

// Channels is the reading side of channels, and their housekeeping. A channel
// needs no creation: it is there while it has messages or a dispatched turn. A
// number of a channel is never given twice, also not when the channel had been
// pruned away: then its messages go on above all numbers of pruned channels.
type Channels interface {
	// ChannelSpan says which messages a channel has. One that is not there has
	// the numbers that its next message would go on from.
	ChannelSpan(ctx context.Context, tenant, channel string) (convo.ChannelSpan, error)

	// Published reads messages with numbers above after, in order: at most limit,
	// and fewer where they are long, but at least one if there is one.
	Published(ctx context.Context, tenant, channel string, after int64, limit int) ([]convo.Published, error)

	// Dispatch finds the dispatched turn of a channel.
	Dispatch(ctx context.Context, tenant, channel string) (convo.Dispatch, error)

	// ExpiredDispatches lists up to limit hidden dispatches, of all tenants,
	// whose turn ended before that time.
	ExpiredDispatches(ctx context.Context, before time.Time, limit int) ([]convo.Dispatch, error)

	// PruneChannels removes messages that were published before that time.
	PruneChannels(ctx context.Context, before time.Time) error
}

// ChannelTx is what a transaction may do to channels of the conversation's
// tenant.
type ChannelTx interface {
	// Publish appends a message to a channel and gives its number. A channel
	// with a dispatched turn takes none: Conflict.
	Publish(channel string, message convo.JSON, at time.Time) (seq int64, err error)

	// Dispatch finds the dispatched turn of a channel; ok is false if there is
	// none.
	Dispatch(channel string) (d convo.Dispatch, ok bool, err error)

	// PutDispatch makes the turn of a channel known. It goes with its
	// conversation. A channel that has a dispatched turn or messages: Conflict.
	PutDispatch(d convo.Dispatch) error
}
