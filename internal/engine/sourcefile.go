package engine

import (
	"cmp"
	"context"

	"github.com/parleyhq/parley/internal/convo"
)

// SourceFile finds a file of a tenant for who was shown a citation of it, or the speech
// of a message: nobody else is asked for. It is NotFound while the file has no content.
func (e *Engine) SourceFile(ctx context.Context, tenant, id string) (convo.File, error) {
	o, err := e.store.Object(ctx, tenant, convo.ObjectFile, id)
	if convo.ErrorKind(err) == convo.NotFound {
		if f, lost := e.store.File(ctx, id); lost == nil && f.Tenant == tenant && f.Message != "" {
			return f, nil
		}
	}
	if err != nil {
		return convo.File{}, err
	}
	s, _ := o.Body.(convo.Stored)
	if s.Upload == "" {
		return convo.File{}, missingObject(convo.ObjectFile, id)
	}
	return convo.File{
		Tenant: tenant, ID: o.ID, Name: cmp.Or(text(o.Name), s.Name), MediaType: s.MediaType,
		Size: s.Size, Upload: s.Upload, Created: o.Created, Stored: s.At,
	}, nil
}
