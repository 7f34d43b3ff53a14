package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

type format string

const (
	formatText     format = "text"
	formatMarkdown format = "Markdown"
	formatHTML     format = "HTML"
	formatCSV      format = "CSV"
	formatJSON     format = "JSON"
	formatPDF      format = "PDF"
	formatDOCX     format = "DOCX"
)

// taken is what errors say of the formats that can be read.
const taken = "text, Markdown, HTML, CSV, JSON, JSONL, PDF and DOCX are read"

// formatOf tells the format of a file: by what its first bytes cannot be mistaken
// for, then by its media type where that says more than "text", by the end of its
// name, and by how it begins.
func formatOf(f File) (format, error) {
	head := make([]byte, min(f.Size, 8<<10))
	if _, err := io.ReadFull(io.NewSectionReader(f.Content, 0, f.Size), head); err != nil {
		return "", unreadable(err)
	}
	media, _, _ := mime.ParseMediaType(f.MediaType)
	said := byMediaType(media)
	if said == "" {
		said = byName(f.Name)
	}
	switch {
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return formatPDF, nil
	case bytes.Contains(head[:min(len(head), 1<<10)], []byte("%PDF-")) && (said == formatPDF || said == "" && isBinary(head)):
		return formatPDF, nil // with something before it, and no text that speaks of PDFs
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return formatDOCX, nil
	case said == formatPDF || said == formatDOCX:
		if err := binary(f, head); err != nil && !isBinary(head) {
			return "", err
		}
		return "", convo.Errorf(convo.Invalid, "the file %s is no %s file, though it is said to be one", quote(f.Name), said)
	}
	if err := binary(f, head); err != nil {
		return "", err
	}
	if said == "" {
		said = byContent(head)
	}
	return said, nil
}

// refuseBlank says why a file is of no use in which no text was found. Of a text, a
// table or a list everybody sees that there is nothing in it, which is what its owner
// may want; of other formats they see pages that look full.
func (known format) refuseBlank(name string) error {
	switch known {
	case formatPDF:
		return convo.Errorf(convo.Invalid, "the PDF %s holds no text that can be read: if its pages are pictures, run a text recognition over it first", quote(name))
	case formatDOCX:
		return convo.Errorf(convo.Invalid, "the DOCX file %s holds no text: if its pages are pictures, run a text recognition over it first", quote(name))
	case formatHTML:
		return convo.Errorf(convo.Invalid, "the page %s holds no text: what scripts would write into it is not seen; save it from a browser as text or PDF", quote(name))
	}
	return nil
}

func byMediaType(media string) format {
	switch media {
	case "text/markdown", "text/x-markdown":
		return formatMarkdown
	case "text/html", "application/xhtml+xml":
		return formatHTML
	case "text/csv", "text/tab-separated-values", "application/csv":
		return formatCSV
	case "application/json", "text/json", "application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/ndjson":
		return formatJSON
	case "application/pdf":
		return formatPDF
	case wordType:
		return formatDOCX
	}
	if strings.HasSuffix(media, "+json") {
		return formatJSON
	}
	return "" // text/plain too: that is what many programs say of every text
}

func byName(name string) format {
	known, _ := known(name)
	return known
}

// MediaType is the media type of a file that can be read, by its name; "" = the name
// does not say what it is.
func MediaType(name string) string {
	_, mediaType := known(name)
	return mediaType
}

func known(name string) (known format, mediaType string) {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".mdx", ".mkd":
		return formatMarkdown, "text/markdown"
	case ".html", ".htm", ".xhtml":
		return formatHTML, "text/html"
	case ".csv":
		return formatCSV, "text/csv"
	case ".tsv", ".tab":
		return formatCSV, "text/tab-separated-values"
	case ".json", ".geojson":
		return formatJSON, "application/json"
	case ".jsonl", ".ndjson":
		return formatJSON, "application/jsonl"
	case ".pdf":
		return formatPDF, "application/pdf"
	case ".docx":
		return formatDOCX, wordType
	case ".txt", ".text", ".log", ".rst", ".adoc", ".org":
		return formatText, "text/plain"
	}
	return "", ""
}

// wordType is the media type of DOCX files.
const wordType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

func byContent(head []byte) format {
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if bytes.HasPrefix(start, []byte(tag)) {
			return formatHTML
		}
	}
	if bytes.HasPrefix(start, []byte(`{"`)) || bytes.HasPrefix(start, []byte(`[{`)) {
		return formatJSON
	}
	return formatText
}

// binary refuses what is no text, with the reason where its first bytes tell it.
func binary(f File, head []byte) error {
	for _, known := range []struct{ magic, what string }{
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is of an old Office format or has a password: save it as DOCX without one"},
		{"{\\rtf", "it is RTF: save it as DOCX"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return convo.Errorf(convo.Invalid, "the file %s cannot be read: %s; %s", quote(f.Name), known.what, taken)
		}
	}
	if isBinary(head) {
		return convo.Errorf(convo.Invalid, "the file %s cannot be read: it holds no text; %s", quote(f.Name), taken)
	}
	return nil
}

// isBinary tells what no text has: zero bytes, or many control characters. Text of
// UTF-16 has them, and is told by the mark at its beginning.
func isBinary(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return false
	}
	var controls int
	for _, c := range head {
		if c == 0 {
			return true
		}
		if c < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", rune(c)) {
			controls++
		}
	}
	return controls > len(head)/32
}

func quote(name string) string { return fmt.Sprintf("%q", short(path.Base(name))) }

// unreadable says that a file's bytes could not be had, which is nobody's fault but
// the server's, unless there are fewer than were announced.
func unreadable(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return convo.WrapError(convo.Invalid, err, "the file is shorter than its size says: upload it again")
	}
	return fmt.Errorf("read the file's content: %w", err)
}
