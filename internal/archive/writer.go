package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/parleyhq/parley/internal/convo"
)

var errNotUTF8 = errors.New("it holds text that is not UTF-8, which an archive cannot keep")

// Writer writes an archive. The first error of its output stays; nothing is
// written after it.
type Writer struct {
	out    *bufio.Writer
	line   bytes.Buffer
	enc    *json.Encoder
	id     string // of the conversation whose events come
	counts endLine
	begun  bool  // the header is written
	said   int   // the version that it says
	lock   *Lock // what it says of values; nil = there are none
	err    error
}

// NewWriter begins an archive. What it gathers is written by Close at the latest.
func NewWriter(w io.Writer) *Writer {
	a := &Writer{out: bufio.NewWriterSize(w, 256<<10), counts: endLine{Type: typeEnd}}
	a.enc = json.NewEncoder(&a.line)
	a.enc.SetEscapeHTML(false)
	return a
}

// begin writes the header, unless that is done.
func (a *Writer) begin(version int) {
	if !a.begun && a.err == nil {
		a.begun, a.said = true, version
		a.err = a.write(headerLine{typeHeader, format, version, a.lock})
	}
}

// Begin begins the next conversation.
func (a *Writer) Begin(id string) error {
	a.begin(version)
	a.id = id
	a.counts.Conversations++
	return a.write(conversationLine{typeConversation, id})
}

// Add writes the next event of the conversation.
func (a *Writer) Add(e convo.Event) error {
	a.counts.Events++
	kind, err := kindOf(e.Body)
	if err == nil {
		err = a.write(eventLine{
			Type: typeEvent, Seq: e.Seq, At: e.At.UnixMilli(), Turn: e.Turn, Origin: e.Origin,
			Kind: kind.name, Body: kind.encode(e.Body),
		})
	}
	if err == nil {
		err = a.faithful(e)
	}
	if err != nil {
		a.err = fmt.Errorf("event %d of conversation %q: %w", e.Seq, a.id, err)
	}
	return a.err
}

// Close writes the last line. The output itself is the caller's to close.
func (a *Writer) Close() error {
	a.begin(version)
	if err := a.write(a.counts); err != nil {
		return err
	}
	return a.out.Flush()
}

func (a *Writer) write(line any) error {
	if a.err != nil {
		return a.err
	}
	a.line.Reset()
	if a.err = a.enc.Encode(line); a.err != nil {
		return a.err
	}
	if a.line.Len() > MaxLine {
		a.err = fmt.Errorf("it takes %d bytes, and a line of an archive holds %d", a.line.Len(), MaxLine)
		return a.err
	}
	_, a.err = a.out.Write(a.line.Bytes())
	return a.err
}

// faithful makes sure that the line that was just written is read as the event
// that it was made from. JSON holds all that an event can, but for text that is
// not UTF-8: of that the encoder writes this escape, which good text has rarely.
func (a *Writer) faithful(e convo.Event) error {
	if !bytes.Contains(a.line.Bytes(), []byte(`\ufffd`)) {
		return nil
	}
	back, err := decodeEvent(a.line.Bytes())
	if err != nil {
		return err
	}
	if back.Turn != e.Turn || back.Origin != e.Origin || !reflect.DeepEqual(back.Body, e.Body) {
		return errNotUTF8
	}
	return nil
}
