package client

import (
	"context"
	"errors"
)

// ConversationAttachmentService holds the operations on the files of a conversation.
type ConversationAttachmentService struct{ parts[AttachedFile] }

func newConversationAttachmentService(c *Client) *ConversationAttachmentService {
	return &ConversationAttachmentService{parts[AttachedFile]{
		client: c, kind: "conversation", part: "attachment", id: func(a *AttachedFile) string { return a.ID },
	}}
}

// AttachedFile is a file of a conversation, without its content: one that a message has,
// that waits for the user's next one, or that says a message.
type AttachedFile struct {
	ID        string `json:"id"`
	CreatedAt Time   `json:"createdAt"`
	UpdatedAt Time   `json:"updatedAt"`
	Name      string `json:"name"`
	Type      string `json:"type"`      // its media type; "" = unknown
	Size      int64  `json:"size"`      // bytes
	MessageID string `json:"messageId"` // the message that it says; "" = it says none
}

// Upload brings a file to a conversation. The user's next message gets it, and the
// model its text, or the image that it is; one that no message follows within a day goes.
func (s *ConversationAttachmentService) Upload(ctx context.Context, conversation string, in FileUploadRequest, options ...Option) (*Reference, error) {
	if (in.File == nil) == (in.URL == "") {
		return nil, errors.New("an upload has a file or a URL, one of them")
	}
	r, err := postObject(struct {
		File string `json:"file"`
	}{in.URL}, "conversation", conversation, "attachment", "upload")
	if err == nil && in.File != nil {
		r.body, r.contentType, err = in.File.form()
	}
	return call[Reference](ctx, s.client, r, err, options)
}
