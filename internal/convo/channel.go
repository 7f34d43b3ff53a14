package convo

import (
	"strings"
	"time"
	"unicode/utf8"
)

// ChannelPattern is what the id of a channel looks like, as a regular
// expression of JSON Schema: long enough that nobody guesses it, and nothing in
// it that means something in a path.
const ChannelPattern = `^[^\x00-\x20\x7f/?#%]{16,256}$`

// CheckChannel reports whether an id can be that of a channel; the error is of
// kind Invalid.
func CheckChannel(id string) error {
	n := utf8.RuneCountInString(id)
	if n < 16 || n > 256 || !utf8.ValidString(id) || strings.ContainsFunc(id, neverInChannel) {
		return Errorf(Invalid, "a channel id must have 16 to 256 characters, without blanks and without / ? # %%")
	}
	return nil
}

func neverInChannel(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("/?#%", r) }

// Published is a message on a channel.
type Published struct {
	Seq     int64 // its number in the channel: one more than that of the message before it
	Message JSON  // any JSON value
	At      time.Time
}

// ChannelSpan says which messages there are of a channel: those that are kept
// have the numbers First to Last, and are none where First is above Last.
type ChannelSpan struct {
	Start int64 // the number before that of the first message that it ever had
	First int64
	Last  int64 // of the last message that was published
}

// Dispatch is a turn that runs on its own and whose events are read on a
// channel. The channel takes no messages.
type Dispatch struct {
	Tenant       string
	Channel      string
	Conversation string
	Turn         string
	Hidden       bool     // the conversation was made for this turn, and goes with the channel
	Body         [32]byte // what was asked for; the same again is a repeat
	Created      time.Time
}
