// Package mcp holds the front for MCP clients against the official conformance
// tests, the npm package @modelcontextprotocol/conformance.
//
// They run twice: against a server as users have it, through a proxy that adds
// the token, which they do not know of; and against the serving part alone with
// the tools that most of their scenarios want to find. What has to fail, because
// a server that offers nothing but tools lacks it, is in the two lists beside this
// file, each with its reason; a scenario of them that passes fails the test too.
//
// Beside that, a client of the protocol (talk.mjs, with its official package) talks to
// an agent that uses another server of the protocol.
//
// The tests bring the node that they need as npm packages. Where npm is missing, or
// the packages cannot be had, they are skipped and say why; with
// PARLEY_TEST_STRICT=1 that is a failure.
package mcp
