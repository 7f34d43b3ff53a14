// Package engineio is a server for version 4 of the Engine.IO protocol over
// WebSocket: it keeps connections alive, carries messages both ways, and knows
// neither what is in them nor the other transport of the protocol, polling,
// which no client of Parley's needs. So nothing is ever upgraded, and a
// handshake that names another transport gets 400.
//
// What is promised of a connection:
//
//   - What comes in is handed over one message after the other, in order, by the
//     goroutine that reads the connection. An owner that takes his time holds up this peer
//     and nobody else.
//
//   - What goes out waits in a queue that is bounded by messages and by bytes.
//     When it is full, [Conn.TrySend] says so at once, and [Conn.Room] when there
//     is room again: an owner with a log reads on from there. Nothing that was
//     taken is dropped but by the end of the connection. Messages that wait
//     together are written together.
//
//   - A peer that takes nothing for [Options.WriteTimeout], or says nothing for a
//     ping and its timeout, is cut off. Until then it costs its queue.
//
//   - Malformed input ends the connection with the WebSocket code that says why,
//     and nothing of it is delivered.
//
//   - An idle connection has one goroutine with a small stack, blocked in a read, and
//     no timer and no write buffer: those come from pools while there is something to
//     write.
package engineio
