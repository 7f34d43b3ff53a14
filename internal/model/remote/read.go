package remote

import (
	"context"
	"io"
)

// Answer is what a driver makes of a stream.
type Answer interface {
	// Take passes on what an event brings. io.EOF says that it is the last one.
	Take(data []byte) error
	// Whole reports whether the reason for the answer's end is known.
	Whole() bool
	// Finish gives what is given once: the calls, the usage and the end.
	Finish() error
}

// Read reads a stream to its end and closes it. Once the answer is whole,
// whatever goes wrong behind it costs the usage at most; one that ends before
// that is broken. It returns nil when its reader has gone.
func (s *Stream) Read(ctx context.Context, events *Events, a Answer) error {
	defer s.Close()
	defer events.Flush() // Close may wait
	s.BeforeWait(events.Flush)
	for {
		data, err := s.Next()
		if err == nil {
			err = a.Take(data)
		}
		if events.Left() {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		whole := a.Whole()
		if whole {
			s.Tail()
		}
		switch {
		case err == nil:
		case whole:
			return a.Finish()
		case err == io.EOF:
			return s.call.client.Broken()
		default:
			return err
		}
	}
}
