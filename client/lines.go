package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line of a stream: an answer of 4 MiB, each byte escaped.
const maxLine = 32 << 20

// line is a line of a stream. Only the lines of Parley have the last three.
type line struct {
	Type EventKind       `json:"type"`
	Data json.RawMessage `json:"data"`
	Seq  int64           `json:"seq"`
	Turn string          `json:"turn"`
	At   Time            `json:"createdAt"`
}

// lineReader reads JSON Lines. Blanks, which keep a connection alive, may stand
// before a line, and empty lines are passed over.
type lineReader struct {
	r    *bufio.Reader
	long []byte // of a line that is longer than r's buffer
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 16<<10)}
}

// next gives the next line. After the last one it gives [io.EOF]; an end in the
// middle of a line is a [*cutError], or what the reader failed with.
func (l *lineReader) next() (line, error) {
	for {
		text, err := l.read()
		if len(text) == 0 {
			if err != nil {
				return line{}, err
			}
			continue
		}
		if errors.Is(err, io.EOF) && !json.Valid(text) {
			return line{}, &cutError{io.ErrUnexpectedEOF}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return line{}, err // half a line is none
		}
		var found line
		if err := json.Unmarshal(text, &found); err != nil {
			return line{}, &malformedError{err}
		}
		return found, nil
	}
}

// read gives the text up to the next line break without the blanks around it,
// or what came before an error. It is valid until the next call.
func (l *lineReader) read() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long)+len(part) > maxLine {
			return nil, &malformedError{fmt.Errorf("a line is longer than %d bytes", maxLine)}
		}
		if len(l.long) == 0 && !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(part), err
		}
		// Blanks that keep a silent stream alive would else add up for ever.
		if l.long = append(l.long, part...); len(bytes.TrimSpace(l.long)) == 0 {
			l.long = l.long[:0]
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(l.long), err
		}
	}
}

// malformedError is an answer that is not of this API. To ask again would not
// help.
type malformedError struct{ cause error }

func (e *malformedError) Error() string {
	return "the server sent what cannot be read: " + e.cause.Error()
}

func (e *malformedError) Unwrap() error { return e.cause }
