package document

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// maxNesting bounds how deep the values of a JSON file may stand in each other.
const maxNesting = 1000

// maxPath bounds the names before a value: of a longer path, its end is told.
const maxPath = 256

// values reads a JSON file, or one of several values one after the other (JSONL).
// Every value becomes a line with its path (address.city: Bern). The elements of an
// array that stand in no other array are blocks of their own, as rows of a table
// are; so are the values of JSONL.
func values(text string) parse {
	return func(emit func(Block) bool) (string, error) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		f := flattener{decoder: d, emit: emit}
		for !f.stopped {
			err := f.next("", 0)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return "", damaged(text, d.InputOffset(), err)
			}
			f.flush()
		}
		return "", nil
	}
}

func damaged(text string, offset int64, err error) error {
	if convo.ErrorKind(err) != convo.Internal {
		return err
	}
	line := 1 + strings.Count(text[:min(int(offset), len(text))], "\n")
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return convo.WrapError(convo.Invalid, err, "the JSON file is not whole: it ends in the middle of a value, on line %d", line)
	}
	return convo.WrapError(convo.Invalid, err, "the file is not JSON: line %d cannot be read", line)
}

// flattener makes lines of values.
type flattener struct {
	decoder *json.Decoder
	emit    func(Block) bool
	stopped bool
	lines   strings.Builder
	under   []string // the names of the array whose rows are read
	inRow   bool
}

func (f *flattener) flush() {
	if f.lines.Len() > 0 && !f.stopped {
		f.stopped = !f.emit(Block{Kind: Row, Headings: f.under, Text: f.lines.String()})
	}
	f.lines.Reset()
}

// next reads one value. io.EOF = there is none, at the top only.
func (f *flattener) next(path string, depth int) error {
	t, err := f.decoder.Token()
	if depth > 0 {
		err = inside(err)
	}
	if err != nil {
		return err
	}
	return f.value(t, path, depth)
}

// inside is the error of reading on in the middle of a value, where a file must not end.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (f *flattener) value(t json.Token, path string, depth int) error {
	if depth > maxNesting {
		return convo.Errorf(convo.Invalid, "the JSON file nests deeper than %d values: flatten it", maxNesting)
	}
	switch t {
	case json.Delim('{'):
		return f.object(path, depth)
	case json.Delim('['):
		return f.array(path, depth)
	}
	f.line(path, t)
	return nil
}

// line writes a value behind its path. What is null says nothing.
func (f *flattener) line(path string, t json.Token) {
	var text string
	switch v := t.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	case bool:
		text = "false"
		if v {
			text = "true"
		}
	}
	if f.stopped || blank(text) {
		return
	}
	if f.lines.Len() > 0 {
		f.lines.WriteByte('\n')
	}
	if path != "" {
		f.lines.WriteString(path + ": ")
	}
	f.lines.WriteString(text)
	if !f.inRow && f.lines.Len() > maxProse {
		f.flush()
	}
}

func (f *flattener) object(path string, depth int) error {
	for f.decoder.More() {
		t, err := f.decoder.Token()
		if err != nil {
			return inside(err)
		}
		name, _ := t.(string)
		if err := f.next(join(path, name), depth+1); err != nil {
			return err
		}
	}
	return f.end()
}

// array reads the elements of an array: those that are objects and arrays
// themselves are rows, where no row is open.
func (f *flattener) array(path string, depth int) error {
	for f.decoder.More() {
		t, err := f.decoder.Token()
		if err != nil {
			return inside(err)
		}
		if _, nested := t.(json.Delim); !nested || f.inRow {
			if err := f.value(t, path, depth+1); err != nil {
				return err
			}
			continue
		}
		if err := f.row(t, path, depth); err != nil {
			return err
		}
	}
	return f.end()
}

func (f *flattener) row(t json.Token, path string, depth int) error {
	f.flush()
	f.inRow = true
	if path != "" {
		f.under = []string{short(path)}
	}
	err := f.value(t, "", depth+1)
	f.flush()
	f.inRow, f.under = false, nil
	return err
}

// end reads the end of an object or array.
func (f *flattener) end() error {
	_, err := f.decoder.Token()
	return inside(err)
}

func join(path, name string) string {
	if path != "" {
		name = path + "." + name
	}
	if len(name) > maxPath {
		name = "…" + strings.ToValidUTF8(name[len(name)-maxPath:], "")
	}
	return name
}
