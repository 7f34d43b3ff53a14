// Package openapi tests the server's OpenAPI document with the tools that others
// use: it is held against the specification and a linter's rules, a client is
// generated from it, and that client holds a conversation with a running server.
//
// Without node 20 or npm, or where the packages cannot be had, the tests are
// skipped and say why; with PARLEY_TEST_STRICT=1 that is a failure.
package openapi
