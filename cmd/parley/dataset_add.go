package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/app"
)

const (
	uploads   = 4                      // at once
	pollEvery = 200 * time.Millisecond // how often it is asked how far files are
)

func (p *program) datasetAdd(o *chatOptions) *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "add DATASET DIR|FILE…",
		Short: "Add files to a dataset, or those that changed",
		Long: `Uploads files, and those in folders and below them, into a dataset, and waits until
they can be found. A dataset that is not there is made. Text, Markdown, HTML, CSV,
JSON, PDF and DOCX are read; of a folder, files of other kinds and those that begin
with a dot are left out.

A file is known by its path below the folder. Called again, the command uploads only
what changed since; what was indexed before is found until what is new can be. Files
that are gone from the folder stay in the dataset.`,
		Example: `  parley dataset add handbook docs/
  parley dataset add handbook price-list.csv terms.pdf
  PARLEY_SECRET=pk_… parley dataset add handbook docs/ --url https://parley.example.com`,
		Args: cobra.MinimumNArgs(2),
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "leave as soon as everything is uploaded")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, others, err := collectFiles(args[1:])
		if err != nil {
			return err
		}
		return p.withLibrary(cmd, *o, func(ctx context.Context, l *library) error {
			a := adding{program: p, library: l, dataset: args[0], bar: p.newBar()}
			defer a.bar.clear()
			return a.run(ctx, found, others, !noWait)
		})
	}
	return cmd
}

// localFile is a file to add: its path here, and its name in the dataset.
type localFile struct{ path, name string }

// collectFiles finds the files that arguments name. others are those in folders that
// are of no kind that can be read.
func collectFiles(args []string) (found []localFile, others int, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, 0, err
		}
		if !info.IsDir() {
			found = append(found, localFile{arg, filepath.Base(arg)})
			continue
		}
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case path != arg && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return fs.SkipDir
				}
			case !d.Type().IsRegular():
			case app.MediaType(d.Name()) == "":
				others++
			default:
				name, err := filepath.Rel(arg, path)
				if err != nil {
					return err
				}
				found = append(found, localFile{path, filepath.ToSlash(name)})
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	if len(found) == 0 {
		return nil, 0, errors.New("there are no files that can be read: text, Markdown, HTML, CSV, JSON, PDF and DOCX can")
	}
	names := map[string]string{}
	for _, f := range found {
		if other, twice := names[f.name]; twice {
			return nil, 0, fmt.Errorf("%s and %s would both be %s in the dataset: name the folder above them", other, f.path, f.name)
		}
		names[f.name] = f.path
	}
	return found, others, nil
}

// adding is one run of the command.
type adding struct {
	*program
	library *library
	dataset string // as it was named, then its id
	bar     *bar

	sending sync.Mutex      // guards what follows, and the output
	files   map[string]bool // by their ids; true = uploaded by this run
	failed  int
}

func (a *adding) run(ctx context.Context, found []localFile, others int, wait bool) error {
	name := a.dataset
	known, err := a.open(ctx)
	if err != nil {
		return err
	}
	a.files = map[string]bool{}
	if err := a.upload(ctx, found, known); err != nil {
		return err
	}
	records, err := a.await(ctx, wait)
	a.bar.clear()
	if err != nil {
		return err
	}
	uploaded := 0
	for _, now := range a.files {
		if now {
			uploaded++
		}
	}
	fmt.Fprintf(a.out, "Dataset %s: %s uploaded, %d unchanged", name, counted(uploaded, "file"), len(a.files)-uploaded)
	if wait {
		fmt.Fprintf(a.out, "; %s", counted(int(records), "record"))
	}
	fmt.Fprintln(a.out, ".")
	if others > 0 {
		fmt.Fprintf(a.err, "%s of other kinds left out.\n", counted(others, "file"))
	}
	if a.failed > 0 {
		return errQuiet
	}
	return nil
}

