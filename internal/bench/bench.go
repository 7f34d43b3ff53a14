package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what is measured, and how.
type Options struct {
	Program string        // the binary with the commands "bench worker" and "serve"
	Only    []string      // names of rows; none = all
	Rounds  int           // that count, of each measurement; at least 1
	Scale   float64       // of the rows pages and folder; 1 = their whole size
	Dir     string        // for data, which is removed; "" = the system's temporary folder
	Keep    string        // a folder in which filled stores stay, for the next run to use; "" = they are removed
	Profile string        // a folder for profiles of the process under test; "" = none are made
	Stall   time.Duration // of the client that stops reading
	Log     io.Writer     // what happens, line by line
}

// Run measures rows one after the other and gives each result to show. An
// error ends it early; a row that failed or missed its goal is no error.
func Run(ctx context.Context, o Options, show func(Result)) error {
	selected, err := choose(o.Only)
	if err != nil {
		return err
	}
	if o.Profile != "" {
		if err := os.MkdirAll(o.Profile, 0o777); err != nil {
			return fmt.Errorf("the folder for profiles cannot be made: %w", err)
		}
	}
	folder, err := os.MkdirTemp(o.Dir, "parley-bench-")
	if err != nil {
		return fmt.Errorf("no folder for the data: %w; name one with --dir", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	b := &bench{Options: o, folder: folder, stores: map[fillSpec]*filledStore{}}
	for _, r := range selected {
		b.logf("%s: %s", r.Name, r.What)
		result := b.row(ctx, r)
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), b.clean())
		}
		show(result)
		if err := b.clean(); err != nil {
			return err
		}
	}
	return nil
}

// bench is one run.
type bench struct {
	Options
	folder string
	made   int // folders
	name   string
	open   []func() // what the row that runs has to let go
	stores map[fillSpec]*filledStore

	reference string // the folder of Node's server, "" = it was not needed yet
}

func (b *bench) logf(format string, args ...any) {
	fmt.Fprintf(b.Log, format+"\n", args...)
}

// row measures one row.
func (b *bench) row(ctx context.Context, r Row) (result Result) {
	b.name = r.Name
	result = Result{Row: r.Name, What: r.What, Goal: r.Goal}
	began := time.Now()
	err := r.measure(ctx, b, &result)
	b.release(0)
	result.Took = time.Since(began).Round(time.Millisecond)
	if err != nil {
		result.Error = err.Error()
	}
	result.Met = err == nil && result.met()
	return result
}

// release lets go what was opened since there were n things open, the last
// first.
func (b *bench) release(n int) {
	for _, release := range slices.Backward(b.open[n:]) {
		release()
	}
	b.open = b.open[:n]
}

func (b *bench) onEnd(release func()) { b.open = append(b.open, release) }

// newFolder gives an empty folder that lasts as long as the row.
func (b *bench) newFolder() (string, error) {
	b.made++
	path := filepath.Join(b.folder, fmt.Sprintf("%s-%d", b.name, b.made))
	return path, os.Mkdir(path, 0o700)
}

// kept is the folder of what more than one row uses.
const kept = "kept"

// clean removes what a row has written.
func (b *bench) clean() error {
	entries, err := os.ReadDir(b.folder)
	for _, e := range entries {
		if e.Name() == kept {
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(b.folder, e.Name())))
	}
	return err
}

func choose(only []string) ([]Row, error) {
	all := Rows()
	if len(only) == 0 {
		return all, nil
	}
	var chosen []Row
	for _, name := range only {
		i := slices.IndexFunc(all, func(r Row) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q; the rows are %s", name, strings.Join(names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func names(rows []Row) []string {
	all := make([]string, len(rows))
	for i, r := range rows {
		all[i] = r.Name
	}
	return all
}
