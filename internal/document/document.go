// Package document reads the text of files and splits it into the records that a
// dataset is made of.
//
// It reads plain text, Markdown, HTML, CSV, JSON and JSONL, PDF and DOCX. What it
// promises:
//
//   - [Reader.Read] reads a file whole and refuses what cannot be read with a
//     *convo.Error that says what is wrong with it. Nothing after it can fail.
//   - Its memory is a small multiple of the size of the file's text, whatever the
//     file says of itself: blocks and chunks are made while they are asked for, and
//     what inflates, nests or repeats beyond its bounds is refused.
//   - The same file gives the same chunks, as long as [Version] is the same.
//   - No chunk is larger than was asked for, no rune is torn, and together the chunks
//     hold the whole text.
package document

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync/atomic"

	"github.com/parleyhq/parley/internal/convo"
)

// Version changes when the same file gives other chunks than before.
const Version = 1

// MaxSize is the size of the largest file that is read.
const MaxSize = 64 << 20

// maxText bounds the text that a file may have. It is more than MaxSize because a
// row of a CSV or JSON file repeats the names of its columns.
const maxText = 256 << 20

// File is a file to read.
type File struct {
	Name      string // says the format where the media type does not
	MediaType string // "" or application/octet-stream = not known; may name a charset
	Size      int64
	Content   io.ReaderAt
}

// Document is the text of a file.
type Document struct {
	Title  string // as the file itself says; "" = it does not
	blocks parse
	blank  bool // there are no blocks
}

// Block is a part of a document that has one place in its structure.
type Block struct {
	Kind     Kind
	Headings []string // under which it stands, the outermost first
	Page     int64    // from 1; 0 = the format knows none
	Text     string
	// Head and Tail stand around each piece when the block is split: the names of a
	// table's columns, the fences of code.
	Head, Tail string
}

// Kind says how a block may be split and joined.
type Kind int

// The kinds of blocks.
const (
	Prose Kind = iota // paragraphs and lists
	Code              // kept whole where it fits
	Table             // kept whole where it fits, else split between rows
	Row               // a row of a CSV or JSON file, kept whole where it fits
)

// parse gives the blocks of a file in their order to emit, until it returns false.
// It gives the same blocks each time. The title is known at its end.
type parse func(emit func(Block) bool) (title string, err error)

// Reader reads files. The zero value is ready for use.
type Reader struct {
	// Isolation reads what may inflate, PDF and DOCX files. nil = they are read in
	// this process: for those who trust their files.
	Isolation *Isolation
}

// Read reads a file. What it returns refers to the text of the file in memory, and
// no more to its content.
func (r Reader) Read(ctx context.Context, f File) (*Document, error) {
	if f.Size > MaxSize {
		return nil, convo.Errorf(convo.TooLarge, "the file is larger than %d MiB: split it into several files", MaxSize>>20)
	}
	format, err := formatOf(f)
	if err != nil {
		return nil, err
	}
	content := &witness{from: f.Content}
	f.Content = content
	blocks, err := r.open(ctx, f, format)
	if lost := content.lost.Load(); err != nil && lost != nil {
		return nil, unreadable(*lost)
	}
	if err != nil {
		return nil, err
	}
	doc, err := check(ctx, blocks)
	if err == nil && doc.blank {
		err = format.refuseBlank(f.Name)
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// witness remembers that a content could not be had, which those who read it take
// for damage of the file.
type witness struct {
	from io.ReaderAt
	lost atomic.Pointer[error]
}

func (w *witness) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.from.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		w.lost.Store(&err)
	}
	return n, err
}

// gather reads all blocks of a file, so that its content is not needed any more.
func gather(blocks parse) (parse, error) {
	var list []Block
	size := 0
	title, err := blocks(func(b Block) bool {
		list = append(list, b)
		size += len(b.Text) + len(b.Head)
		return size <= maxText
	})
	return given(title, list), err
}

func (r Reader) open(ctx context.Context, f File, format format) (parse, error) {
	if format == formatPDF || format == formatDOCX {
		if r.Isolation != nil {
			return r.Isolation.read(ctx, f, format)
		}
		blocks, err := inflate(ctx, f, format)
		if err != nil {
			return nil, err
		}
		return gather(blocks)
	}
	text, err := decode(f, format)
	if err != nil {
		return nil, err
	}
	switch format {
	case formatMarkdown:
		return markdown(text), nil
	case formatHTML:
		return hypertext(text), nil
	case formatCSV:
		return table(text), nil
	case formatJSON:
		return values(text), nil
	default:
		return plain(text), nil
	}
}

// check goes through a document once, so that what is wrong with it is found before
// any of it is used.
func check(ctx context.Context, blocks parse) (*Document, error) {
	var size, count int
	title, err := blocks(func(b Block) bool {
		size += len(b.Text) + len(b.Head) + len(b.Tail)
		count++
		return size <= maxText && (count%1024 != 0 || ctx.Err() == nil)
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case size > maxText:
		return nil, convo.Errorf(convo.TooLarge, "the file has more than %d MiB of text: split it into several files", maxText>>20)
	}
	return &Document{Title: short(title), blocks: blocks, blank: count == 0}, nil
}

// Blocks gives the document's blocks in their order.
func (d *Document) Blocks() iter.Seq[Block] {
	return func(yield func(Block) bool) {
		// Read has gone through all of it, and it is the same each time: no error.
		_, _ = d.blocks(yield)
	}
}

// Text is the document as one text, with its headings as those of Markdown, cut to
// a number of bytes. whole says that nothing had to be left out.
func (d *Document) Text(most int) (text string, whole bool) {
	var b strings.Builder
	var under []string
	for block := range d.Blocks() {
		writeHeadings(&b, under, block.Headings)
		under = block.Headings
		b.WriteString(block.Head + block.Text + block.Tail + "\n\n")
		if b.Len() > most+2 {
			break
		}
	}
	text = strings.TrimRight(b.String(), "\n")
	if len(text) <= most {
		return text, true
	}
	return strings.ToValidUTF8(text[:max(most, 0)], ""), false
}

// writeHeadings writes the headings that lead from one place to another.
func writeHeadings(b *strings.Builder, from, to []string) {
	same := 0
	for same < len(from) && same < len(to) && from[same] == to[same] {
		same++
	}
	for i := same; i < len(to); i++ {
		b.WriteString(strings.Repeat("#", i+1) + " " + to[i] + "\n\n")
	}
}
