package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"runtime/debug"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/document"
	"github.com/parleyhq/parley/internal/retrieve"
	"github.com/parleyhq/parley/internal/store"
)

// The bounds of what is written at once. Between two batches a drain ends the work,
// and it goes on there at the next start.
const (
	batchRecords = 200
	batchBytes   = 1 << 20
	maxPieces    = 200_000 // records of one file
)

// errOutdated ends the making of records that nobody wants any more: the file has new
// content, has been taken out, or is gone. Who did that has it looked at again.
var errOutdated = errors.New("the records are not wanted any more")

// startIndexing goes on with the files that the process before this one left.
func (e *Engine) startIndexing(ctx context.Context) error {
	open, err := e.store.OpenDatasetFiles(ctx)
	if err != nil {
		return err
	}
	e.indexing.want(indexJob{dataset: convo.MemoryDataset})
	for _, o := range open {
		if b, ok := o.Body.(convo.DatasetFile); ok {
			e.indexing.want(indexJob{o.Tenant, o.Parent, b.File})
		}
	}
	return nil
}

// mayWork counts something that is done in the background, unless the engine drains.
func (e *Engine) mayWork() bool { return e.enter(&e.active) == nil }

func (e *Engine) couldNotIndex(job indexJob, err error) {
	e.log.Error("a file could not be indexed, and is tried again", "tenant", job.tenant, "dataset", job.dataset, "file", job.file, "error", err)
}

func (e *Engine) couldNotEmbed(job indexJob, err error) {
	e.log.Warn("records could not be embedded: they are found by their words, and it is tried again",
		"tenant", job.tenant, "dataset", job.dataset, "error", err)
}

// indexAll has all datasets look at a file that have it.
func (e *Engine) indexAll(f convo.Object) {
	s, _ := f.Body.(convo.Stored)
	for _, dataset := range s.Datasets {
		e.indexing.want(indexJob{f.Tenant, dataset, f.ID})
	}
}

// lookAt does what the store says of a file: it makes its records, or removes them. An
// error is one of the server's; one of the file is written into its entry.
func (e *Engine) lookAt(job indexJob) (err error) {
	ctx := e.calm
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if errors.Is(err, errOutdated) || ctx.Err() != nil {
			err = nil
		}
	}()
	if job.dataset == convo.MemoryDataset {
		return e.forgetLater(ctx, job)
	}
	o, err := e.store.Object(ctx, job.tenant, convo.ObjectDatasetFile, convo.DatasetFileID(job.dataset, job.file))
	if err != nil {
		return ignoreMissing(err)
	}
	entry, _ := o.Body.(convo.DatasetFile)
	switch entry.State {
	case convo.IndexLeaves:
		return e.removeRecords(ctx, job)
	case convo.IndexDone, convo.IndexFailed:
		return nil
	}
	f, err := e.store.Object(ctx, job.tenant, convo.ObjectFile, job.file)
	if err != nil {
		return ignoreMissing(err)
	}
	d, err := e.store.Object(ctx, job.tenant, convo.ObjectDataset, job.dataset)
	if err != nil {
		return ignoreMissing(err)
	}
	if s, _ := f.Body.(convo.Stored); s.Upload == "" {
		return nil // it waits for its content
	}
	return e.makeRecords(ctx, &making{engine: e, job: job, dataset: d, file: f, entry: entry})
}

func ignoreMissing(err error) error {
	if convo.ErrorKind(err) == convo.NotFound {
		return nil
	}
	return err
}

// making is the work of turning the content of a file into records. The same content
// is split the same way each time, so that it goes on after as many pieces as there
// are records.
type making struct {
	engine  *Engine
	job     indexJob
	dataset convo.Object
	file    convo.Object
	entry   convo.DatasetFile
	name    string // of the making, once it has begun
}

func (e *Engine) makeRecords(ctx context.Context, m *making) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	doc, err := m.read(ctx)
	if err == nil {
		err = m.count(ctx, doc)
	}
	if refused := (*convo.Error)(nil); errors.As(err, &refused) && ctx.Err() == nil {
		switch refused.Kind {
		case convo.Invalid, convo.TooLarge:
			return m.change(func(b *convo.DatasetFile) { b.State, b.Error = convo.IndexFailed, refused.Message })
		}
	}
	if convo.ErrorKind(err) == convo.NotFound && !m.current(ctx) {
		return errOutdated // its content went while it was read
	}
	if err != nil {
		return err
	}
	if err := m.store(ctx, doc); err != nil {
		return err
	}
	return m.finish(ctx)
}

