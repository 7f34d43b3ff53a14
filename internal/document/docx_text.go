package document

import (
	"context"
	"encoding/xml"
	"errors"
	"strings"
)

// errStopped ends the reading of a part when nobody asks for more.
var errStopped = errors.New("stopped")

// writing is what is known while the text of a DOCX file is read.
type writing struct {
	ctx     context.Context
	emit    func(Block) bool
	stopped bool
	styles  map[string]int
	outline outline

	prose  strings.Builder // paragraphs that were not given yet
	line   strings.Builder // the paragraph that is open
	level  int             // of the heading that it is, 0 = none
	item   bool            // it is an item of a list
	text   bool            // what comes is text
	hidden string          // the element whose content is not read, "" = none
	depth  int             // how many of its name are open

	tables int // how many are open, in each other
	cells  int // of the row that is open
	rows   int // of the outermost table that is open
	head   string
	inHead bool // the row that is open is the head
}

func (w *writing) put(b Block) {
	if !w.stopped {
		w.stopped = !w.emit(b)
	}
}

func (w *writing) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		w.start(t)
	case xml.EndElement:
		w.end(t.Name.Local)
	case xml.CharData:
		if w.text && w.hidden == "" {
			w.line.Write(t)
		}
	}
	if w.stopped {
		return errStopped
	}
	return w.ctx.Err()
}

func (w *writing) start(e xml.StartElement) {
	name := e.Name.Local
	if w.hidden != "" {
		if name == w.hidden {
			w.depth++
		}
		return
	}
	switch name {
	case "Fallback", "del", "moveFrom": // the same again for old programs; what was deleted
		w.hidden, w.depth = name, 1
	case "p":
		w.level, w.item = 0, false
	case "pStyle":
		w.level = w.styles[attr(e, "val")]
	case "outlineLvl":
		if level, ok := outlineLevel(e); ok {
			w.level = level
		}
	case "numPr":
		w.item = true
	case "t":
		w.text = true
	case "tab":
		w.line.WriteByte('\t')
	case "br", "cr":
		w.line.WriteByte('\n')
	case "noBreakHyphen":
		w.line.WriteByte('-')
	case "tbl":
		w.tables++
		if w.tables == 1 {
			w.flush()
			w.rows, w.cells, w.head = 0, 0, ""
		}
	case "tc":
		if w.tables == 1 {
			if w.cells > 0 {
				w.prose.WriteString(" | ")
			}
			w.cells++
		}
	case "tblHeader":
		w.inHead = w.tables == 1 && w.rows == 0
	}
}

func (w *writing) end(name string) {
	if w.hidden != "" {
		if name == w.hidden {
			if w.depth--; w.depth == 0 {
				w.hidden = ""
			}
		}
		return
	}
	switch name {
	case "t":
		w.text = false
	case "p":
		w.paragraph()
	case "tr":
		w.row()
	case "tbl":
		w.tables--
		if w.tables == 0 {
			w.flushTable()
		}
	}
}

// paragraph ends the paragraph that is open.
func (w *writing) paragraph() {
	text := strings.ReplaceAll(strings.ToValidUTF8(w.line.String(), "\ufffd"), "\x00", "")
	w.line.Reset()
	switch {
	case blank(text):
	case w.tables > 0:
		w.prose.WriteString(strings.Join(strings.Fields(text), " ") + " ")
	case w.level > 0:
		w.flush()
		if left, is := w.outline.enter(w.level, text); is {
			w.put(left)
		}
	default:
		if w.item {
			text = "- " + text
		}
		w.prose.WriteString(text + "\n\n")
		if w.prose.Len() > maxProse {
			w.flush()
		}
	}
}

// row ends a row of the outermost table: a line, its cells between bars.
func (w *writing) row() {
	if w.tables != 1 {
		return
	}
	w.cells = 0
	w.rows++
	w.prose.WriteByte('\n')
	if w.inHead {
		w.head, w.inHead = w.prose.String(), false
		w.prose.Reset()
	}
	if w.prose.Len() > maxProse {
		w.flushTable()
	}
}

func (w *writing) flushTable() {
	text := strings.Trim(w.prose.String(), "\n")
	w.prose.Reset()
	switch {
	case !blank(text):
		w.put(w.outline.place(Block{Kind: Table, Head: w.head, Text: text}))
	case !blank(w.head):
		w.put(w.outline.place(Block{Text: w.head}))
	}
}

// flush gives the paragraphs that were gathered.
func (w *writing) flush() {
	text := strings.TrimRight(w.prose.String(), "\n")
	w.prose.Reset()
	if !blank(text) {
		w.put(w.outline.place(Block{Text: text}))
	}
}
