package chatbotkit

import (
	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/engine"
)

// createdMessage answers with the entities that are known of the text: without
// privacy those that the caller gave, and always a list.
type createdMessage struct {
	ID       string   `json:"id"`
	Entities entities `json:"entities"`
}

// maskedMessage answers with what was replaced, where privacy is on.
type maskedMessage struct {
	ID       string   `json:"id"`
	Entities []entity `json:"entities"`
}

// createMessage stores a message of any type; it is not a turn.
func createMessage(c *call, in createMessageRequest) error {
	fields := convo.MessageFields{Type: convo.MessageType(in.Type)}
	in.commonFields.apply(&fields)
	return c.storeMessage(engine.NewMessage{MessageFields: fields, Text: in.Text}, in.Entities, false)
}

// send stores a user message and generates nothing. Functions and extensions
// are for the turn that follows and come with it again.
func send(c *call, in sendRequest) error {
	if err := in.Extensions.allowed(c.actor); err != nil {
		return err
	}
	message := engine.NewMessage{MessageFields: convo.MessageFields{Type: convo.User}, Text: in.Text}
	return c.storeMessage(message, in.Entities, true)
}

// storeMessage is what create and send have in common.
func (c *call) storeMessage(in engine.NewMessage, known entities, streams bool) error {
	in.Entities = known.known()
	c.ask.Render = func(result any) []byte {
		stored, _ := result.(engine.StoredMessage)
		if stored.Entities != nil {
			return encode(maskedMessage{stored.ID, showEntities(stored.Entities)})
		}
		return encode(createdMessage{stored.ID, known})
	}
	stored, err := c.engine().CreateMessage(c.r.Context(), c.actor, c.conversation(), in, c.ask)
	if err != nil {
		return err
	}
	return c.reply(stored, streams)
}

// apply changes the fields as an update does.
func (f *commonFields) apply(dst *convo.MessageFields) {
	f.Name.Apply(&dst.Name)
	f.Description.Apply(&dst.Description)
	applyMeta(f.Meta, &dst.Meta)
}

func fetchMessage(c *call) error {
	found, err := c.engine().Message(c.r.Context(), c.actor, c.conversation(), c.message())
	if err != nil {
		return err
	}
	return c.answer(encode(c.showMessage(found)), false)
}

// updateMessage changes what is given. A cleared text is an empty one, for
// every message has a text.
func updateMessage(c *call, in updateMessageRequest) error {
	change := func(fields *convo.MessageFields, text *string) {
		in.commonFields.apply(fields)
		if in.Type.Given {
			fields.Type = convo.MessageType(in.Type.Value)
		}
		if in.Text.Given {
			*text = in.Text.Value // "" where it was cleared
		}
	}
	c.rendersID(c.message())
	err := c.engine().UpdateMessage(c.r.Context(), c.actor, c.conversation(), c.message(), change, in.Entities.known(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(nil, false)
}

func deleteMessage(c *call, _ emptyRequest) error {
	c.rendersID(c.message())
	err := c.engine().DeleteMessage(c.r.Context(), c.actor, c.conversation(), c.message(), c.ask)
	if err != nil {
		return err
	}
	return c.reply(nil, false)
}
