package chatbotkit

import "github.com/parleyhq/parley/internal/convo"

// spokenObject is a message that was spoken, and the file of its conversation that
// says it.
type spokenObject struct {
	ID           string `json:"id"` // of the message
	AttachmentID string `json:"attachmentId"`
	Type         string `json:"type"`
	Size         int64  `json:"size"`
	URL          string `json:"url,omitempty"` // where it can be heard without a token, for one to two days
}

// synthesize has a message spoken, or finds what was spoken before.
func synthesize(c *call, _ emptyRequest) error {
	link := c.link()
	c.ask.Render = func(result any) []byte {
		f, _ := result.(convo.File)
		shown := spokenObject{ID: c.message(), AttachmentID: f.ID, Type: f.MediaType, Size: f.Size}
		if link != nil {
			shown.URL = link(f.ID)
		}
		return encode(shown)
	}
	f, err := c.engine().Speak(c.r.Context(), c.actor, c.conversation(), c.message(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}
