package transfer

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/internal/archive"
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/store"
)

// incoming is a file whose content comes. The content becomes an upload of its own,
// or is held against the one that is there.
type incoming struct {
	object convo.Object
	body   convo.Stored
	there  *convo.File // what the store has under its id
	buffer []byte      // less than a piece
	pieces int64
	size   int64
	differ bool
}

// expect begins with a file, and says whether content belongs to it.
func (i *importer) expect(ctx context.Context, o convo.Object) (bool, error) {
	body, ok := o.Body.(convo.Stored)
	if !ok || body.Upload != archive.Content {
		return false, nil
	}
	in := &incoming{object: o, body: body}
	in.body.Upload = uuid.Must(uuid.NewV7()).String()
	there, err := i.store.Object(ctx, i.tenant, convo.ObjectFile, o.ID)
	if err == nil && there.ID == o.ID {
		stored, _ := there.Body.(convo.Stored)
		in.there = &convo.File{Tenant: i.tenant, ID: o.ID, Upload: stored.Upload, Size: stored.Size}
		in.body.Upload = stored.Upload
		in.differ = stored.Upload == "" || stored.Size != body.Size
	} else if err != nil && convo.ErrorKind(err) != convo.NotFound {
		return false, err
	}
	i.file = in
	if body.Size == 0 {
		return true, i.finish(ctx)
	}
	return true, nil
}

// piece takes in what comes of the content of a file.
func (i *importer) piece(ctx context.Context, data []byte) error {
	in := i.file
	in.size += int64(len(data))
	in.buffer = append(in.buffer, data...)
	for len(in.buffer) >= store.FilePiece {
		if err := i.keep(ctx, in.buffer[:store.FilePiece]); err != nil {
			return err
		}
		in.buffer = append(in.buffer[:0], in.buffer[store.FilePiece:]...)
	}
	if in.size < in.body.Size {
		return nil
	}
	return i.finish(ctx)
}

// keep stores a piece, or compares it with the one that is there.
func (i *importer) keep(ctx context.Context, piece []byte) error {
	in := i.file
	n := in.pieces
	in.pieces++
	if in.there != nil {
		if in.differ {
			return nil
		}
		have, err := i.store.Piece(ctx, *in.there, n)
		in.differ = convo.ErrorKind(err) == convo.NotFound || !bytes.Equal(have, piece)
		if convo.ErrorKind(err) == convo.NotFound {
			err = nil
		}
		return err
	}
	if i.dryRun {
		return nil
	}
	return i.store.PutPiece(ctx, in.body.Upload, n, time.Now(), piece)
}

// finish stores a file whose content is there.
func (i *importer) finish(ctx context.Context) error {
	in := i.file
	if len(in.buffer) > 0 {
		if err := i.keep(ctx, in.buffer); err != nil {
			return err
		}
	}
	i.file = nil
	if in.differ {
		in.body.Upload = archive.Content // is no other's
	}
	in.object.Body = in.body
	wrote, err := i.object(ctx, in.object, i.carrier, nil)
	if wrote || in.there != nil || i.dryRun {
		return err
	}
	// What fails here is left to PruneFiles.
	_ = i.store.DropUpload(context.WithoutCancel(ctx), in.body.Upload)
	return err
}

// The bounds of the records that are written at once.
const (
	recordsAtOnce     = 200
	recordBytesAtOnce = 1 << 20
)

// record takes in a record.
func (i *importer) record(ctx context.Context, r convo.Record) error {
	r.Tenant = i.tenant
	if err := checkRecord(r); err != nil {
		i.refuseRecord(r, err)
		return nil
	}
	i.records = append(i.records, r)
	i.recordBytes += len(r.Text) + len(r.Meta)
	if len(i.records) < recordsAtOnce && i.recordBytes < recordBytesAtOnce {
		return nil
	}
	return i.flush(ctx)
}

