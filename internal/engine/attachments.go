package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// Attachments are files that are brought to a conversation before a message has them.
// The next message of its user gets them as parts; one that no message follows within
// a day goes.

// NewAttachment is an id for a file that is to come, for [Engine.AttachAs].
func (e *Engine) NewAttachment(ctx context.Context, actor convo.Actor, conversation string) (string, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return "", err
	}
	_, err = e.store.Conversation(ctx, key.Tenant, conversation)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownConversation(conversation)
	}
	return newID(), err
}

// Attach brings a file to a conversation. Where it is refused, nothing has changed. A
// private conversation refuses what cannot be masked.
func (e *Engine) Attach(ctx context.Context, actor convo.Actor, conversation string, c Content, ask *Ask) (convo.File, error) {
	id, err := e.NewAttachment(ctx, actor, conversation)
	if err != nil {
		return convo.File{}, err
	}
	return e.AttachAs(ctx, actor, conversation, id, c, ask)
}

// AttachAs is Attach with an id from NewAttachment. Content that comes once more under
// an id takes the place of the earlier one, unless a message has it: Conflict.
func (e *Engine) AttachAs(ctx context.Context, actor convo.Actor, conversation, id string, c Content, ask *Ask) (convo.File, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return convo.File{}, err
	}
	// What was begun is ended, also when the sender has gone.
	steady := context.WithoutCancel(ctx)
	s, err := e.storeContent(ctx, c)
	if err != nil {
		return convo.File{}, err
	}
	f := attachmentOf(key, id, s)
	err = e.once(steady, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		if err := maskable(tx, partsOf("", f)); err != nil {
			return nil, err
		}
		return f, tx.AddFile(f)
	})
	if convo.ErrorKind(err) == convo.Conflict {
		if _, lost := e.store.File(steady, id); lost == nil { // it has come before
			err = e.store.FillFile(steady, f)
		}
	}
	if err != nil || ask.replayed() {
		err = errors.Join(err, e.store.DropUpload(steady, f.Upload))
	}
	return f, err
}

// attachmentOf is content as a file of a conversation.
func attachmentOf(key hub.Key, id string, s convo.Stored) convo.File {
	return convo.File{
		Tenant: key.Tenant, ID: id, Conversation: key.Conversation, Name: cmp.Or(s.Name, "attachment"),
		MediaType: cmp.Or(s.MediaType, document.MediaType(s.Name)), Size: s.Size, Upload: s.Upload, Created: s.At, Stored: s.At,
	}
}

// Attachments reads a page of the files of a conversation that have content, whether
// a message has them or they wait for one.
func (e *Engine) Attachments(ctx context.Context, actor convo.Actor, conversation string, l List) (Page[convo.File], error) {
	var page Page[convo.File]
	if _, err := e.Conversation(ctx, actor, conversation); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q := store.FileQuery{Desc: l.Desc, Limit: take}
	list := "attachments/" + actor.Tenant + "/" + conversation
	if l.Cursor != "" {
		if q.Created, q.After, err = e.filePosition(ctx, actor, conversation, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if len(l.Meta) > 0 {
		return page, nil // files have none
	}
	page.Items, err = e.store.ConversationFiles(ctx, actor.Tenant, conversation, q)
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.Created.UnixMilli(), last.ID)
	}
	return page, err
}

// filePosition finds where a cursor of a list of files leads.
func (e *Engine) filePosition(ctx context.Context, actor convo.Actor, conversation, list, cursor string) (time.Time, string, error) {
	at, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return time.UnixMilli(at), id, err
	}
	f, err := e.store.File(ctx, cursor)
	if convo.ErrorKind(err) == convo.NotFound || err == nil && (f.Tenant != actor.Tenant || f.Conversation != conversation) {
		err = unknownCursor()
	}
	return f.Created, f.ID, err
}

// unsent gives the files that wait for the next message of a conversation's user.
func (e *Engine) unsent(ctx context.Context, key hub.Key) ([]convo.File, error) {
	return e.store.ConversationFiles(ctx, key.Tenant, key.Conversation, store.FileQuery{Waiting: true, Limit: store.MaxUnusedFiles})
}

// take makes files parts of a message with that text: of those that waited the ones that
// still do, and those that are brought with it. nil: there are none, and the message is
// its text.
func take(tx store.Tx, said string, files, brought []convo.File) ([]convo.Part, error) {
	var mine []convo.File
	for _, f := range files {
		current, err := tx.OwnFile(f.ID)
		if convo.ErrorKind(err) == convo.NotFound || err == nil && current.Uses > 0 {
			continue // another message has it by now
		}
		if err != nil {
			return nil, err
		}
		if err := tx.UseFile(f.ID); err != nil {
			return nil, err
		}
		mine = append(mine, current)
	}
	if err := addFiles(tx, brought); err != nil {
		return nil, err
	}
	parts := partsOf(said, append(mine, brought...)...)
	return parts, maskable(tx, parts)
}

// partsOf gives the parts of a message with a text and files.
func partsOf(said string, files ...convo.File) []convo.Part {
	var parts []convo.Part
	if len(files) > 0 && said != "" {
		parts = append(parts, convo.Part{ID: newID(), MediaType: textType, End: len(said)})
	}
	for _, f := range files {
		parts = append(parts, convo.Part{
			ID: newID(), MediaType: f.MediaType, Name: f.Name, Start: len(said), End: len(said),
			File: &convo.FileRef{URI: f.URI(), Size: f.Size},
		})
	}
	return parts
}

// maskable refuses parts that the conversation does not take, because it is private.
func maskable(tx store.Tx, parts []convo.Part) error {
	masking, ok := tx.(*maskingTx)
	if !ok || len(parts) == 0 {
		return nil
	}
	config, err := masking.configOf(tx.Head().Fields)
	if err != nil {
		return err
	}
	return unmaskable(config, parts)
}
