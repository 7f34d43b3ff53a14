package engine

import (
	"context"
	"slices"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// maxDatasets is how many datasets may have a file.
const maxDatasets = 100

// SourceFile is the only type of a file of a dataset: one whose text its records are.
const SourceFile = "source"

// DatasetEntry is a file of a dataset with how far its records have got. The error of
// one that is indexed says why the dataset's records cannot be embedded at the moment.
type DatasetEntry struct {
	File  convo.Object
	Entry convo.DatasetFile
}

// AttachFile gives a dataset a file, whose text becomes records of it, in the
// background. One that it has already stays as it is, and is tried again if it could
// not be read.
func (e *Engine) AttachFile(ctx context.Context, actor convo.Actor, dataset, file string, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	return e.changeEntry(ctx, actor, dataset, file, ask, func(tx store.Tx, d, f convo.Object) error {
		o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(d.ID, f.ID))
		body, _ := o.Body.(convo.DatasetFile)
		switch {
		case err == nil && body.State != convo.IndexFailed && body.State != convo.IndexLeaves:
			return nil
		case err != nil && convo.ErrorKind(err) != convo.NotFound:
			return err
		}
		if err := joinDataset(tx, f, d.ID); err != nil {
			return err
		}
		if err == nil {
			return restart(tx, d.ID, f.ID)
		}
		at := now()
		return putNoted(tx, convo.Object{
			Tenant: actor.Tenant, ID: convo.DatasetFileID(d.ID, f.ID), Parent: d.ID, Created: at, Updated: at,
			Body: convo.DatasetFile{File: f.ID, Type: SourceFile, State: convo.IndexWaits},
		}, "attach")
	})
}

// joinDataset notes in a file that a dataset has it.
func joinDataset(tx store.Tx, f convo.Object, dataset string) error {
	s, _ := f.Body.(convo.Stored)
	s.Datasets = slices.DeleteFunc(slices.Clone(s.Datasets), func(id string) bool {
		o, err := tx.Object(convo.ObjectDataset, id)
		return id == dataset || convo.ErrorKind(err) == convo.NotFound || err == nil && o.ID != id
	})
	if len(s.Datasets) >= maxDatasets {
		return convo.Errorf(convo.Conflict, "%d datasets have this file already; make another file of it", maxDatasets)
	}
	s.Datasets = append(s.Datasets, dataset)
	f.Body = s
	return tx.PutObject(f)
}

// SyncDatasetFile has a dataset index one of its files anew.
func (e *Engine) SyncDatasetFile(ctx context.Context, actor convo.Actor, dataset, file string, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	return e.changeEntry(ctx, actor, dataset, file, ask, func(tx store.Tx, d, f convo.Object) error {
		o, err := findEntry(tx, d.ID, f.ID)
		if err != nil {
			return err
		}
		if err := restart(tx, d.ID, f.ID); err != nil {
			return err
		}
		return noteObject(tx, o, "sync")
	})
}

// changeEntry changes what a dataset has of a file, and has it indexed. It gives the
// file.
func (e *Engine) changeEntry(
	ctx context.Context, actor convo.Actor, dataset, file string, ask *Ask, change func(tx store.Tx, d, f convo.Object) error,
) (found convo.Object, err error) {
	var d convo.Object
	err = e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if d, found, err = findBoth(tx, dataset, file); err != nil {
			return nil, err
		}
		return found, change(tx, d, found)
	})
	if err == nil && !ask.replayed() {
		e.indexing.want(indexJob{actor.Tenant, d.ID, found.ID})
	}
	return found, err
}

// DetachFile takes a file out of a dataset. Its records stay, and belong to nobody
// but the dataset, unless they are to be removed: then no search finds them when this
// returns. Of a file that is being indexed stay those that were there before.
func (e *Engine) DetachFile(ctx context.Context, actor convo.Actor, dataset, file string, records bool, ask *Ask) (convo.Object, error) {
	if err := account(actor); err != nil {
		return convo.Object{}, err
	}
	var d, f convo.Object
	err := e.once(ctx, hub.Key{Tenant: actor.Tenant}, actor, ask, func(tx store.Tx) (_ any, err error) {
		if d, f, err = findBoth(tx, dataset, file); err != nil {
			return nil, err
		}
		o, err := findEntry(tx, d.ID, f.ID)
		if err != nil {
			return nil, err
		}
		s, _ := f.Body.(convo.Stored)
		s.Datasets = without(s.Datasets, d.ID)
		f.Body = s
		if err := tx.PutObject(f); err != nil {
			return nil, err
		}
		if err := noteObject(tx, o, "detach"); err != nil {
			return nil, err
		}
		if records {
			return f, leave(tx, d.ID, f.ID)
		}
		if b, _ := o.Body.(convo.DatasetFile); halfMade(b) {
			return f, leaveUnfinished(tx, d.ID, f.ID)
		}
		return f, tx.DeleteObject(convo.ObjectDatasetFile, o.ID)
	})
	if err == nil && !ask.replayed() {
		e.leaveNow(ctx, indexJob{actor.Tenant, d.ID, f.ID})
	}
	return f, err
}

func findBoth(tx store.Tx, dataset, file string) (d, f convo.Object, err error) {
	if d, err = findDataset(tx, dataset); err != nil {
		return d, f, err
	}
	f, err = findObject(tx, TenantFiles(), file)
	return d, f, err
}

