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
//
// Over sockets it promises:
//
//   - Whoever has a conversation open is told everything that happens in it, once and
//     in the order of its log, but what he said himself. One room renders the log
//     for all of them.
//   - A session is stored before its client is told that it has started. For two
//     minutes after the loss of a connection the client goes on with the session where
//     its offset says, whatever process it meets; nothing is lost or told twice.
//   - A session that starts is shown what has not ended, and then what comes, without
//     a gap.
//   - What has reached the server is handled, also when its connection has gone.
//   - After the end of a session nothing more is sent of its conversation.
//   - A client that reads slowly costs the bounds of its queue. It reads on from the
//     log by itself and holds up nobody.
package uipath