// flush writes the records that wait.
func (i *importer) flush(ctx context.Context) error {
	if len(i.records) == 0 {
		return nil
	}
	records := i.records
	i.records, i.recordBytes = nil, 0
	var wrote int
	refused := make(map[int]error)
	_, err := i.store.Update(ctx, i.tenant, "", store.Buffered, func(tx store.Tx) error {
		wrote = 0 // it may run again
		clear(refused)
		for n, r := range records {
			put, err := i.putRecord(tx, r)
			switch convo.ErrorKind(err) {
			case "":
			case convo.Invalid, convo.Conflict, convo.NotFound:
				refused[n] = err
			default:
				return err
			}
			if put {
				wrote++
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	for n, r := range records {
		if refused[n] != nil {
			i.refuseRecord(r, refused[n])
		}
	}
	i.note(func(r *Result) { r.Records += wrote })
	return nil
}

// putRecord writes a record that is not there, and says whether it did.
func (i *importer) putRecord(tx store.Tx, r convo.Record) (bool, error) {
	there, err := tx.Record(r.Dataset, r.ID)
	if err == nil {
		if there.Change = 0; !reflect.DeepEqual(there, r) {
			return false, convo.Errorf(convo.Conflict, "it is there already, with other content: delete it there if the archive's is the one to keep")
		}
		return false, nil
	}
	if convo.ErrorKind(err) != convo.NotFound || i.dryRun {
		return err != nil && i.dryRun, ifNot(err, convo.NotFound)
	}
	err = tx.PutRecord(r)
	return err == nil, err
}

// ifNot is an error, unless it is of that kind.
func ifNot(err error, kind convo.Kind) error {
	if convo.ErrorKind(err) == kind {
		return nil
	}
	return err
}

func (i *importer) refuseRecord(r convo.Record, err error) {
	i.note(func(result *Result) {
		result.Refused++
		if len(result.Problems) < maxProblems {
			result.Problems = append(result.Problems,
				Problem{Object: "record " + r.Dataset + "/" + r.ID, Text: convo.PublicError(err).Message})
		}
	})
}

// checkRecord refuses what no server could show or use.
func checkRecord(r convo.Record) error {
	for _, at := range []int{r.Created.Year(), r.Updated.Year()} {
		if at < 1 || at > 9999 {
			return convo.Errorf(convo.Invalid, "its time lies in the year %d", at)
		}
	}
	if !isObject(r.Meta) {
		return convo.Errorf(convo.Invalid, "its meta is no JSON object")
	}
	if r.Place < 0 || r.Page < 0 || r.Place > convo.MaxNumber || r.Page > convo.MaxNumber {
		return convo.Errorf(convo.Invalid, "its place or page is none")
	}
	return nil
}

// checkKnowledge refuses what no server could show or use of datasets, files and
// contacts.
func checkKnowledge(o convo.Object) error {
	switch b := o.Body.(type) {
	case convo.DatasetFile:
		states := []convo.IndexState{convo.IndexWaits, convo.IndexRuns, convo.IndexDone, convo.IndexFailed, convo.IndexLeaves}
		if o.ID != convo.DatasetFileID(o.Parent, b.File) || !slices.Contains(states, b.State) || b.Done < 0 || b.Total < 0 {
			return convo.Errorf(convo.Invalid, "its id, state or progress is none of a file of a dataset")
		}
	case convo.Dataset:
		if o.ID == convo.MemoryDataset {
			return convo.Errorf(convo.Invalid, "its id is reserved")
		}
	}
	return nil
}

// vault gives a conversation what stands behind its placeholders, where it has
// nothing of the kind.
func (i *importer) vault(ctx context.Context, c *archive.Conversation) error {
	if len(c.Vault) == 0 {
		return nil
	}
	if i.carrier == nil {
		i.note(func(r *Result) { r.Covered++ })
		return nil
	}
	at := store.SealedPlace{Kind: store.SealedVault, Tenant: i.tenant, ID: c.ID}
	var plain [][]byte
	for _, sealed := range c.Vault {
		one, err := i.carrier.archive.Open(sealed, archive.VaultContext(c.ID))
		if err != nil {
			return convo.Errorf(convo.Invalid, "what stands behind its placeholders is damaged, or belongs to another one")
		}
		plain = append(plain, one)
	}
	if i.dryRun {
		return nil
	}
	_, err := i.store.Update(ctx, i.tenant, c.ID, store.Buffered, func(tx store.Tx) error {
		there, err := tx.Vault()
		if err != nil || len(there) > 0 {
			return i.sameVault(at, there, plain, err)
		}
		for _, one := range plain {
			if err := tx.PutVault(engine.SealAt(i.carrier.store, at, one)); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// sameVault refuses a vault with other content than the archive's.
func (i *importer) sameVault(at store.SealedPlace, there, want [][]byte, err error) error {
	if err != nil {
		return err
	}
	same := slices.EqualFunc(there, want, func(sealed, plain []byte) bool {
		opened, err := engine.OpenAt(i.carrier.store, at, sealed)
		return err == nil && bytes.Equal(opened, plain)
	})
	if !same {
		return convo.Errorf(convo.Conflict,
			"something else stands behind its placeholders: delete it there if the archive's is the one to keep")
	}
	return nil
}
