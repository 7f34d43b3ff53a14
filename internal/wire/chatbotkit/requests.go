package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
)

// commonFields stand on every object.
type commonFields struct {
	Name        httpio.Optional[string] `json:"name"`
	Description httpio.Optional[string] `json:"description"`
	Meta        httpio.Optional[object] `json:"meta"`
}

// configFields decide how a turn answers.
type configFields struct {
	BotID      laterText               `json:"botId"`
	Model      httpio.Optional[string] `json:"model"`
	Backstory  httpio.Optional[string] `json:"backstory"`
	DatasetID  laterText               `json:"datasetId"`
	SkillsetID laterText               `json:"skillsetId"`
	Privacy    laterBool               `json:"privacy"`
	Moderation laterBool               `json:"moderation"`
}

func (c *configFields) apply(dst *convo.Config) {
	c.Model.Apply(&dst.Model)
	c.Backstory.Apply(&dst.Backstory)
	c.DatasetID.Apply(&dst.DatasetID)
	c.SkillsetID.Apply(&dst.SkillsetID)
	c.Privacy.Apply(&dst.Privacy)
	c.Moderation.Apply(&dst.Moderation)
}

// conversationRequest creates or updates a conversation.
type conversationRequest struct {
	commonFields
	configFields
	ContactID laterText               `json:"contactId"`
	TaskID    httpio.Optional[string] `json:"taskId"`
	SpaceID   httpio.Optional[string] `json:"spaceId"`
}

// apply changes fields as an update does; on empty ones that is what create
// does.
func (r *conversationRequest) apply(dst *convo.Fields) {
	r.Name.Apply(&dst.Name)
	r.Description.Apply(&dst.Description)
	applyMeta(r.Meta, &dst.Meta)
	r.BotID.Apply(&dst.BotID)
	r.ContactID.Apply(&dst.ContactID)
	r.TaskID.Apply(&dst.TaskID)
	r.SpaceID.Apply(&dst.SpaceID)
	r.configFields.apply(&dst.Config)
}

// applyMeta replaces meta as a whole: a partial change of an object of any
// shape would be a language of its own.
func applyMeta(meta httpio.Optional[object], dst *convo.JSON) {
	if meta.Given {
		*dst = convo.JSON(meta.Value)
	}
}

// createConversationRequest may bring the conversation's first messages.
type createConversationRequest struct {
	conversationRequest
	Messages []messageItem `json:"messages"`
}

// messageItem is a message in a list of them.
type messageItem struct {
	Type string                  `json:"type" required:"true"`
	Text string                  `json:"text" required:"true"`
	Meta httpio.Optional[object] `json:"meta"`
}

// newMessages gives the messages to the engine, which knows their types.
func newMessages(items []messageItem) []engine.NewMessage {
	messages := make([]engine.NewMessage, len(items))
	for i, m := range items {
		messages[i] = engine.NewMessage{
			MessageFields: convo.MessageFields{Type: convo.MessageType(m.Type), Meta: convo.JSON(m.Meta.Value)},
			Text:          m.Text,
		}
	}
	return messages
}

// createMessageRequest must have a text, which may be empty: a trigger or a
// call has none.
type createMessageRequest struct {
	commonFields
	Type     string   `json:"type" required:"true"`
	Text     string   `json:"text" required:"true"`
	Entities entities `json:"entities"`
}

// updateMessageRequest knows entities only to check them: nothing of them is
// stored while there is no privacy.
type updateMessageRequest struct {
	commonFields
	Type     httpio.Optional[string] `json:"type"`
	Text     httpio.Optional[string] `json:"text"`
	Entities entities                `json:"entities"`
}

// sendRequest may lack a text, as older callers' do: it is stored as "".
type sendRequest struct {
	Text       string     `json:"text"`
	Entities   entities   `json:"entities"`
	Functions  functions  `json:"functions"`
	Extensions extensions `json:"extensions"`
}

// voteRequest is a vote. What is left out is the strongest one.
type voteRequest struct {
	Value  httpio.Optional[int] `json:"value"`
	Reason string               `json:"reason"`
}

// createSessionRequest says how long a session lasts.
type createSessionRequest struct {
	DurationInSeconds httpio.Optional[int64] `json:"durationInSeconds"`
}

// turnFields are the parts of a turn that come with later versions.
type turnFields struct {
	Attachments laterList  `json:"attachments"`
	Functions   functions  `json:"functions"`
	Extensions  extensions `json:"extensions"`
	Limits      limits     `json:"limits"`
}

// completeRequest asks for a turn in a conversation. Without a text it goes on
// from what is stored, which an empty text does not.
type completeRequest struct {
	turnFields
	Text     httpio.Optional[string] `json:"text"`
	Entities entities                `json:"entities"`
}

// receiveRequest asks for a turn without a new message.
type receiveRequest struct {
	turnFields
}

// completeStatelessRequest brings all that its turn knows. Text is the older
// form: one more user message, or the only one.
type completeStatelessRequest struct {
	turnFields
	configFields
	ContactID laterContact            `json:"contactId"`
	Messages  []messageItem           `json:"messages"`
	Text      httpio.Optional[string] `json:"text"`
	Entities  entities                `json:"entities"`
}

// stopRequest names a turn, or means the one that runs.
type stopRequest struct {
	Turn string `json:"turn"`
}

// emptyRequest takes any object.
type emptyRequest struct{}
