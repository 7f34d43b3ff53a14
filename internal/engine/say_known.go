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
	judged   map[string]*Refused  // by their texts, messages that were judged; nil = they pass
}

// fileKnown is a file of this server that a part names.
type fileKnown struct {
	file convo.File
	err  *Refused // it may not be used
}

// fileTokens is about how much of the model's window the files of a message take,
// whose texts get no more than most, and of which so many images are shown.
func (k *knowledge) fileTokens(parts []convo.Part, most, shown int64) int64 {
	total, images := int64(0), int64(0)
	for _, part := range parts {
		if part.File == nil {
			continue
		}
		total += fileLineTokens
		switch _, ours := convo.FileID(part.File.URI); {
		case ours && mayBeText(part.MediaType):
			total += min(estimate(int(part.File.Size)), most)
		case ours && mayBeImage(part.MediaType):
			images++
		}
	}
	return min(total, most+fileLineTokens*int64(len(parts))) + min(images, shown)*imageTokens
}

// fileLineTokens is about what tells the model that there is a file.
const fileLineTokens = 64

// lookUp finds out what the transaction needs to know.
func (e *Engine) lookUp(ctx context.Context, actor convo.Actor, key hub.Key, s Saying) (*knowledge, error) {
	k := &knowledge{files: map[string]fileKnown{}, replies: map[int]*reply{}, refusals: map[int]*Refused{}, judged: map[string]*Refused{}}
	for i, said := range s.Said {
		var err error
		switch said := said.(type) {
		case SaidExchange:
			err = e.lookUpZone(ctx, actor, k)
		case SaidPart:
			err = e.lookUpFile(ctx, key, k, said.File)
		case SaidAnswer, SaidOutput, SaidInterruptEnd:
			err = e.lookUpAnswer(ctx, key, k, i, said)
		}
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (e *Engine) lookUpZone(ctx context.Context, actor convo.Actor, k *knowledge) error {
	settings, err := e.settingsOf(ctx, actor.Tenant, actor.User)
	k.zone = text(settings.Zone)
	return err
}

func (e *Engine) lookUpFile(ctx context.Context, key hub.Key, k *knowledge, ref *convo.FileRef) error {
	if ref == nil {
		return nil
	}
	file, err := e.attached(ctx, key.Tenant, key.Conversation, ref.URI)
	if mine, ok := errors.AsType[*convo.Error](err); ok && mine.Kind == convo.NotFound {
		k.files[ref.URI] = fileKnown{err: &Refused{Why: BadFile, Cause: mine}}
		return nil
	}
	if file != nil {
		k.files[ref.URI] = fileKnown{file: *file}
	}
	return err
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
