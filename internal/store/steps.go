package store

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// Steps reads logs for those who want to know what happened in turns, and what was
// said only where it is not over.
type Steps interface {
	// Steps gives the events with numbers above after, in their order, but for the
	// deltas: of messages that have ended there are none, and those of messages
	// that have not come last, in their order. All of it is as it is at one moment.
	// each says whether to go on; it must not block. An unknown conversation is
	// NotFound.
	Steps(ctx context.Context, tenant, conversation string, after int64, each func(convo.Event) bool) error

	// SlotBefore gives the slot of the turn that started before the one with that
	// slot; 0 = none did.
	SlotBefore(ctx context.Context, tenant, conversation string, slot int64) (int64, error)
}
