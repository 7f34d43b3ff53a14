package remote

import (
	"bytes"
	"io"
)

// The buffer of a stream. Most streams are slow and there may be thousands of
// them, so it begins small, and grows while reads fill it.
const (
	smallBuffer = 1 << 10
	largeBuffer = 16 << 10 // it grows beyond that only for a line that is longer
)

// lineReader reads lines. They are valid until the next call.
type lineReader struct {
	source   io.Reader
	buf      []byte
	from, to int // what was read and not given yet
}

// ready reports whether a whole line is at hand.
func (r *lineReader) ready() bool { return bytes.IndexByte(r.buf[r.from:r.to], '\n') >= 0 }

// next gives the next line with its end. With an error it gives what there is
// of it; one longer than maxEvent is errTooLong.
func (r *lineReader) next() ([]byte, error) {
	for seen := 0; ; {
		if n := bytes.IndexByte(r.buf[r.from+seen:r.to], '\n'); n >= 0 {
			line := r.buf[r.from : r.from+seen+n+1]
			r.from += len(line)
			return line, nil
		}
		if seen = r.to - r.from; seen > maxEvent {
			return nil, errTooLong
		}
		if err := r.fill(); err != nil {
			line := r.buf[r.from:r.to]
			r.from = r.to
			return line, err
		}
	}
}

// fill reads once.
func (r *lineReader) fill() error {
	rest := r.buf[r.from:r.to]
	switch full := r.to == len(r.buf); {
	case len(rest) == 0 && len(r.buf) > largeBuffer:
		r.buf = make([]byte, largeBuffer)
	case full && (len(r.buf) < largeBuffer || len(rest) == len(r.buf)):
		grown := make([]byte, max(2*len(r.buf), smallBuffer))
		copy(grown, rest)
		r.buf = grown
	case r.from > 0:
		copy(r.buf, rest)
	}
	r.from, r.to = 0, len(rest)
	n, err := r.source.Read(r.buf[r.to:])
	if r.to += n; n > 0 {
		return nil // an error comes again
	}
	return err
}

// Read implements io.Reader, for what is behind the last line that counts.
func (r *lineReader) Read(p []byte) (int, error) {
	if r.from < r.to {
		n := copy(p, r.buf[r.from:r.to])
		r.from += n
		return n, nil
	}
	return r.source.Read(p)
}