// current reports whether the file still has the content that is read.
func (m *making) current(ctx context.Context) bool {
	f, err := m.engine.store.Object(ctx, m.job.tenant, convo.ObjectFile, m.job.file)
	if err != nil {
		return convo.ErrorKind(err) != convo.NotFound
	}
	before, _ := m.file.Body.(convo.Stored)
	there, _ := f.Body.(convo.Stored)
	return there.Upload == before.Upload
}

// begin gives the making its name, unless it is one that was begun and can go on.
// Another one that was begun leaves nothing.
func (m *making) begin(ctx context.Context) error {
	s, _ := m.file.Body.(convo.Stored)
	content := fmt.Sprintf("%s.%d.%x.", s.Upload, document.Version, m.manner())
	m.name = m.entry.Upload
	if strings.HasPrefix(m.name, content) && m.entry.State == convo.IndexRuns {
		return nil
	}
	if halfMade(m.entry) {
		if err := m.drop(ctx, leftover(m.entry)); err != nil {
			return err
		}
	}
	m.name = content + newID()
	return m.change(func(b *convo.DatasetFile) {
		*b = convo.DatasetFile{File: b.File, Type: b.Type, Upload: m.name, State: convo.IndexRuns}
	})
}

// manner stands for what, beside the content, says how the file is read and split: a
// making that was begun in another one cannot go on.
func (m *making) manner() uint64 {
	d, _ := m.dataset.Body.(convo.Dataset)
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%d %q %q", number(d.RecordMaxTokens), text(d.Separators), text(m.file.Name))
	return hash.Sum64()
}

// change writes the entry, with what else belongs to it. It is errOutdated if the
// entry is not what it was.
func (m *making) change(change func(*convo.DatasetFile), more ...func(store.Tx) error) error {
	var changed convo.DatasetFile
	_, err := m.engine.store.Update(context.WithoutCancel(m.engine.calm), m.job.tenant, "", store.Buffered, func(tx store.Tx) error {
		o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(m.job.dataset, m.job.file))
		if convo.ErrorKind(err) == convo.NotFound {
			return errOutdated
		}
		if err != nil {
			return err
		}
		changed, _ = o.Body.(convo.DatasetFile)
		if changed.Upload != m.entry.Upload || changed.State != m.entry.State {
			return errOutdated
		}
		change(&changed)
		o.Body, o.Updated = changed, now()
		for _, fn := range more {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return tx.PutObject(o)
	})
	m.engine.noteRoom(err)
	if err == nil {
		m.entry = changed
	}
	return err
}

// read makes a document of the file's content.
func (m *making) read(ctx context.Context) (doc *document.Document, err error) {
	f := ContentOf(m.file)
	name := f.Name
	if name == "" {
		name = text(m.file.Name)
	}
	return m.engine.documents.Read(ctx, document.File{
		Name: name, MediaType: f.MediaType, Size: f.Size, Content: contentAt{ctx, m.engine, f},
	})
}

// contentAt reads a file for those who know no context.
type contentAt struct {
	ctx    context.Context // of the work that reads
	engine *Engine
	file   convo.File
}

// ReadAt implements io.ReaderAt.
func (c contentAt) ReadAt(p []byte, offset int64) (int, error) {
	return c.engine.ReadFile(c.ctx, c.file, p, offset)
}

var _ io.ReaderAt = contentAt{}

// split gives the pieces of a document by the settings of its dataset.
func (m *making) split(doc *document.Document) func(func(document.Chunk) bool) {
	d, _ := m.dataset.Body.(convo.Dataset)
	o := document.Options{MaxTokens: recordTokens, Separators: text(d.Separators)}
	if d.RecordMaxTokens != nil {
		o.MaxTokens = *d.RecordMaxTokens
	}
	return document.Split(doc, o)
}

