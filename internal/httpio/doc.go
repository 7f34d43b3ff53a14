// Package httpio is the HTTP plumbing that the fronts share. It knows no
// dialect: what an error looks like, which headers a browser needs and what a
// path means is the front's.
//
// It promises:
//
//   - A path is matched as it was sent, segment by segment. Nothing is cleaned
//     and nothing is redirected, so a POST never turns into a GET.
//   - A handler returns its error. It is rendered once, by the front, after the
//     request's body was drained; an error without a public text is logged once
//     and shown as "internal error". An error after the first byte cuts the
//     connection, because the answer cannot be mended any more.
//   - Request bodies are bounded in size and in time, and so is the time for
//     which a client that does not read can hold a handler.
//   - Lines of a stream leave when they are written, in ASCII, with a blank
//     between them after 15 s of silence and never one after the last.
//   - A [Receipt] learns whether the last byte of its answer left, and whether
//     the connection broke within a second of it.
//
// Logs hold methods, route patterns, sizes and times; never a path, a header or
// a body.
package httpio
