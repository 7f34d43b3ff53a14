// Package uipath is the front that speaks the UiPath Conversational Agent API, as
// the module conversational-agent of the npm package @uipath/uipath-typescript uses
// it: REST, files, and sessions over Socket.IO.
//
// It decodes a request, calls the engine, and renders what the engine says. No rule
// of conversations lives here. What is decided here is the dialect: which path means
// what, names and types of members, statuses and codes of errors, ids and times.
//
// Over REST it promises:
//
//   - Paths are read segment by segment. Doubled and trailing slashes are passed
//     over, a percent-encoded slash is part of an id, and nothing is redirected.
//   - Who has no good token learns nothing: 401 comes before 404. Data of another
//     user or tenant is unknown (404).
//   - Every answer, errors included, is JSON that the published client reads, may be
//     read by the allowed origins, and names the request in x-request-id.
//   - A conversation's agent is a bot, an exchange is a turn, and the ids that
//     clients chose are those they get back.
//   - What an event has announced over a socket, a read already shows.
package uipath
