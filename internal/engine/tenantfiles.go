package engine

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// TenantFiles is the place of files that belong to no conversation.
func TenantFiles() Place { return Place{Kind: convo.ObjectFile} }

// Content is what a file is filled with: what an address leads to, or else what is
// read.
type Content struct {
	Address   string
	Reader    io.Reader
	Name      string // as it was sent; "" = not known
	MediaType string // "" = what the address says, or none
	Most      int64  // bytes; 0 = as many as a file may have
}

// Fetcher reads what an address leads to. Its errors are *convo.Error.
type Fetcher interface {
	Fetch(ctx context.Context, address string) (Fetched, error)
}

// Fetched is what an address leads to. It is to be closed.
type Fetched struct {
	io.ReadCloser
	Name, MediaType string // "" = not known
}

// maxContentName bounds what content says of itself.
const maxContentName = 255

// FillTenantFile makes content that of a file of the actor's tenant, in place of an
// earlier one, and has the datasets that have the file index it. Where it is refused,
// nothing has changed.
func (e *Engine) FillTenantFile(ctx context.Context, actor convo.Actor, name string, c Content, ask *Ask) (convo.Object, error) {
	if _, err := e.Object(ctx, actor, TenantFiles(), name); err != nil {
		return convo.Object{}, err
	}
	// What was begun is ended, also when the sender has gone.
	steady := context.WithoutCancel(ctx)
	stored, err := e.storeContent(ctx, c)
	if err != nil {
		return convo.Object{}, err
	}
	var filled convo.Object
	err = e.once(steady, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if filled, err = findObject(tx, TenantFiles(), name); err != nil {
			return nil, err
		}
		before, _ := filled.Body.(convo.Stored)
		stored.Datasets = before.Datasets
		filled.Body, filled.Updated = stored, now()
		if err := restartAll(tx, filled); err != nil {
			return nil, err
		}
		return filled, putNoted(tx, filled, "upload")
	})
	if err != nil || ask.replayed() {
		return filled, errors.Join(err, e.store.DropUpload(steady, stored.Upload))
	}
	e.indexAll(filled)
	return filled, nil
}

// storeContent stores content in pieces, which are nobody's yet.
func (e *Engine) storeContent(ctx context.Context, c Content) (convo.Stored, error) {
	c, done, err := e.reached(ctx, c)
	if err != nil {
		return convo.Stored{}, err
	}
	defer done()
	made := c.stored()
	made.Upload = newID()
	made.Size, err = e.receive(context.WithoutCancel(ctx), made.Upload, c.Reader, c.Most)
	e.noteRoom(err)
	if err != nil {
		return made, errors.Join(err, e.store.DropUpload(context.WithoutCancel(ctx), made.Upload))
	}
	return made, nil
}

// reached gives content with what it is read from, and how much of that at most. It is
// to be ended with done.
func (e *Engine) reached(ctx context.Context, c Content) (reached Content, done func(), err error) {
	if c.Most == 0 || c.Most > e.limits.File {
		c.Most = e.limits.File
	}
	if c.Address == "" {
		return c, func() {}, nil
	}
	got, err := e.fetch(ctx, c.Address)
	if err != nil {
		return c, nil, err
	}
	c.Reader, c.Name, c.MediaType = got, orElse(c.Name, got.Name), orElse(c.MediaType, got.MediaType)
	return c, func() { _ = got.Close() }, nil
}

// stored is what content says of itself.
func (c Content) stored() convo.Stored {
	return convo.Stored{
		Address: c.Address, Name: cutText(c.Name, maxContentName), MediaType: cutText(c.MediaType, maxContentName), At: now(),
	}
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// fetch reads what an address leads to that a caller named.
func (e *Engine) fetch(ctx context.Context, address string) (Fetched, error) {
	if e.fetcher == nil {
		return Fetched{}, convo.Errorf(convo.Invalid, "this server reads no files from addresses; send the content")
	}
	return e.fetcher.Fetch(ctx, address)
}

// SyncTenantFile reads a file's address again, if it has one, and has the datasets
// that have it index it anew.
func (e *Engine) SyncTenantFile(ctx context.Context, actor convo.Actor, name string, ask *Ask) (convo.Object, error) {
	o, err := e.Object(ctx, actor, TenantFiles(), name)
	if err != nil {
		return o, err
	}
	if s, _ := o.Body.(convo.Stored); s.Address != "" {
		return e.FillTenantFile(ctx, actor, o.ID, Content{Address: s.Address, Name: s.Name}, ask)
	}
	err = e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if o, err = findObject(tx, TenantFiles(), o.ID); err != nil {
			return nil, err
		}
		if err := restartAll(tx, o); err != nil {
			return nil, err
		}
		return o, noteObject(tx, o, "sync")
	})
	if err == nil && !ask.replayed() {
		e.indexAll(o)
	}
	return o, err
}

// DeleteTenantFile removes a file with its content, and its records from the datasets
// that have it. It gives what is gone.
func (e *Engine) DeleteTenantFile(ctx context.Context, actor convo.Actor, name string, ask *Ask) (gone convo.Object, err error) {
	if err := account(actor); err != nil {
		return gone, err
	}
	err = e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if gone, err = findObject(tx, TenantFiles(), name); err != nil {
			return nil, err
		}
		s, _ := gone.Body.(convo.Stored)
		for _, dataset := range s.Datasets {
			if err := leave(tx, dataset, gone.ID); err != nil {
				return nil, err
			}
		}
		if err := tx.DeleteObject(convo.ObjectFile, gone.ID); err != nil {
			return nil, err
		}
		return gone, noteObject(tx, gone, "delete")
	})
	if err == nil && !ask.replayed() {
		e.leaveAll(ctx, gone)
	}
	return gone, err
}

// ContentOf is a tenant's file as those that [Engine.ReadFile] reads.
func ContentOf(o convo.Object) convo.File {
	s, _ := o.Body.(convo.Stored)
	return convo.File{
		Tenant: o.Tenant, ID: o.ID, Name: s.Name, MediaType: s.MediaType, Size: s.Size, Upload: s.Upload,
		Created: o.Created, Stored: s.At,
	}
}

// PublicFile finds a file that everybody may read, whosever it is.
func (e *Engine) PublicFile(ctx context.Context, id string) (convo.Object, error) {
	o, err := e.store.PublicFile(ctx, id)
	return o, unknownObject(convo.ObjectFile, id, err)
}

// without is a list of ids without one.
func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return other == id })
}
