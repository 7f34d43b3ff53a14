// Package mcp is the front that speaks the Model Context Protocol: it offers the
// server's conversations as tools, over streamable HTTP, so that any MCP client
// can hold them. The protocol itself is the official Go SDK's.
//
// It promises:
//
//   - Who asks is found anew for every request, by the same tokens and limits as
//     in the other fronts. The SDK's session holds no right.
//   - A session belongs to the token that began it; for any other it does not
//     exist. Its id is made here, and is never taken from a client.
//   - Sessions are bounded, for each token and in all. One that is not used ends
//     after a while, or when its token's next one needs its place.
//   - A page of another site cannot reach a server that listens on this machine:
//     names that are not the server's own, and foreign origins, are refused.
//   - A call that its client cancels, or whose session it ends, stops the turn
//     that the call began. A connection that is lost stops nothing: the client may
//     read on from the last event that it saw.
//
// docs/mcp.md names the tools, their arguments and their results.
package mcp
