package convo

import "regexp"

// ChannelPattern is what the id of a channel looks like, as a regular
// expression of JSON Schema: long enough that nobody guesses it, and nothing in
// it that means something in a path.
const ChannelPattern = `^[^\x00-\x20\x7f/?#%]{16,256}$`

var channelID = regexp.MustCompile(ChannelPattern)

// CheckChannel reports whether an id can be that of a channel; the error is of
// kind Invalid.
func CheckChannel(id string) error {
	if !channelID.MatchString(id) {
		return Errorf(Invalid, "a channel id must have 16 to 256 characters, without blanks and without / ? # %%")
	}
	return nil
}
