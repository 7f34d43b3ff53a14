package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ledongthuc/pdf"

	"github.com/parleyhq/parley/internal/convo"
)

// The bounds of a PDF's tree of pages, which may say of itself what it likes.
const (
	maxPages     = 20_000
	maxPageDepth = 64
)

// portable reads the text of a PDF, a block for each page. It must run where it
// cannot hurt: what reads PDFs was not made for hostile ones, which can make it
// loop, or take all the memory there is.
func portable(ctx context.Context, f File) (parse, error) {
	p, err := openPDF(f)
	if err != nil {
		return nil, err
	}
	blocks, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	return given(p.title, blocks), nil
}

// given is a document whose blocks are at hand.
func given(title string, blocks []Block) parse {
	return func(emit func(Block) bool) (string, error) {
		for _, b := range blocks {
			if !emit(b) {
				break
			}
		}
		return title, nil
	}
}

// portableFile is a PDF that is read.
type portableFile struct {
	name   string
	title  string
	root   pdf.Value
	fonts  map[string]*font // by their dictionaries, as text
	nodes  int              // of the tree of pages that were seen
	pages  int64
	size   int
	broken error // why a page could not be read, nil = all could
	blocks []Block
}

func openPDF(f File) (p *portableFile, err error) {
	defer recovered(&err, f.Name)
	content, size, err := trimPDF(f)
	if err != nil {
		return nil, err
	}
	r, err := pdf.NewReader(content, size)
	switch {
	case errors.Is(err, pdf.ErrInvalidPassword):
		return nil, convo.WrapError(convo.Invalid, err, "the PDF %s has a password: save it without one", quote(f.Name))
	case err != nil:
		return nil, damagedPDF(f.Name, err)
	}
	p = &portableFile{name: f.Name, fonts: map[string]*font{}, root: r.Trailer().Key("Root")}
	p.title = r.Trailer().Key("Info").Key("Title").Text()
	return p, nil
}

func damagedPDF(name string, err error) error {
	return convo.WrapError(convo.Invalid, err, "the PDF %s is damaged, cut or of a kind that cannot be read: try to print it into a new PDF", quote(name))
}

// recovered makes an error of what the library says by panicking.
func recovered(err *error, name string) {
	if cause := recover(); cause != nil {
		*err = damagedPDF(name, fmt.Errorf("%v", cause))
	}
}

// trimPDF gives what lies between the first mark of a PDF and the last, which
// readers allow something around, and names the version that the library knows:
// later ones differ in nothing that it reads.
func trimPDF(f File) (io.ReaderAt, int64, error) {
	const near = 4 << 10
	head, tail := make([]byte, min(f.Size, near)), make([]byte, min(f.Size, near))
	if _, err := io.ReadFull(io.NewSectionReader(f.Content, 0, f.Size), head); err != nil {
		return nil, 0, unreadable(err)
	}
	if _, err := io.ReadFull(io.NewSectionReader(f.Content, f.Size-int64(len(tail)), f.Size), tail); err != nil {
		return nil, 0, unreadable(err)
	}
	begin, end := bytes.Index(head, []byte("%PDF-")), bytes.LastIndex(tail, []byte("%%EOF"))
	if begin < 0 || end < 0 || f.Size < 100 {
		return nil, 0, damagedPDF(f.Name, errors.New("no mark at its beginning or end"))
	}
	size := f.Size - int64(begin) - int64(len(tail)-end) + int64(len("%%EOF"))
	return renamed{io.NewSectionReader(f.Content, int64(begin), size)}, size, nil
}

// renamed is a PDF that says it is of version 1.7.
type renamed struct{ io.ReaderAt }

func (r renamed) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	const mark = "%PDF-1.7\n"
	if off < int64(len(mark)) {
		copy(p[:n], mark[off:])
	}
	return n, err
}

func (p *portableFile) read(ctx context.Context) (blocks []Block, err error) {
	var pages pdf.Value
	p.try(func() { pages = p.root.Key("Pages") })
	if err := p.walk(ctx, pages, pdf.Value{}, 0); err != nil {
		return nil, err
	}
	if len(p.blocks) == 0 && p.broken != nil {
		return nil, p.broken
	}
	return p.blocks, nil
}

// walk reads a branch of the tree of pages. A branch that cannot be read leaves
// the others.
func (p *portableFile) walk(ctx context.Context, node, resources pdf.Value, depth int) (err error) {
	p.nodes++
	if p.nodes > maxPages || depth > maxPageDepth {
		return convo.Errorf(convo.Invalid, "the PDF %s has more than %d pages, or its tree of pages has no end", quote(p.name), maxPages)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var kids pdf.Value
	if broken := p.try(func() {
		if own := node.Key("Resources"); own.Kind() == pdf.Dict {
			resources = own
		}
		if kids = node.Key("Kids"); kids.Kind() != pdf.Array && node.Kind() == pdf.Dict {
			p.page(node, resources)
		}
	}); broken {
		return nil
	}
	for i := range kids.Len() {
		var kid pdf.Value
		if p.try(func() { kid = kids.Index(i) }) {
			continue
		}
		if err := p.walk(ctx, kid, resources, depth+1); err != nil {
			return err
		}
	}
	if p.size > maxExtracted {
		return convo.Errorf(convo.TooLarge, "the PDF %s has more than %d MiB of text: split it into several files", quote(p.name), maxExtracted>>20)
	}
	return nil
}

// try does what the library may panic in.
func (p *portableFile) try(do func()) (broken bool) {
	var err error
	func() {
		defer recovered(&err, p.name)
		do()
	}()
	if err != nil {
		p.broken = err
	}
	return err != nil
}

// page reads one page: as much of it as can be read.
func (p *portableFile) page(page, resources pdf.Value) {
	p.pages++
	c := canvas{file: p, state: graphics{ctm: identity, scale: 1}}
	p.try(func() { c.draw(page.Key("Contents"), resources) })
	if text := c.text.String(); !blank(text) {
		p.size += len(text)
		p.blocks = append(p.blocks, Block{Page: p.pages, Text: text})
	}
}
