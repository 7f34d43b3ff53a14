// Package identity is the built-in OpenID provider: a small one for development
// and for teams that have no other. Browsers come to /identity_/connect/authorize,
// somebody signs in on a plain page, and the application gets tokens for a code
// (RFC 6749 with PKCE, RFC 7636) and later for a refresh token. Every client is a
// public one. The same endpoints answer under /{org}/identity_/.
//
// It promises:
//
//   - A code works once, for a minute, for the client, the address and the verifier
//     that it was asked for with. A wrong verifier burns it, and a second use ends
//     what the first one has begun.
//   - Nobody is sent to an address that is not registered, character by character.
//   - A refresh token is replaced at each use. The one before it works for ten more
//     seconds, for a second tab; the use of an older one ends the sign-in, because
//     somebody else has it too.
//   - A user whose password is changed, or who is removed, is signed out
//     everywhere: his tokens work no more when the change returns, but for those who
//     remember him (see package auth).
//   - Passwords are kept as Argon2id hashes, keys sealed, refresh tokens not at all,
//     codes as hashes in memory. None of them is logged.
//   - What strangers can make it do is bounded: two passwords are hashed at a time,
//     32 wait; ten a minute are tried for a name, thirty wrong ones a minute come
//     from an address, ten times a minute a sign-in is renewed, codes number 10,000
//     at most.
//
// Codes are in memory: who signs in while the server is started again does so once
// more. Scopes are not interpreted; they are kept and told.
package identity
