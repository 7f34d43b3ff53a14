// Package retrieval measures how good retrieval is: questions about Go's standard
// library, asked of its documentation as it is on the machine, with the declarations
// that answer them. The test fails when the figures of docs/retrieval.md get worse.
//
//	go test -v -run Quality ./test/retrieval
//
// It reckons on one goroutine for long, so the race detector has nothing to find there
// and leaves it out; CI runs it without.
package retrieval