// count notes how many records there will be.
func (m *making) count(ctx context.Context, doc *document.Document) error {
	total := int64(0)
	for range m.split(doc) {
		if total++; total > maxPieces {
			return convo.Errorf(convo.TooLarge, "the file makes more than %d records; split it, or set recordMaxTokens higher", maxPieces)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if m.entry.Total == total {
		return nil
	}
	return m.change(func(b *convo.DatasetFile) { b.Total = total })
}

// store makes the records that are not there yet: one batch while the one before is
// written, and the indexes read those that are.
func (m *making) store(ctx context.Context, doc *document.Document) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches, written := make(chan []convo.Record), make(chan error, 1)
	skip := m.entry.Done
	go func() {
		defer cancel()
		written <- m.write(ctx, batches)
	}()
	func() {
		defer close(batches) // also when the splitter panics
		m.batches(ctx, doc, skip, batches)
	}()
	return <-written
}

// batches makes the records behind the first ones, and hands them over until ctx ends.
func (m *making) batches(ctx context.Context, doc *document.Document, skip int64, batches chan<- []convo.Record) {
	var batch []convo.Record
	hand := func() bool {
		select {
		case batches <- batch:
			batch = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	size, place := 0, int64(0)
	for piece := range m.split(doc) {
		if place++; place <= skip {
			continue
		}
		batch, size = append(batch, m.record(doc, piece, place)), size+len(piece.Text)
		if len(batch) < batchRecords && size < batchBytes {
			continue
		}
		if size = 0; !hand() {
			return
		}
	}
	if len(batch) > 0 {
		hand()
	}
}

// write stores batches, each with how many records there are then. It is the only one
// that changes the entry meanwhile.
func (m *making) write(ctx context.Context, batches <-chan []convo.Record) error {
	written, read := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(read)
		for range written {
			m.engine.catchUp(ctx, m.job.tenant, m.job.dataset)
		}
	}()
	defer func() {
		close(written)
		<-read
	}()
	for batch := range batches {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := m.change(func(b *convo.DatasetFile) { b.Done += int64(len(batch)) }, func(tx store.Tx) error {
			for _, r := range batch {
				if err := tx.PutRecord(r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		select {
		case written <- struct{}{}:
		default: // it is about to read this batch, too
		}
	}
	return context.Cause(ctx)
}

// record makes a record of a piece. It has the meta of its file, so that searches can
// be held to some files by what they are.
func (m *making) record(doc *document.Document, piece document.Chunk, place int64) convo.Record {
	s, _ := m.file.Body.(convo.Stored)
	source := orElse(s.Address, orElse(s.Name, text(m.file.Name)))
	at := now()
	r := convo.Record{
		Tenant: m.job.tenant, Dataset: m.job.dataset, ID: newID(), File: m.job.file, Upload: m.name,
		Place: place, Title: orElse(piece.Title, doc.Title), Page: piece.Page, Created: at, Updated: at,
		RecordFields: convo.RecordFields{Text: piece.Text, Meta: m.file.Meta},
	}
	if source != "" {
		r.Source = &source
	}
	return r
}

// finish removes the records that were there before.
func (m *making) finish(ctx context.Context) error {
	if err := m.drop(ctx, store.Makings{But: m.name}); err != nil {
		return err
	}
	err := m.change(func(b *convo.DatasetFile) { b.State = convo.IndexDone })
	m.engine.catchUp(ctx, m.job.tenant, m.job.dataset)
	return err
}

// drop removes records of the file, those of some makings.
func (m *making) drop(ctx context.Context, of store.Makings) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := m.change(func(*convo.DatasetFile) {}, func(tx store.Tx) error {
			n, err := tx.DeleteRecordsOf(m.job.dataset, m.job.file, of, batchRecords)
			more = n == batchRecords
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeRecords takes a file that leaves out of its dataset.
func (e *Engine) removeRecords(ctx context.Context, job indexJob) error {
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, err := e.store.Update(context.WithoutCancel(ctx), job.tenant, "", store.Buffered, func(tx store.Tx) error {
			o, err := tx.Object(convo.ObjectDatasetFile, convo.DatasetFileID(job.dataset, job.file))
			if convo.ErrorKind(err) == convo.NotFound {
				return errOutdated
			}
			if err != nil {
				return err
			}
			b, _ := o.Body.(convo.DatasetFile)
			if b.State != convo.IndexLeaves {
				return errOutdated
			}
			var goes store.Makings // all
			if b.Upload != "" {
				goes = leftover(b)
			}
			n, err := tx.DeleteRecordsOf(job.dataset, job.file, goes, batchRecords)
			if more = n == batchRecords; err != nil || more {
				return err
			}
			return tx.DeleteObject(convo.ObjectDatasetFile, o.ID)
		})
		e.noteRoom(err)
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveNow is removeRecords for a caller who waits for it. What fails is done in the
// background.
func (e *Engine) leaveNow(ctx context.Context, job indexJob) {
	if err := e.removeRecords(context.WithoutCancel(ctx), job); err != nil && !errors.Is(err, errOutdated) {
		e.indexing.want(job)
	}
}

// leaveAll is leaveNow for all datasets that had a file.
func (e *Engine) leaveAll(ctx context.Context, f convo.Object) {
	s, _ := f.Body.(convo.Stored)
	for _, dataset := range s.Datasets {
		e.leaveNow(ctx, indexJob{f.Tenant, dataset, f.ID})
	}
}

// catchUp lets the indexes read what was written, so that the next search need not.
func (e *Engine) catchUp(ctx context.Context, tenant, dataset string) {
	if e.texts != nil {
		// An index that cannot follow now does so when it is asked.
		_ = e.texts.Follow(ctx, retrieve.Collection{Tenant: tenant, Dataset: dataset})
	}
	e.embedLater(tenant, dataset)
}
