// Package mcp gives agents the tools of MCP servers: of programs that it starts,
// spoken with over stdio, and of servers that it reaches over streamable HTTP.
// The protocol is the official Go SDK's.
//
// It promises:
//
//   - A server is connected when a turn first wants its tools, and stays so. A turn
//     waits for it some seconds at most, and then goes on without its tools.
//   - A server that dies, or cannot be had, is tried again when a turn wants it, no
//     sooner than after a pause that doubles up to five minutes. The operator is
//     told once, and once more when it is there again.
//   - A call is made at most once. It ends with the turn's context, which the server
//     is told, and when the server says nothing of it for too long; each sign of
//     progress counts as something.
//   - What a server sends is bounded: a message, the number of its tools, their
//     descriptions and schemas, and what the model is told of a result. Bytes that
//     are no UTF-8 are replaced.
//   - A program gets a few variables of the environment and those that it is given,
//     no others. It dies with its process group, and with this process.
//   - Secrets that it is given stand in no description, no result, no error and no log.
package mcp
