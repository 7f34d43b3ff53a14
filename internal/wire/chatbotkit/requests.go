package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
	"github.com/parleyhq/parley/internal/httpio"
	"github.com/parleyhq/parley/internal/openapi"
)

// commonFields stand on every object.
type commonFields struct {
	Name        httpio.Optional[string] `json:"name" limit:"text" doc:"For people; not given to the model."`
	Description httpio.Optional[string] `json:"description" limit:"text" doc:"For people; not given to the model."`
	Meta        httpio.Optional[object] `json:"meta" doc:"Anything of the caller's, kept as it was sent, up to 64 KiB. An update replaces it as a whole."`
}

// configFields decide how a turn answers.
type configFields struct {
	Model      httpio.Optional[string] `json:"model" doc:"A name from the list of models, which parameters may follow: gpt-4o/temperature=0.2/maxTokens=500. The server's default unless given."`
	Backstory  httpio.Optional[string] `json:"backstory" limit:"text" doc:"Who the model is and how it is to answer."`
	DatasetID  httpio.Optional[string] `json:"datasetId" doc:"The dataset that is searched for what the user says, by its id or alias."`
	SkillsetID httpio.Optional[string] `json:"skillsetId" doc:"The set of abilities that the model may use, by its id or alias."`
	Privacy    httpio.Optional[bool]   `json:"privacy" doc:"Keep what says something of a person from the model, and encrypted at rest: the model and stored messages have placeholders."`
	Moderation httpio.Optional[bool]   `json:"moderation" doc:"Have what users say judged by the configured service before anything is done with it; 422 if that flags it."`
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
	BotID     httpio.Optional[string] `json:"botId" doc:"The bot that answers, by its id or alias: its values as they are when a turn starts, where the members beside it have none."`
	ContactID httpio.Optional[string] `json:"contactId" doc:"Whom the conversation is with: a contact, by its id or fingerprint."`
	TaskID    httpio.Optional[string] `json:"taskId" limit:"text" doc:"Stored and given back, without effect."`
	SpaceID   httpio.Optional[string] `json:"spaceId" limit:"text" doc:"Stored and given back, without effect."`
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
	Messages []messageItem `json:"messages" doc:"Stored in this order; nothing is generated."`
}

// messageItem is a message in a list of them.
type messageItem struct {
	Type messageType             `json:"type" required:"true"`
	Text string                  `json:"text" required:"true" limit:"text"`
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
	Type     messageType `json:"type" required:"true"`
	Text     string      `json:"text" required:"true" limit:"text"`
	Entities entities    `json:"entities"`
}

// updateMessageRequest knows entities of its text, as createMessageRequest does.
type updateMessageRequest struct {
	commonFields
	Type     httpio.Optional[messageType] `json:"type" null:"refused"`
	Text     httpio.Optional[string]      `json:"text" limit:"text"`
	Entities entities                     `json:"entities"`
}

// sendRequest may lack a text, as older callers' do: it is stored as "".
type sendRequest struct {
	Text       string     `json:"text" limit:"text" doc:"What the user says."`
	Entities   entities   `json:"entities"`
	Functions  []function `json:"functions" doc:"Taken for the sake of older callers, and not used: nothing is generated."`
	Extensions extension  `json:"extensions" doc:"Taken for the sake of older callers, and not used. Refused from session tokens."`
}

// upvoteRequest is a vote. What is left out is the strongest one.
type upvoteRequest struct {
	Value  upValue `json:"value"`
	Reason string  `json:"reason" limit:"text" doc:"Why, in words."`
}

// downvoteRequest is a vote. What is left out is the strongest one.
type downvoteRequest struct {
	Value  downValue `json:"value"`
	Reason string    `json:"reason" limit:"text" doc:"Why, in words."`
}

// createSessionRequest says how long a session lasts.
type createSessionRequest struct {
	DurationInSeconds sessionSeconds `json:"durationInSeconds"`
}

// completeRequest asks for a turn in a conversation. Without a text it goes on
// from what is stored, which an empty text does not.
type completeRequest struct {
	Text     httpio.Optional[string] `json:"text" limit:"text" doc:"The user's next message. Without it, and without attachments, the model goes on from what is stored."`
	Entities entities                `json:"entities"`
	attachmentFields
	turnFields
}

// receiveRequest asks for a turn without a new message.
type receiveRequest struct {
	Attachments noAttachments `json:"attachments"`
	turnFields
}

// completeStatelessRequest brings all that its turn knows. Text is the older
// form: one more user message, or the only one.
type completeStatelessRequest struct {
	Messages []messageItem           `json:"messages" doc:"The conversation so far, oldest first."`
	Text     httpio.Optional[string] `json:"text" limit:"text" doc:"One more user message, behind the others, or the only one."`
	Entities entities                `json:"entities"`
	configFields
	attachmentFields
	turnFields
	BotID     httpio.Optional[string] `json:"botId" doc:"The bot that answers, by its id or alias, where the members beside it have no values."`
	ContactID contactRef              `json:"contactId"`
}

// Refine says what the members alone do not: there must be something to answer.
func (*completeStatelessRequest) Refine(s *openapi.Schema) {
	one := 1
	messages, text := &openapi.Schema{Required: []string{"messages"}}, &openapi.Schema{Required: []string{"text"}}
	messages.Properties.Set("messages", &openapi.Schema{Type: openapi.Types{"array"}, Items: &openapi.Schema{}, MinItems: &one})
	text.Properties.Set("text", openapi.Text())
	s.AnyOf = []*openapi.Schema{messages, text}
}

// stopRequest names a turn, or means the one that runs.
type stopRequest struct {
	Turn string `json:"turn" doc:"The turn to stop; the one that runs unless given."`
}

// emptyRequest takes any object.
type emptyRequest struct{}
