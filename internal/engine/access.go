package engine

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/tool"
)

// account refuses session tokens: the operation is for account secrets only.
func account(actor convo.Actor) error {
	if actor.Session() {
		return convo.Errorf(convo.Forbidden, "a session token may not do this; use an API secret")
	}
	return nil
}

// within allows session tokens on their own conversation only.
func within(actor convo.Actor, conversation string) (hub.Key, error) {
	if actor.Session() && actor.Conversation != conversation {
		return hub.Key{}, convo.Errorf(convo.Forbidden, "this session token is for another conversation")
	}
	return hub.Key{Tenant: actor.Tenant, Conversation: conversation}, nil
}

// owned is account and the conversation's key in one.
func owned(actor convo.Actor, conversation string) (hub.Key, error) {
	return hub.Key{Tenant: actor.Tenant, Conversation: conversation}, account(actor)
}

// unknownConversation is what an id that does not exist, or is another
// tenant's, gets.
func unknownConversation(id string) error {
	return convo.Errorf(convo.NotFound, "conversation %q not found", clip(id))
}

func unknownMessage(id string) error {
	return convo.Errorf(convo.NotFound, "message %q not found in this conversation", clip(id))
}

// clip bounds what of a caller's own text is repeated to him.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}

// hiddenFromSessions are the message types that a session token never sees.
func hiddenFromSessions(t convo.MessageType) bool {
	return t == convo.Backstory || t == convo.Instruction
}

// checkMessage holds what a caller gives as a message against the rules.
func (e *Engine) checkMessage(actor convo.Actor, m NewMessage) error {
	if !m.Type.Valid() {
		return convo.Errorf(convo.Invalid, "unknown message type %q; use one of user, bot, context, instruction, backstory, reasoning, activity, checkpoint", clip(string(m.Type)))
	}
	if actor.Session() && m.Type != convo.User && m.Type != convo.Context && m.Type != convo.Activity {
		return convo.Errorf(convo.Forbidden, "a session token may only add messages of type user, context or activity")
	}
	if err := e.checkTexts(&m.Text, m.Name, m.Description); err != nil {
		return err
	}
	most := e.limits.Meta
	if m.Type == convo.Activity {
		most += activityBytes
	}
	return checkObject(m.Meta, most)
}

// activityBytes is how much more the meta of an activity may have: arguments and a
// result of the size that tools give, which is JSON in a text of JSON. Callers bring
// back what they were sent.
const activityBytes = 4 * tool.MaxOutput

func (e *Engine) checkText(text string) error {
	if len(text) > e.limits.Text {
		return convo.Errorf(convo.TooLarge, "text has %d bytes; the limit is %d", len(text), e.limits.Text)
	}
	if !utf8.ValidString(text) {
		return convo.Errorf(convo.Invalid, "text is not valid UTF-8")
	}
	return nil
}

func (e *Engine) checkMeta(meta convo.JSON) error { return checkObject(meta, e.limits.Meta) }

// checkObject holds a meta of at most so many bytes against the rules.
func checkObject(meta convo.JSON, most int) error {
	if meta == nil {
		return nil
	}
	if len(meta) > most {
		return convo.Errorf(convo.TooLarge, "meta has %d bytes; the limit is %d", len(meta), most)
	}
	if trimmed := bytes.TrimSpace(meta); len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(trimmed) {
		return convo.Errorf(convo.Invalid, "meta must be a JSON object")
	}
	return nil
}

func (e *Engine) checkFields(f convo.Fields) error {
	if err := e.checkTexts(f.Name, f.Description, f.TaskID, f.SpaceID, f.Backstory); err != nil {
		return err
	}
	return e.checkMeta(f.Meta)
}

// checkTexts bounds fields as texts are bounded: a list shows them all.
func (e *Engine) checkTexts(fields ...*string) error {
	for _, field := range fields {
		if field == nil {
			continue
		}
		if err := e.checkText(*field); err != nil {
			return err
		}
	}
	return nil
}
