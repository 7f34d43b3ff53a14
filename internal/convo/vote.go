package convo

import "time"

// Vote is a vote with what it was given on: what a [Rated] of a conversation's log
// says, and what the conversation says now.
type Vote struct {
	Rated
	Conversation string
	ContactID    string // whom the conversation is with
	BotID        string // "" = no bot
	At           time.Time
}
