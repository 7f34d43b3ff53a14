// Package retrieval measures how good retrieval is: questions about Go's standard
// library, asked of its documentation as it is on the machine, with the declarations
// that answer them. The test fails when the figures of docs/retrieval.md get worse.
//
//	go test -v -run Quality ./test/retrieval
package retrieval
