package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/parleyhq/parley/internal/model"
)

// maxEvent bounds a line of the stream, and the data of one event.
const maxEvent = 1 << 20

// How long Close waits, and how much it reads, for the end of a stream whose
// answer is complete: with it the connection can be used again.
const (
	endSilence = 50 * time.Millisecond
	maxTail    = 64 << 10
)

var errTooLong = errors.New("an event is too long")

// Stream reads server-sent events, or lines. Of an event only its data counts:
// the providers repeat the name of an event in it.
type Stream struct {
	call    *call
	lines   lineReader
	plain   bool        // every line is an event
	data    []byte      // of the event that is being read
	begun   bool        // the first line was read
	tail    bool        // the answer is complete
	drained bool        // the end was read
	wait    func() bool // before a read that may wait; nil = nothing
}

func newStream(c *call, plain bool) *Stream {
	return &Stream{call: c, lines: lineReader{source: c}, plain: plain}
}

// BeforeWait sets what is done before Next waits for the provider, which it does
// not while whole lines are at hand. If f reports false, Next fails instead.
func (s *Stream) BeforeWait(f func() bool) { s.wait = f }

var errLeft = errors.New("nobody reads any more")

// Next gives the data of the next event, which is valid until the call after
// it. At the end of the stream the error is io.EOF, however it came about.
func (s *Stream) Next() ([]byte, error) {
	s.data = s.data[:0]
	for {
		line, err := s.line()
		if err == io.EOF {
			return s.last(line)
		}
		if errors.Is(err, errTooLong) {
			return nil, s.call.client.Errorf(model.Malformed, 0, err, "provider %s sent a line longer than %d bytes", s.call.client.options.Provider, maxEvent)
		}
		if err != nil {
			return nil, s.call.failure(err)
		}
		if len(line) == 0 && len(s.data) > 0 {
			return s.data, nil
		}
		if s.plain && len(bytes.TrimSpace(line)) > 0 || len(s.data) == 0 && bareError(line) {
			return line, nil
		}
		if err := s.take(line); err != nil {
			return nil, s.call.client.NotReadable(err)
		}
	}
}

// bareError knows an error that a server puts into a stream of events as it
// would put it into a body. Google does, and so do some in front of OpenAI's.
func bareError(line []byte) bool { return bytes.HasPrefix(line, []byte(`{"error"`)) }

// take adds a line to the event. Lines that hold no data are comments, names
// and numbers, which mean nothing here.
func (s *Stream) take(line []byte) error {
	data, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		return nil
	}
	data = bytes.TrimPrefix(data, []byte(" "))
	if len(s.data)+len(data) >= maxEvent {
		return errTooLong
	}
	if len(s.data) > 0 {
		s.data = append(s.data, '\n')
	}
	s.data = append(s.data, data...)
	return nil
}

// last gives the event that the end of the stream completes. One that breaks
// off inside a line counts only if nothing can be missing.
func (s *Stream) last(line []byte) ([]byte, error) {
	s.drained = true
	if s.plain || len(s.data) == 0 && bareError(line) {
		if len(line) == 0 || !json.Valid(line) {
			return nil, io.EOF
		}
		return line, nil
	}
	if err := s.take(line); err != nil || len(s.data) == 0 {
		return nil, io.EOF
	}
	if len(line) > 0 && !json.Valid(s.data) && string(s.data) != "[DONE]" {
		return nil, io.EOF
	}
	return s.data, nil
}

// line reads one line, without its end.
func (s *Stream) line() ([]byte, error) {
	if s.wait != nil && !s.lines.ready() && !s.wait() {
		return nil, errLeft
	}
	line, err := s.lines.next()
	if !s.begun {
		s.begun = true
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), err
}

// Tail says that the answer is complete. What follows is only waited for a
// short time, and Close reads the stream to its end if that is near.
func (s *Stream) Tail() {
	s.tail = true
	s.call.hurry()
}

// Close ends the call. Without Tail the provider sees it cancelled at once.
func (s *Stream) Close() {
	if s.tail && !s.drained {
		s.call.limit(endSilence)
		_, _ = io.CopyN(io.Discard, &s.lines, maxTail) // only for the connection's sake
	}
	s.call.end()
}
