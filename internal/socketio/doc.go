// Package socketio is a server for version 5 of the Socket.IO protocol, on the
// connections of package engineio. It knows what sockets, events and namespaces
// are, and nothing of what events mean.
//
// # Owners
//
// A [Handler] decides who may connect, and names a [Receiver] for each socket that
// may. The methods of both are called one after the other, on the goroutine that
// reads the peer's connection, in the order in which the peer sent its packets: an
// owner that takes his time holds up this peer and nobody else.
//
// # Sending
//
// An event is encoded once, as a [Frame], and emitted to any number of sockets;
// what differs between them is one last argument of each, which is written behind
// the shared bytes. [Socket.TryEmit] never blocks. What it has taken is written in
// order, and lost only with the connection; when the socket's queue is full it
// takes nothing and says [engineio.ErrFull]. The owner then reads on from where his
// events are kept, when [Socket.Room] says that there is room. A peer that does not
// read costs the bounds of its queue (see [engineio.Options]), and is cut off.
//
// # Ends
//
// A peer that is refused ([Refusal]) or disconnected ([Socket.Disconnect]) takes
// that as final and does not come back by itself. One whose transport was closed
// ([Socket.Close], an error of [Handler.Connect], 503) tries again.
//
// What is malformed ends the transport, and nothing of it is delivered. Packets
// with attachments are malformed unless [Options.Binary] is set. Events of this
// side ask for no acknowledgement, so acknowledgements of the peer are dropped.
package socketio
