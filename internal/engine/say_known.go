package engine

import (
	"context"
	"errors"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// knowledge is what a transaction on something said needs to know of the world
// outside.
type knowledge struct {
	zone     string               // of whoever speaks
	files    map[string]fileKnown // by the URI of a part
	replies  map[int]*reply       // by the place of the answer in what is said
	refusals map[int]*Refused     // answers that no call takes
}

// fileKnown is a file of this server that a part names.
type fileKnown struct {
	ref       convo.FileRef
	mediaType string
	name      string
	err       *Refused // it may not be used
}

// lookUp finds out what the transaction needs to know.
func (e *Engine) lookUp(ctx context.Context, key hub.Key, s Saying) (*knowledge, error) {
	k := &knowledge{replies: map[int]*reply{}, refusals: map[int]*Refused{}}
	for i, said := range s.Said {
		var err error
		switch said.(type) {
		case SaidAnswer, SaidOutput, SaidInterruptEnd:
			err = e.lookUpAnswer(ctx, key, k, i, said)
		}
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (e *Engine) lookUpAnswer(ctx context.Context, key hub.Key, k *knowledge, i int, said Said) error {
	reply, err := e.prepareAnswer(ctx, key, said)
	if mine, ok := errors.AsType[*convo.Error](err); ok && mine.Kind == convo.Invalid {
		k.refusals[i] = &Refused{Why: BadAnswer, Cause: mine}
		return nil
	}
	k.replies[i] = reply
	return err
}

// strangeAnswer is what becomes of an answer to a call that is not open: it came too
// late, or means no call at all.
func (e *Engine) strangeAnswer(ctx context.Context, key hub.Key, turn string, r *reply) error {
	err := e.explainAnswer(ctx, key, turn, r)
	if mine, ok := errors.AsType[*convo.Error](err); ok && mine.Kind == convo.NotFound {
		return &Refused{Why: UnknownCall, Cause: mine}
	}
	return err
}
