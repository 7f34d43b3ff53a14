package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

const (
	// MaxAttachments is how many files may come with a message.
	MaxAttachments = 10
	// attachTime is how long all of them may take to come.
	attachTime = time.Minute
	// heldBytes is how large those of a turn without a conversation may be, which are in
	// memory: about as much as a request itself may have.
	heldBytes = 8 << 20
)

// brought are files that come with a turn. Nobody has them before its transaction adds
// them to a conversation.
type brought struct {
	files []convo.File
	own   contents
}

func (b *brought) add(f convo.File, content io.ReaderAt) {
	if b.own == nil {
		b.own = contents{}
	}
	b.files = append(b.files, f)
	b.own[f.ID] = readable{content, f}
}

// checkAttachments refuses what no message may come with.
func checkAttachments(list []Content) error {
	if len(list) > MaxAttachments {
		return convo.Errorf(convo.Invalid, "attachments: up to %d files may come with a message; upload more before it", MaxAttachments)
	}
	return nil
}

// bring stores what comes with a turn of a conversation. Where it fails, nothing is
// left of it; else dropBrought has to follow if the turn is not admitted.
func (e *Engine) bring(ctx context.Context, key hub.Key, list []Content) (brought, error) {
	var b brought
	err := eachAttachment(ctx, list, e.limits.File, func(ctx context.Context, c Content) (int64, error) {
		s, err := e.storeContent(ctx, c)
		if err != nil {
			return 0, err
		}
		f := attachmentOf(key, newID(), s)
		b.add(f, contentAt{context.WithoutCancel(ctx), e, f})
		return s.Size, nil
	})
	if err != nil {
		err = errors.Join(err, e.dropBrought(ctx, b))
	}
	return b, err
}

// dropBrought drops the content of files that no turn has got.
func (e *Engine) dropBrought(ctx context.Context, b brought) (err error) {
	for _, f := range b.files {
		err = errors.Join(err, e.store.DropUpload(context.WithoutCancel(ctx), f.Upload))
	}
	return err
}

// hold reads what comes with a turn without a conversation into memory: nothing of such
// a turn is stored.
func (e *Engine) hold(ctx context.Context, list []Content) (b brought, err error) {
	err = eachAttachment(ctx, list, min(e.limits.File, heldBytes), func(ctx context.Context, c Content) (int64, error) {
		c, done, err := e.reached(ctx, c)
		if err != nil {
			return 0, err
		}
		defer done()
		data, err := io.ReadAll(io.LimitReader(c.Reader, c.Most+1))
		if err == nil && int64(len(data)) > c.Most {
			err = tooLargeFile(c.Most)
		}
		if err != nil {
			return 0, err
		}
		s := c.stored()
		s.Size = int64(len(data))
		b.add(attachmentOf(hub.Key{}, newID(), s), bytes.NewReader(data))
		return s.Size, nil
	})
	return b, err
}

// eachAttachment has take read what comes with a turn, one after the other, in a bounded
// time, and all of it so many bytes at most. take gives the size.
func eachAttachment(ctx context.Context, list []Content, room int64, take func(context.Context, Content) (int64, error)) error {
	within, cancel := context.WithTimeout(ctx, attachTime)
	defer cancel()
	for i, c := range list {
		c.Most = max(room, 1) // 0 would be no bound
		size, err := take(within, c)
		if err != nil && within.Err() != nil && ctx.Err() == nil {
			err = convo.WrapError(convo.UpstreamTimeout, err, "the attachments did not come within %s", attachTime)
		}
		if err != nil {
			return badAttachment(i, err)
		}
		room -= size
	}
	return nil
}

// badAttachment names the attachment that an error is about. That another server does
// not answer, or may not be asked, is the fault of who named it: to ask again would
// not help.
func badAttachment(i int, err error) error {
	kind := convo.ErrorKind(err)
	switch kind {
	case convo.UpstreamFailed, convo.UpstreamTimeout, convo.Forbidden:
		kind = convo.Invalid
	case convo.Invalid, convo.TooLarge:
	default:
		return err
	}
	return convo.WrapError(kind, err, "attachments[%d].url: %s", i, convo.PublicError(err).Message)
}

// errNew ends a transaction that was to find out whether a request repeats another.
var errNew = errors.New("the request repeats none")

// repeatsTurn makes a request that repeats one which had its turn a reader of that one,
// before anything is done for it. false: there is none.
func (e *Engine) repeatsTurn(ctx context.Context, key hub.Key, actor convo.Actor, ask *Ask) (convo.Request, bool, error) {
	joined, err := e.refuse(ctx, key, actor, ask, errNew)
	if errors.Is(err, errNew) {
		return joined, false, nil
	}
	return joined, err == nil, err
}

// addFiles adds what a turn brings to its conversation. Its message has it at once.
func addFiles(tx store.Tx, files []convo.File) error {
	for _, f := range files {
		f.Uses = 1
		if err := tx.AddFile(f); err != nil {
			return err
		}
	}
	return nil
}

// attachTo makes files parts of the last message of the user, as a prompt has it.
func (e *Engine) attachTo(ctx context.Context, list []convo.Message, config convo.Config, r reach, b brought) error {
	if len(b.files) == 0 {
		return nil
	}
	i := lastUser(list, func(m convo.Message) convo.MessageType { return m.Type })
	if i < 0 {
		return convo.Errorf(convo.Invalid, "attachments need a message of the user; send one")
	}
	list[i].Parts = partsOf(list[i].Text, b.files...)
	err := unmaskable(config, list[i].Parts)
	if err == nil {
		list[i], err = e.render(ctx, list[i], r.bytes()/fileShare, b.own)
	}
	return err
}

// lastUser is the index of the last message of the user, or -1.
func lastUser[M any](list []M, kind func(M) convo.MessageType) int {
	for i, m := range slices.Backward(list) {
		if kind(m) == convo.User {
			return i
		}
	}
	return -1
}