// findEntry finds what a dataset has of a file, unless it is leaving.
func findEntry(tx store.Tx, dataset, file string) (convo.Object, error) {
	o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(dataset, file))
	if b, _ := o.Body.(convo.DatasetFile); err == nil && b.State != convo.IndexLeaves {
		return o, nil
	}
	if err == nil || convo.ErrorKind(err) == convo.NotFound {
		err = convo.Errorf(convo.NotFound, "this dataset does not have the file %q; attach it first", clip(file))
	}
	return o, err
}

// restart has the records of a file made anew. The old ones stay until the new ones
// are there. A dataset that does not have the file is passed over.
func restart(tx store.Tx, dataset, file string) error {
	return setEntry(tx, dataset, file, func(b convo.DatasetFile) convo.DatasetFile {
		again := convo.DatasetFile{File: file, Type: SourceFile, State: convo.IndexWaits}
		if halfMade(b) { // what there is of it goes first
			again.Upload, again.Done, again.Total = b.Upload, b.Done, b.Total
		}
		return again
	})
}

// halfMade reports whether a file has records of a making that did not come to its
// end, or older ones beside it.
func halfMade(b convo.DatasetFile) bool { return b.Upload != "" && b.State != convo.IndexDone }

// leftover selects the records of a file that go with a making that is given up: its
// own, or, if all of those are there already, the older ones.
func leftover(b convo.DatasetFile) store.Makings {
	if b.Total > 0 && b.Done >= b.Total {
		return store.Makings{But: b.Upload}
	}
	return store.Makings{Only: b.Upload}
}

// restartAll is restart for all datasets that have a file.
func restartAll(tx store.Tx, f convo.Object) error {
	s, _ := f.Body.(convo.Stored)
	for _, dataset := range s.Datasets {
		if err := restart(tx, dataset, f.ID); err != nil {
			return err
		}
	}
	return nil
}

// leave begins the removal of a file's records from a dataset.
func leave(tx store.Tx, dataset, file string) error {
	return setEntry(tx, dataset, file, func(convo.DatasetFile) convo.DatasetFile {
		return convo.DatasetFile{File: file, Type: SourceFile, State: convo.IndexLeaves}
	})
}

// leaveUnfinished begins the removal of what a making has left that did not come to its
// end.
func leaveUnfinished(tx store.Tx, dataset, file string) error {
	return setEntry(tx, dataset, file, func(b convo.DatasetFile) convo.DatasetFile {
		b.State = convo.IndexLeaves
		return b
	})
}

func setEntry(tx store.Tx, dataset, file string, change func(convo.DatasetFile) convo.DatasetFile) error {
	o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(dataset, file))
	if convo.ErrorKind(err) == convo.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	b, _ := o.Body.(convo.DatasetFile)
	o.Body, o.Updated = change(b), now()
	return tx.PutObject(o)
}

// DatasetFiles reads a page of the files of a dataset, in the order in which they
// came to it. Files that are leaving, or are gone, are left out.
func (e *Engine) DatasetFiles(ctx context.Context, actor convo.Actor, dataset string, l List) (Page[DatasetEntry], error) {
	var page Page[DatasetEntry]
	d, err := e.ownDataset(ctx, actor, dataset)
	if err != nil {
		return page, err
	}
	at := Place{Kind: convo.ObjectDatasetFile, Parent: d.ID}
	if l.Cursor != "" && l.Cursor[0] != '~' {
		l.Cursor = convo.DatasetFileID(d.ID, l.Cursor) // callers know the file's own id
	}
	meta := l.Meta // of the files
	l.Meta = nil
	// One page has as many items as were asked for, so that a shorter one is the last.
	take, err := l.take()
	if err != nil {
		return page, err
	}
	for len(page.Items) < take {
		l.Take = take - len(page.Items)
		entries, err := e.ListObjects(ctx, actor, at, l)
		if err != nil {
			return page, err
		}
		for _, o := range entries.Items {
			entry, ok, err := e.datasetEntry(ctx, o)
			if err != nil {
				return page, err
			}
			if ok && convo.MatchMeta(entry.File.Meta, meta) {
				page.Items = append(page.Items, entry)
			}
		}
		if len(entries.Items) > 0 {
			page.Cursor, l.Cursor = entries.Cursor, entries.Cursor
		}
		if len(entries.Items) < l.Take {
			break
		}
	}
	if len(page.Items) == 0 {
		page.Cursor = ""
	}
	return page, nil
}

// datasetEntry reads the file of an entry; ok is false if it is not to be shown.
func (e *Engine) datasetEntry(ctx context.Context, o convo.Object) (entry DatasetEntry, ok bool, err error) {
	entry.Entry, _ = o.Body.(convo.DatasetFile)
	switch entry.Entry.State {
	case convo.IndexLeaves:
		return entry, false, nil
	case convo.IndexWaits: // they are those of a making before it
		entry.Entry.Done, entry.Entry.Total = 0, 0
	}
	if entry.Entry.State == convo.IndexDone {
		entry.Entry.Error = e.embedTrouble(o.Tenant, o.Parent)
	}
	entry.File, err = e.store.Object(ctx, o.Tenant, convo.ObjectFile, entry.Entry.File)
	if convo.ErrorKind(err) == convo.NotFound {
		return entry, false, nil
	}
	return entry, err == nil, err
}
