// Package request makes the requests of tools, from templates whose holes are
// filled in for each call, and the outputs of tools from the answers.
//
// A template is a list of texts and holes, made by whoever knows the language that
// it was written in. It promises:
//
//   - What is filled in is never read for holes again.
//   - No value becomes a part of the scheme, the host or the port, leads up in
//     the path, or ends a header. Only an address that is one argument and nothing
//     else is the model's own; a request of that kind can have no secret.
//   - Secrets that were sent come back in no output and no error, also where
//     the other server echoes them in a usual form.
//   - A request is bounded, however often its template repeats a hole.
//   - Of an answer no more is read than a model is told.
package request
