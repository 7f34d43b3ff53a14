package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/document"
)

// indexMarkdown is a row that compares what a Markdown file costs, from its bytes to
// records that are found, with the bare insert of the same texts into SQLite's FTS5.
type indexMarkdown struct{ size int }

func (m indexMarkdown) measure(ctx context.Context, b *bench, r *Result) error {
	p, err := b.start(ctx, "markdown", m.size, nil)
	if err != nil {
		return err
	}
	goals := []goal{
		{name: "read, split, stored and indexed", unit: "s", kind: Ratio, limit: 1.5},
		{name: "the same texts stored and indexed", unit: "s", kind: Ratio},
		{name: "CPU of the whole", unit: "s", kind: Ratio},
	}
	return b.rounds(ctx, r, true, goals, func(last bool) ([]pair, error) {
		table, tableCPU, err := m.run(b, p, "table")
		if err != nil {
			return nil, err
		}
		bare, _, err := m.run(b, p, "bare")
		if err != nil {
			return nil, err
		}
		var whole, wholeCPU float64
		err = b.profiled(last, p, func() (err error) {
			whole, wholeCPU, err = m.run(b, p, "whole")
			return err
		})
		return []pair{{whole, table}, {bare, table}, {wholeCPU, tableCPU}}, err
	})
}

// run gives the seconds that an operation took, and those of the processors.
func (indexMarkdown) run(b *bench, p *process, op string) (took, cpu float64, err error) {
	folder, err := b.newFolder()
	if err != nil {
		return 0, 0, err
	}
	var d time.Duration
	spent, err := p.during(func() error { return p.call(op, folder, &d) })
	return d.Seconds(), spent.Seconds(), err
}

// library is a Markdown file and the texts that it is split into.
type library struct {
	file  string
	texts []string
}

func indexFiles(ctx context.Context, in json.RawMessage) (any, map[string]operation, error) {
	var size int
	if err := json.Unmarshal(in, &size); err != nil {
		return nil, nil, err
	}
	l := &library{file: markdown(size)}
	for text, err := range l.split(ctx) {
		if err != nil {
			return nil, nil, err
		}
		l.texts = append(l.texts, text)
	}
	return nil, map[string]operation{"whole": decoded(l.whole), "bare": decoded(l.bare), "table": decoded(l.table)}, nil
}

// split reads the file.
func (l *library) split(ctx context.Context) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		var r document.Reader
		d, err := r.Read(ctx, document.File{Name: "book.md", Size: int64(len(l.file)), Content: strings.NewReader(l.file)})
		if err != nil {
			yield("", err)
			return
		}
		for chunk := range document.Split(d, document.Options{}) {
			if !yield(chunk.Text, nil) {
				return
			}
		}
	}
}

// whole has the file read, split, stored and indexed.
func (l *library) whole(ctx context.Context, folder string) (any, error) {
	return l.index(ctx, folder, l.split(ctx))
}

// bare has the texts stored and indexed.
func (l *library) bare(ctx context.Context, folder string) (any, error) {
	return l.index(ctx, folder, func(yield func(string, error) bool) {
		for _, text := range l.texts {
			if !yield(text, nil) {
				return
			}
		}
	})
}

func (l *library) index(ctx context.Context, folder string, texts func(func(string, error) bool)) (_ any, err error) {
	x, err := newIndexed(ctx, folder)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	n, err := x.fill(ctx, texts)
	if err == nil {
		err = x.index.Follow(ctx, measuredRecords)
	}
	took := time.Since(began)
	if err == nil && n != len(l.texts) {
		err = fmt.Errorf("%d of %d texts are stored", n, len(l.texts))
	}
	return took, errors.Join(err, x.close())
}

// table has the texts inserted into a table of FTS5, in one transaction.
func (l *library) table(ctx context.Context, folder string) (any, error) {
	t, err := newTable(folder)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := t.add(ctx, 0, l.texts); err != nil {
		return nil, err
	}
	return time.Since(began), t.close()
}

// markdown makes a file of that many bytes: chapters of sections with paragraphs,
// lists and some code.
func markdown(size int) string {
	words, rng := newProse(), rand.New(rand.NewPCG(19, 23))
	var b []byte
	say := func(before string, size int, behind string) {
		b = append(append(append(b, before...), words.say(nil, size, rng)...), behind...)
	}
	for section := 0; len(b) < size; section++ {
		level := "## "
		if section%8 == 0 {
			level = "# "
		}
		say(level, 30, "\n\n")
		for range 1 + rng.IntN(4) {
			say("", 300+rng.IntN(600), "\n\n")
		}
		for range rng.IntN(5) {
			say("- ", 60, "\n")
		}
		if rng.IntN(4) == 0 {
			say("\n```\n", 200, "\n```\n")
		}
		b = append(b, '\n')
	}
	return string(b)
}
