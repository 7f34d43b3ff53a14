package document

import "time"

// IsolateFor is Isolate with another bound of the time.
func IsolateFor(limit time.Duration, command ...string) *Isolation {
	i := Isolate(command...)
	i.limit = limit
	return i
}
