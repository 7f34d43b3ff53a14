// Package openid lets users of OpenID providers elsewhere in: it checks their
// tokens, which are JWTs, for package auth.
//
// Keys are found by discovery at the first use, so that a server starts without
// the provider. It promises:
//
//   - A token is good only if a key of the provider has signed it with an algorithm
//     that needs a private one, if it is for this server (aud), from the provider
//     (iss), neither expired nor from the future, each within a minute, and if it
//     names a tenant where it has to.
//   - A key that the provider takes back is not trusted for longer than an hour, or
//     a day as long as the provider cannot be reached.
//   - A token with an unknown key makes the keys be asked for again, at most every
//     ten seconds, whoever sends such tokens. Meanwhile nobody can tell whether it
//     is good: that, and a provider that cannot be reached when its keys are not
//     known, is [convo.Unavailable], which says to come back. It is not a refusal,
//     because clients sign their users out at one.
package openid