// open finds the dataset, or makes it, and gives the files that were added to it
// before, by their names.
func (a *adding) open(ctx context.Context) (map[string]fileItem, error) {
	found, err := ask[datasetItem](ctx, a.library, client.FetchOptions{}, "dataset", a.dataset, "fetch")
	if refused, ok := errors.AsType[*client.Error](err); ok && refused.Status == 404 {
		found.ID, err = a.library.create(ctx, a.dataset, "")
	}
	if err != nil {
		return nil, err
	}
	a.dataset = found.ID
	list, err := a.library.files(ctx, a.dataset)
	known := make(map[string]fileItem, len(list))
	for _, f := range list {
		if f.meta(metaDataset) == a.dataset {
			known[f.meta(metaPath)] = f
		}
	}
	return known, err
}

// upload brings what is new or changed, some files at once. A file that is refused
// leaves the others.
func (a *adding) upload(ctx context.Context, found []localFile, known map[string]fileItem) error {
	var next, done atomic.Int64
	var workers sync.WaitGroup
	for range min(uploads, len(found)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(found)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				f := found[i]
				before, is := known[f.name]
				id, now, err := a.send(ctx, f, before, is)
				a.sending.Lock()
				if err == nil {
					a.files[id] = now
				} else if ctx.Err() == nil {
					a.complain(f.name, spoken(err).Error())
				}
				a.bar.show(int(done.Add(1)), len(found), "uploading "+plain(f.name))
				a.sending.Unlock()
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// complain says what is wrong with a file.
func (a *adding) complain(name, why string) {
	a.bar.clear()
	a.failed++
	fmt.Fprintf(a.err, "parley: %s: %s\n", plain(name), plain(why))
}

// send brings one file, unless it is there as it is.
func (a *adding) send(ctx context.Context, f localFile, before fileItem, is bool) (id string, now bool, err error) {
	content, err := os.ReadFile(f.path)
	if err != nil {
		return "", false, err
	}
	sum := sha256.Sum256(content)
	meta := client.Meta{metaPath: f.name, metaSum: hex.EncodeToString(sum[:]), metaDataset: a.dataset}
	if is && before.meta(metaSum) == meta[metaSum] && before.Status != statusFailed {
		return before.ID, false, nil
	}
	if id = before.ID; !is {
		if id, err = a.library.change(ctx, map[string]any{"name": f.name, "meta": meta}, "file", "create"); err != nil {
			return "", false, err
		}
		made := id
		defer func() {
			if err != nil { // nobody would ever know of it
				_, _ = a.library.change(context.WithoutCancel(ctx), struct{}{}, "file", made, "delete")
			}
		}()
	}
	file := &client.File{Name: plain(filepath.Base(f.path)), Type: app.MediaType(f.path), Data: content}
	if _, err := ask[client.Reference](ctx, a.library, client.FetchOptions{File: file}, "file", id, "upload"); err != nil {
		return "", false, err
	}
	if is { // only now: a file whose upload failed is uploaded again the next time
		_, err = a.library.change(ctx, map[string]any{"meta": meta}, "file", id, "update")
	} else {
		_, err = a.library.change(ctx, map[string]any{"type": "source"}, "dataset", a.dataset, "file", id, "attach")
	}
	return id, true, err
}

// await waits until all files of this run are read, and gives the number of records that
// the dataset's files have.
func (a *adding) await(ctx context.Context, wait bool) (records int64, err error) {
	if !wait {
		return 0, nil
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		list, err := a.library.files(ctx, a.dataset)
		if err != nil {
			return 0, err
		}
		records = 0
		waiting, last := 0, ""
		for _, f := range list {
			records += f.Progress.Done
			if _, is := a.files[f.ID]; is && f.Status != statusIndexed && f.Status != statusFailed {
				waiting++
				last = f.Name
			}
		}
		if waiting == 0 {
			a.complainOf(list)
			return records, nil
		}
		a.bar.show(len(a.files)-waiting, len(a.files), "reading "+plain(last))
		select {
		case <-tick.C:
		case <-ctx.Done():
			a.bar.clear()
			fmt.Fprintln(a.err, "The server goes on reading the files.")
			return 0, context.Cause(ctx)
		}
	}
}

// complainOf says which files could not be read.
func (a *adding) complainOf(list []fileItem) {
	for _, f := range list {
		if a.files[f.ID] && f.Status == statusFailed {
			a.complain(f.Name, f.Error)
		}
	}
}
