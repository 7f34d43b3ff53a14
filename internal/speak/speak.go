// Package speak is the port to services that say texts.
//
// A driver promises that a call ends when its context does, that what it gives is
// audio, not empty and of bounded size, that a text of more than [MaxText] characters
// is refused as TooLarge before anything is sent, and that an error is a *convo.Error
// whose text may be shown and holds neither a key nor the text.
package speak

import "context"

// MaxText is how many characters services say at once.
const MaxText = 4096

// Speaker is what a driver implements. It may be used by many goroutines.
type Speaker interface {
	// Speak says a text.
	Speak(ctx context.Context, text string) (Audio, error)
}

// Audio is a text that was said.
type Audio struct {
	MediaType string
	Extension string // of files of the kind, without a dot
	Data      []byte
}
