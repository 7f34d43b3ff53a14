// Package ability makes tools out of abilities: what a tenant wrote in the
// instruction language of the ChatBotKit API, stored in a skillset or sent along
// with a request. docs/abilities.md describes the language.
//
// An instruction is parsed into a tree before anything is filled in, and what is
// filled in is never parsed again. So no argument of a model can name a secret,
// begin another header, or lead a request to another host, and no value of a
// secret can be taken for a placeholder.
//
// It promises besides:
//
//   - Secrets are read when a call is made, go into outgoing requests only, and
//     come back in no output and no error, also where the other server echoes
//     them.
//   - Requests go through the client that it is given, which keeps away from
//     addresses that are not public.
//   - An instruction that cannot be carried out makes a tool too: calling it says
//     what is wrong, so that its author learns of it.
package ability
