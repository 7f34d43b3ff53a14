// Package outbound is the HTTP client for addresses that somebody else chose: a
// tenant in an ability, a model in an argument, a server in a redirection. It
// exists so that none of them can make the server talk to what only the server
// can reach.
//
// It promises:
//
//   - A name is looked up once for a connection, and the connection goes to an
//     address of that look-up and to no other. What a name means at a second
//     look-up therefore changes nothing.
//   - Loopback, link-local, private, shared, multicast and reserved addresses are
//     refused, those of cloud metadata among them, in every form in which IPv6
//     can carry an address of IPv4, and after each redirection anew. What the
//     operator allows by a [Rule] is excepted, and nothing else.
//   - Only http and https, no proxy, no cookies, no user in an address.
//   - Another origin gets nothing of a request after a redirection but its method,
//     its address, and the headers that describe what is wanted; never a body.
//   - A connection that is still being made ends with its request.
//   - [Client.Do] bounds the time until an answer is read, its bytes after they
//     are decompressed, the redirections, and how many requests run at once,
//     in all and of one tenant.
//   - Errors are *convo.Error. They hold neither the path nor the query of an
//     address, and not what a name was resolved to.
package outbound
