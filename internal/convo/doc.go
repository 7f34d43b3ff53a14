// Package convo holds the domain of a conversation server: conversations,
// their messages and turns, the events of their logs, the actors that may
// touch them, and the one error type that every layer returns.
//
// It imports the standard library only and knows no wire format and no
// database. What is in it is a value: nothing here does I/O, and every type
// may be copied.
//
// # The log
//
// A conversation is an append-only log of [Event] values with a sequence
// number that starts at 1 and has no gaps, except where a [Restarted] event
// says so. Conversations, turns and messages as they are read are projections
// of that log; [Project] is the one definition of what an event does to them.
//
// # Places
//
// A message has a place in its conversation, which is given once and by which
// lists and prompts are ordered. A place is a slot and an index in it. A turn
// takes a slot when it starts, and its messages count up in it; a message from
// outside a turn takes a slot of its own. So a turn's messages stay together,
// and what is added while it runs stands behind its last one.
package convo
