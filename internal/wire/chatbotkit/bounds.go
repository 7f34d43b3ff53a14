package chatbotkit

import (
	"math"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// bounded is a whole number that may be left out. The range that refuses a
// number is the one that describes it.
type bounded[R span] struct{ httpio.Optional[int64] }

// span is the range of a [bounded], as a type.
type span interface{ between() (low, high int64) }

// DecodeField implements [httpio.Field].
func (b *bounded[R]) DecodeField(path string, value []byte) error {
	if err := b.Optional.DecodeField(path, value); err != nil {
		return err
	}
	var r R
	if low, high := r.between(); b.Given && !b.Null && (b.Value < low || b.Value > high) {
		return convo.Errorf(convo.Invalid, "%s must be a whole number from %d to %d", path, low, high)
	}
	return nil
}

// Describe implements [openapi.Describer].
func (*bounded[R]) Describe(*openapi.Schemas) *openapi.Schema {
	var r R
	return openapi.Between(r.between())
}

// or gives the number, or another one where it was left out.
func (b *bounded[R]) or(other int64) int64 {
	if given := b.Pointer(); given != nil {
		return *given
	}
	return other
}

// strongest is the value of a vote unless it has another one; of a downvote it
// is below zero.
const strongest = 100

// How long a session token lasts, in seconds.
const (
	sessionDefault = 3600
	sessionShort   = 1800
	sessionLong    = 86400
)

type (
	upSpan      struct{}
	downSpan    struct{}
	sessionSpan struct{}
	timesSpan   struct{}

	upValue        = bounded[upSpan]
	downValue      = bounded[downSpan]
	sessionSeconds = bounded[sessionSpan]
	someTimes      = bounded[timesSpan]
)

func (upSpan) between() (low, high int64)      { return 1, strongest }
func (downSpan) between() (low, high int64)    { return -strongest, -1 }
func (sessionSpan) between() (low, high int64) { return sessionShort, sessionLong }

func (timesSpan) between() (low, high int64) { return 1, 1 << 53 }

// times gives a limit to the engine, where 0 stands for one that was left out.
// The server has lower bounds than any that an int cannot hold.
func (b *bounded[R]) times() int { return int(min(b.or(0), math.MaxInt32)) }

// messageType is a message's type on the wire. The engine refuses those that it
// does not know.
type messageType string

// Describe implements [openapi.Describer].
func (*messageType) Describe(*openapi.Schemas) *openapi.Schema {
	return openapi.OneOf(convo.MessageTypes...)
}
