package store

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// MaxInput bounds the sealed input of a turn, in bytes.
const MaxInput = 16 << 20

// InputWriter keeps what turns were given beside their messages.
type InputWriter interface {
	// PutInput keeps the sealed input of a turn, in place of an earlier one,
	// until the turn ends or the conversation is deleted. A turn that has ended,
	// or does not exist, is NotFound, more than MaxInput bytes are TooLarge.
	PutInput(turn string, sealed []byte) error
}

// Inputs reads what turns were given.
type Inputs interface {
	// Input gives the sealed input of a turn, or nil if it has none: it was
	// given none, or has ended.
	Input(ctx context.Context, tenant, conversation, turn string) ([]byte, error)
}

// CheckInput refuses an input that is too large, or empty.
func CheckInput(sealed []byte) error {
	if len(sealed) == 0 {
		return convo.Errorf(convo.Internal, "a sealed input is not empty")
	}
	if len(sealed) > MaxInput {
		return convo.Errorf(convo.TooLarge,
			"what the turn was given takes %d bytes, and %d may be kept: give it fewer or smaller functions", len(sealed), MaxInput)
	}
	return nil
}
