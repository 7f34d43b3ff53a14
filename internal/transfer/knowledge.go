package transfer

import (
	"context"
	"fmt"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// hasKnowledge reports whether a tenant has what only the newest version of the
// format has a place for.
func hasKnowledge(ctx context.Context, r store.Reader, tenant string, vaults bool) (bool, error) {
	has, err := r.Totals(ctx, tenant)
	if err != nil || has.Datasets+has.Files+has.Contacts > 0 {
		return err == nil, err
	}
	memories, err := r.Collection(ctx, tenant, convo.MemoryDataset)
	if err != nil || memories.Records > 0 || !vaults {
		return err == nil && memories.Records > 0, err
	}
	for id, err := range conversations(ctx, r, tenant) {
		if err != nil {
			return false, err
		}
		vault, err := r.Vault(ctx, tenant, id)
		if err != nil || len(vault) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// exportContent writes the content of a file behind its object.
func exportContent(ctx context.Context, r store.Reader, o convo.Object, out *archive.Writer) error {
	stored, ok := o.Body.(convo.Stored)
	if !ok || stored.Upload == "" {
		return nil
	}
	f := convo.File{Tenant: o.Tenant, ID: o.ID, Upload: stored.Upload, Size: stored.Size}
	written := int64(0)
	for n := int64(0); written < stored.Size; n++ {
		piece, err := r.Piece(ctx, f, n)
		if err == nil && len(piece) == 0 || convo.ErrorKind(err) == convo.NotFound {
			return convo.Errorf(convo.Conflict,
				"the content of the file %q is not whole: give it a new one (file/upload), or delete it, to export the others", o.ID)
		}
		if err != nil {
			return err
		}
		if err := out.AddContent(piece); err != nil {
			return err
		}
		written += int64(len(piece))
	}
	return nil
}

// changesAtOnce is how many records are read at once.
const changesAtOnce = 1000

// exportRecords writes the records of a dataset in the order of their changes, which
// is that in which an import makes them.
func exportRecords(ctx context.Context, r store.Reader, tenant, dataset string, out *archive.Writer) error {
	for after := int64(0); ; {
		changes, err := r.RecordChanges(ctx, tenant, dataset, after, changesAtOnce)
		if err != nil || len(changes) == 0 {
			return err
		}
		for _, c := range changes {
			after = c.Change
			if c.Gone {
				continue
			}
			if err := out.AddRecord(c.Record); err != nil {
				return err
			}
		}
	}
}

// exportVault writes what stands behind the placeholders of a conversation.
func exportVault(ctx context.Context, r store.Reader, tenant, id string, c *carrier, out *archive.Writer) error {
	if c == nil {
		return nil
	}
	vault, err := r.Vault(ctx, tenant, id)
	if err != nil {
		return err
	}
	at := store.SealedPlace{Kind: store.SealedVault, Tenant: tenant, ID: id}
	for _, sealed := range vault {
		plain, err := engine.OpenAt(c.store, at, sealed)
		if err != nil {
			return fmt.Errorf("what stands behind the placeholders of conversation %q: %w; delete it, or export without secrets", id, err)
		}
		if err := out.AddVault(c.archive.Seal(plain, archive.VaultContext(id))); err != nil {
			return err
		}
	}
	return nil
}
