package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/store"
)

// DeclaredDataset is a dataset as the configuration declares it. What is nil is left
// as it is.
type DeclaredDataset struct {
	ID                string
	Name, Description *string
	Files             []DeclaredFile // nil = those that it has stay
	Where             string         // in the configuration, for errors
}

// DeclaredFile is a file of a declared dataset.
type DeclaredFile struct {
	Path string // with slashes; unique in the dataset, and the name that callers see
	Open func() (io.ReadCloser, error)
}

// declaredContent is the meta of a declared file, by which the next start knows what
// it has read. Records have it too, so that searches can be held to a path.
type declaredContent struct {
	Path   string `json:"path"`
	Sum    string `json:"sha256"`
	Upload string `json:"upload"` // that has this sum: what somebody else sends is another one
}

// DeclareDatasets makes a tenant's datasets what the configuration says of them, and
// has files indexed whose content is new. What is declared wins over what was changed
// since; a dataset that is declared no more works on, and is in no list. Files that
// came to a dataset in other ways stay; a declared one that is declared no more goes.
// One that cannot be read is told to the operator, and what was read of it before
// answers on.
func (e *Engine) DeclareDatasets(ctx context.Context, tenant string, datasets []DeclaredDataset) error {
	for _, d := range datasets {
		fields := convo.ObjectFields{Name: d.Name, Description: d.Description}
		if err := e.checkShape(Draft{ObjectFields: fields, Body: convo.Dataset{}}); err != nil {
			return declaredDatasetError(d, err)
		}
	}
	_, err := e.store.Update(ctx, tenant, "", store.Durable, func(tx store.Tx) error {
		for _, d := range datasets {
			if err := declareDataset(tx, tenant, d); err != nil {
				return declaredDatasetError(d, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	ids := make(map[string]bool, len(datasets))
	for _, d := range datasets {
		ids[d.ID] = true
		if err := e.declareFiles(ctx, tenant, d); err != nil {
			return declaredDatasetError(d, err)
		}
	}
	return e.retire(ctx, tenant, convo.ObjectDataset, ids)
}

func declaredDatasetError(d DeclaredDataset, err error) error {
	return fmt.Errorf("%s: dataset %q: %w", d.Where, d.ID, err)
}

// declareDataset writes one dataset, if it differs from what it is.
func declareDataset(tx store.Tx, tenant string, d DeclaredDataset) error {
	before, err := tx.Object(convo.ObjectDataset, d.ID)
	exists := err == nil && before.ID == d.ID // else the id is another one's alias
	switch {
	case err != nil && convo.ErrorKind(err) != convo.NotFound:
		return err
	case !exists:
		before = convo.Object{Tenant: tenant, ID: d.ID, Body: convo.Dataset{}, Created: now(), Updated: now()}
	}
	o := before
	body, _ := o.Body.(convo.Dataset)
	same := exists && body.Declared && !o.Unlisted
	if d.Name != nil {
		same = same && text(o.Name) == *d.Name
		o.Name = d.Name
	}
	if d.Description != nil {
		same = same && text(o.Description) == *d.Description
		o.Description = d.Description
	}
	if same {
		return nil
	}
	body.Declared = true
	o.Body, o.Unlisted, o.Updated = body, false, now()
	return tx.PutObject(o)
}

// declareFiles gives a dataset its declared files, and takes from it those that are
// declared no more.
func (e *Engine) declareFiles(ctx context.Context, tenant string, d DeclaredDataset) error {
	if d.Files == nil {
		return nil
	}
	kept := make(map[string]bool, len(d.Files))
	for _, f := range d.Files {
		id := declaredFileID(tenant, d.ID, f.Path)
		kept[id] = true
		err := e.declareFile(ctx, tenant, d.ID, id, f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			e.log.Warn("a file of a dataset of the configuration could not be read", "tenant", tenant, "dataset", d.ID, "file", f.Path, "error", err)
		}
	}
	gone, err := e.declaredBefore(ctx, tenant, d.ID, kept)
	if err != nil {
		return err
	}
	for _, id := range gone {
		if _, err := e.DeleteTenantFile(ctx, convo.Actor{Tenant: tenant}, id, nil); ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}

// declaredFileID is the id of a declared file. No other has one that begins so.
func declaredFileID(tenant, dataset, path string) string {
	sum := sha256.Sum256([]byte(path))
	return declaredPrefix(tenant, dataset) + hex.EncodeToString(sum[:12])
}

func declaredPrefix(tenant, dataset string) string {
	sum := sha256.Sum256([]byte(tenant + "\x00" + dataset))
	return "declared-" + hex.EncodeToString(sum[:8]) + "-"
}

// declareFile has a dataset have a file as it is now.
func (e *Engine) declareFile(ctx context.Context, tenant, dataset, id string, f DeclaredFile) error {
	sum, err := sumOf(f)
	if err != nil {
		return err
	}
	before, err := e.store.Object(ctx, tenant, convo.ObjectFile, id)
	if ignoreMissing(err) != nil {
		return err
	}
	if err != nil || !hasContent(before, sum) {
		if err := e.fillDeclared(ctx, tenant, id, f); err != nil {
			return err
		}
	}
	_, err = e.AttachFile(ctx, convo.Actor{Tenant: tenant}, dataset, id, nil)
	return err
}

func sumOf(f DeclaredFile) (string, error) {
	content, err := f.Open()
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hasContent reports whether a file has the content with a sum, and nobody has sent
// it other content since.
func hasContent(o convo.Object, sum string) bool {
	s, _ := o.Body.(convo.Stored)
	var read declaredContent
	return s.Upload != "" && json.Unmarshal(o.Meta, &read) == nil && read.Sum == sum && read.Upload == s.Upload
}

// fillDeclared stores a declared file, and has the datasets index it anew that have
// it.
func (e *Engine) fillDeclared(ctx context.Context, tenant, id string, f DeclaredFile) error {
	content, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	sum := sha256.New()
	stored, err := e.storeContent(ctx, Content{
		Reader: io.TeeReader(content, sum), Name: path.Base(f.Path), MediaType: document.MediaType(f.Path),
	})
	if err != nil {
		return err
	}
	meta, err := json.Marshal(declaredContent{Path: f.Path, Sum: hex.EncodeToString(sum.Sum(nil)), Upload: stored.Upload})
	if err != nil { // of texts there is always a form
		return err
	}
	var filled convo.Object
	_, err = e.store.Update(ctx, tenant, "", store.Durable, func(tx store.Tx) error {
		filled, err = tx.Object(convo.ObjectFile, id)
		if ignoreMissing(err) != nil {
			return err
		}
		if err != nil {
			filled = convo.Object{Tenant: tenant, ID: id, Created: stored.At}
		}
		before, _ := filled.Body.(convo.Stored)
		stored.Datasets = before.Datasets
		filled.Name, filled.Meta, filled.Body, filled.Updated = &f.Path, meta, stored, stored.At
		if err := restartAll(tx, filled); err != nil {
			return err
		}
		return tx.PutObject(filled)
	})
	e.noteRoom(err)
	if err != nil {
		return errOr(err, e.store.DropUpload(context.WithoutCancel(ctx), stored.Upload))
	}
	e.indexAll(filled)
	return nil
}

// declaredBefore gives the files that a dataset has from earlier declarations, but
// for those that it keeps.
func (e *Engine) declaredBefore(ctx context.Context, tenant, dataset string, kept map[string]bool) (gone []string, err error) {
	prefix := declaredPrefix(tenant, dataset)
	q := store.ObjectQuery{Kind: convo.ObjectDatasetFile, Parent: dataset, Limit: MaxTake}
	for more := true; more; {
		page, err := e.store.Objects(ctx, tenant, q)
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			q.After = store.Position{Created: o.Created, ID: o.ID}
			b, _ := o.Body.(convo.DatasetFile)
			if b.State != convo.IndexLeaves && strings.HasPrefix(b.File, prefix) && !kept[b.File] {
				gone = append(gone, b.File)
			}
		}
		more = len(page) == q.Limit
	}
	return gone, nil
}
