package document

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// The bounds of what a DOCX file may inflate to. Texts of Word inflate to ten or
// twenty times their size, tables of numbers to a hundred times.
const (
	maxPart      = 64 << 20 // bytes of one part
	maxRatio     = 200      // its size against its compressed size, beyond smallPart
	smallPart    = 4 << 20
	maxXMLDepth  = 512
	maxXMLTokens = 20 << 20 // elements and texts of a part: bounds the time
)

// isMain reports whether a relationship leads to the part with the text: it has one
// name in usual files and another one in those of Strict Open XML, whose elements are
// called the same.
func isMain(relationship string) bool {
	return relationship == "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" ||
		relationship == "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
}

// word reads a DOCX file: its paragraphs, headings by the outline levels of their
// styles, lists and tables, and its notes. Deleted text, fields' codes and what
// stands at the edges of pages are left out.
func word(ctx context.Context, f File) (parse, error) {
	archive, err := zip.NewReader(f.Content, f.Size)
	if err != nil {
		return nil, convo.WrapError(convo.Invalid, err, "the file %s is not a whole DOCX file: its archive is damaged or cut", quote(f.Name))
	}
	main, err := mainOf(archive)
	if err != nil {
		return nil, err
	}
	if main == nil {
		return nil, convo.Errorf(convo.Invalid, "the file %s is no DOCX file: its archive holds no Word document; %s", quote(f.Name), taken)
	}
	folder := path.Dir(main.Name)
	styles, err := stylesOf(find(archive, folder+"/styles.xml"))
	if err != nil {
		return nil, err
	}
	return func(emit func(Block) bool) (string, error) {
		w := writing{ctx: ctx, emit: emit, styles: styles}
		for _, part := range []*zip.File{main, find(archive, folder+"/footnotes.xml"), find(archive, folder+"/endnotes.xml")} {
			err := eachToken(part, w.token)
			if errors.Is(err, errStopped) {
				return "", nil
			}
			if err != nil {
				return "", err
			}
			w.flush()
		}
		if left, is := w.outline.leave(); is {
			w.put(left)
		}
		return titleOf(archive)
	}, nil
}

func find(archive *zip.Reader, name string) *zip.File {
	for _, part := range archive.File {
		if part.Name == name {
			return part
		}
	}
	return nil
}

// mainOf finds the part with the text, as the archive's own list names it.
func mainOf(archive *zip.Reader) (*zip.File, error) {
	var target string
	err := eachToken(find(archive, "_rels/.rels"), func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && isMain(attr(e, "Type")) {
			target = strings.TrimPrefix(attr(e, "Target"), "/")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(target, "word/") {
		return nil, nil
	}
	return find(archive, target), nil
}

func titleOf(archive *zip.Reader) (string, error) {
	var title string
	var in bool
	err := eachToken(find(archive, "docProps/core.xml"), func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			in = t.Name.Local == "title"
		case xml.EndElement:
			in = false
		case xml.CharData:
			if in && len(title) < 1<<10 {
				title += string(t)
			}
		}
		return nil
	})
	return title, err
}

// stylesOf gives the levels of the headings by the ids of their styles, which have
// other names in every language.
func stylesOf(part *zip.File) (map[string]int, error) {
	levels := make(map[string]int)
	var style string
	err := eachToken(part, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok {
			return nil
		}
		switch e.Name.Local {
		case "style":
			style = attr(e, "styleId")
		case "name":
			var level int
			if name := strings.ToLower(attr(e, "val")); name == "title" {
				levels[style] = 1
			} else if n, _ := fmt.Sscanf(name, "heading %d", &level); n == 1 && level >= 1 && level <= 9 {
				levels[style] = level
			}
		case "outlineLvl":
			if level, ok := outlineLevel(e); ok {
				levels[style] = level
			}
		}
		return nil
	})
	return levels, err
}

func outlineLevel(e xml.StartElement) (level int, ok bool) {
	value := attr(e, "val")
	if len(value) != 1 || value[0] < '0' || value[0] > '8' {
		return 0, false
	}
	return int(value[0]-'0') + 1, true
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// eachToken goes through a part of the archive within its bounds. A part that is
// not there has no tokens.
func eachToken(part *zip.File, each func(xml.Token) error) error {
	if part == nil {
		return nil
	}
	content, err := part.Open()
	if err != nil {
		return damagedPart(part, err)
	}
	defer content.Close()
	d := xml.NewDecoder(&inflating{from: content, part: part})
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the encoding %q", charset)
	}
	for depth, count := 0, 0; ; count++ {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damagedPart(part, err)
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxXMLDepth || count > maxXMLTokens {
			return convo.Errorf(convo.Invalid, "the DOCX file cannot be read: its part %s nests too deep or has too many elements", quote(part.Name))
		}
		if err := each(t); err != nil {
			return err
		}
	}
}

func damagedPart(part *zip.File, err error) error {
	if convo.ErrorKind(err) != convo.Internal {
		return err
	}
	return convo.WrapError(convo.Invalid, err, "the DOCX file is damaged: its part %s cannot be read", quote(part.Name))
}

// inflating reads a part and refuses one that inflates beyond its bounds, whatever
// the archive says of its size.
type inflating struct {
	from io.Reader
	part *zip.File
	size uint64
}

func (r *inflating) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.size += uint64(n)
	if r.size > maxPart || r.size > smallPart && r.size/maxRatio > r.part.CompressedSize64 {
		return 0, convo.Errorf(convo.Invalid, "the DOCX file cannot be read: its part %s inflates to more than %d MiB or %d times its size", quote(r.part.Name), maxPart>>20, maxRatio)
	}
	return n, err
}
