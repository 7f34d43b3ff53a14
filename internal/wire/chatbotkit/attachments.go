package chatbotkit

import (
	"context"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// attachmentObject is a file of a conversation as its list shows it.
type attachmentObject struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Type      string `json:"type,omitempty"`
	Size      int64  `json:"size"`
	MessageID string `json:"messageId,omitempty"` // the message that it says, of a message that was spoken
	CreatedAt int64  `json:"createdAt"`
	UpdatedAt int64  `json:"updatedAt"`
}

func showAttachment(f convo.File) attachmentObject {
	return attachmentObject{
		ID: f.ID, Name: f.Name, Type: f.MediaType, Size: f.Size, MessageID: f.Message,
		CreatedAt: f.Created.UnixMilli(), UpdatedAt: f.Stored.UnixMilli(),
	}
}

func listAttachments(c *call) error {
	return answerList(c, newestFirst, shown(func(ctx context.Context, list engine.List) (engine.Page[convo.File], error) {
		return c.engine().Attachments(ctx, c.actor, c.conversation(), list)
	}, showAttachment))
}

// uploadAttachment brings a file to a conversation, or says where to put what was
// announced.
func uploadAttachment(c *call) error {
	in, err := readUpload(c)
	if err != nil {
		return err
	}
	if in.announced != nil {
		return c.announceAttachment(*in.announced)
	}
	c.ask.Render = func(result any) []byte {
		f, _ := result.(convo.File)
		return encode(uploadedObject{ID: f.ID})
	}
	f, err := c.engine().Attach(c.r.Context(), c.actor, c.conversation(), in.content, c.ask)
	if err != nil {
		return err
	}
	return c.reply(f, false)
}

// announceAttachment changes nothing: the file is there when its content is.
func (c *call) announceAttachment(a announced) error {
	id, err := c.engine().NewAttachment(c.r.Context(), c.actor, c.conversation())
	if err != nil {
		return err
	}
	put, err := c.putTo(blob{
		Tenant: c.actor.Tenant, Conversation: c.conversation(), File: id, Name: a.Name, Type: a.Type, Size: a.Size,
	})
	if err != nil {
		return err
	}
	return c.answer(encode(uploadedObject{ID: id, Upload: &put}), false)
}

// attachmentOperations are the rows of the table for files of conversations. Published
// clients ask for the second path of an upload.
func attachmentOperations() []operation {
	const attachment = "/conversation/{conversationId}/attachment"
	return []operation{
		get("listConversationAttachments", attachment+"/list", account, listAttachments, newestFirst.declared()...),
		uploads("uploadConversationAttachment", attachment+"/upload", session, uploadAttachment),
		uploads("uploadAttachment", "/Attachment/{conversationId}/upload", session, uploadAttachment),
	}
}

func attachmentReferences() map[string]reference {
	upload := reference{summary: "Upload an attachment",
		description: "Brings a file to a conversation: the body of the request itself, with its Content-Type; a form with a part named file; a data: URL; or an address of the web, from which it is read. Content that is announced with its type and size is put to the address in the answer, which needs no token, for an hour. The next message of the user gets the file, and the model its text (of text files, HTML, PDF and DOCX), or the image that it is (PNG, JPEG, GIF, WebP). A file that no message follows within a day goes.",
		example:     `{"file":{"type":"text/plain","size":12,"name":"notes.txt"}}`,
		answer:      with[uploadedObject]("The id of the file, and where announced content goes."), takes: []string{"multipart/form-data", "*/*"}, fetches: true}
	return map[string]reference{
		"listConversationAttachments": {summary: "List attachments",
			description: "The files of a conversation: those that its messages have, those that wait for the next one, and messages that were spoken.",
			answer:      listOf[attachmentObject]("A page of files.")},
		"uploadConversationAttachment": upload,
		"uploadAttachment":             upload,
	}
}
