package client

import "iter"

// Stream is an answer while it is written. Nothing is asked for until it is
// read, with one of its methods, once, by one goroutine. Who leaves a loop over
// it early closes its connection; a turn of a stored conversation goes on at
// the server then, and one without a conversation ends.
type Stream struct {
	run    func(give func(Event) bool) error
	read   bool
	result *Result
}

// Events are what the server sends, in its order; the last one is a
// [ResultEvent]. The error is not nil at most once, at the end: an [*Error] for
// a refusal and for a turn that failed, one that is [io.ErrUnexpectedEOF] for a
// connection that was lost and could not be made anew, or the cause of the
// context's end.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if s.read {
			yield(nil, ErrStreamRead)
			return
		}
		s.read = true
		left := false
		err := s.run(func(e Event) bool {
			if r, ok := e.(ResultEvent); ok {
				s.result = &r.Result
			}
			left = !yield(e, nil)
			return !left
		})
		if err != nil && !left {
			yield(nil, err)
		}
	}
}

// Text is the answer's text alone, piece by piece. Errors are those of
// [Stream.Events].
func (s *Stream) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for event, err := range s.Events() {
			token, ok := event.(TokenEvent)
			switch {
			case err != nil:
				yield("", err)
				return
			case ok && !yield(token.Token, nil):
				return
			}
		}
	}
}

// Wait reads a stream to its end and gives the result, like the call without a
// stream.
func (s *Stream) Wait() (*Result, error) {
	var failed error
	for _, err := range s.Events() {
		failed = err
	}
	return s.result, failed
}

// Result is the last event's, or nil while the stream has not come so far.
func (s *Stream) Result() *Result { return s.result }
