package httpio

import (
	"context"
	"net/http"
	"time"
)

// Observer is told of requests, for metrics and traces. Its methods are called
// by many goroutines and must not block.
type Observer interface {
	// RequestStarted begins to observe a request. The handler works under the
	// context that is returned, which is the request's or derived from it.
	RequestStarted(r *http.Request) (context.Context, Observation)
}

// Observation is one request.
type Observation interface {
	// Streaming says that the answer is a stream, whose end may be far away. It
	// is called once at most.
	Streaming()
	// Ended is called once, when the handler is done.
	Ended(RequestEnd)
}

// RequestEnd is how a request ended.
type RequestEnd struct {
	Operation string // "" = the path or the token was refused before it was known
	Route     string // the pattern, "" likewise
	Status    int    // 0 = nothing was sent
	Bytes     int64  // of the body, as far as they were handed to the connection
	Took      time.Duration
	Cut       bool // the connection was broken off before the answer was whole
}
