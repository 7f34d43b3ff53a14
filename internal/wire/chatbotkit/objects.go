package chatbotkit

import (
	"encoding/json"
	"time"

	"github.com/parleyhq/parley/internal/convo"
)

// conversationFields are what callers set of a conversation. Fields that were
// never given are left out; a stored false or "" is shown.
type conversationFields struct {
	ID          string  `json:"id"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Meta        object  `json:"meta,omitempty"`
	ContactID   *string `json:"contactId,omitempty"`
	TaskID      *string `json:"taskId,omitempty"`
	SpaceID     *string `json:"spaceId,omitempty"`
	BotID       *string `json:"botId,omitempty"`
	Model       *string `json:"model,omitempty"`
	Backstory   *string `json:"backstory,omitempty"`
	DatasetID   *string `json:"datasetId,omitempty"`
	SkillsetID  *string `json:"skillsetId,omitempty"`
	Privacy     *bool   `json:"privacy,omitempty"`
	Moderation  *bool   `json:"moderation,omitempty"`
}

// conversationObject is a conversation as list and fetch show it.
type conversationObject struct {
	conversationFields
	CreatedAt int64 `json:"createdAt"`
	UpdatedAt int64 `json:"updatedAt"`
}

// showConversation adds the times to the fields.
func showConversation(c convo.Conversation) conversationObject {
	return conversationObject{showFields(c.ID, c.Fields), millis(c.Created), millis(c.Updated)}
}

// showFields is the part of a conversation that callers set; the log shows
// changes as it, without times.
func showFields(id string, f convo.Fields) conversationFields {
	return conversationFields{
		ID: id, Name: f.Name, Description: f.Description, Meta: object(f.Meta),
		ContactID: f.ContactID, TaskID: f.TaskID, SpaceID: f.SpaceID, BotID: f.BotID,
		Model: f.Model, Backstory: f.Backstory, DatasetID: f.DatasetID, SkillsetID: f.SkillsetID,
		Privacy: f.Privacy, Moderation: f.Moderation,
	}
}

// messageObject is a message as list and fetch show it.
type messageObject struct {
	ID          string      `json:"id"`
	Type        messageType `json:"type"`
	Text        string      `json:"text"`
	Name        *string     `json:"name,omitempty"`
	Description *string     `json:"description,omitempty"`
	Meta        object      `json:"meta,omitempty"`
	CreatedAt   int64       `json:"createdAt"`
	UpdatedAt   int64       `json:"updatedAt"`
}

// showMessage shows a stored message. A bot message names the turn that it came
// from, which is what stop takes and what the lines of the log carry.
func (c *call) showMessage(m convo.Message) messageObject {
	meta, turn := m.Meta, ""
	if m.Type == convo.Bot {
		turn = m.Turn
	}
	return messageObject{
		ID: m.ID, Type: messageType(m.Type), Text: m.Text, Name: m.Name, Description: m.Description,
		Meta: extendMeta(meta, m.Incomplete, turn, m.Citations, c.link()), CreatedAt: millis(m.Created), UpdatedAt: millis(m.Updated),
	}
}

// lineMessage is a message as the lines of a stream show it. It has no
// createdAt: the reducer of the published React package wants a Date there.
type lineMessage struct {
	ID   string      `json:"id,omitempty"`
	Type messageType `json:"type"`
	Text string      `json:"text"`
	Meta object      `json:"meta,omitempty"`
}

// extendMeta adds what the server itself says about a message. Members that
// the caller stored by the same names stay as they are.
func extendMeta(meta convo.JSON, incomplete bool, turn string, citations []convo.Citation, link linker) object {
	if !incomplete && turn == "" && len(citations) == 0 {
		return object(meta)
	}
	stored := map[string]json.RawMessage{}
	if json.Unmarshal(meta, &stored) != nil || len(stored) == 0 {
		meta = convo.JSON("{}")
	}
	extended := append([]byte(nil), meta[:lastBrace(meta)]...)
	add := func(name string, value any) {
		if _, taken := stored[name]; taken {
			return
		}
		if len(stored) > 0 {
			extended = append(extended, ',')
		}
		stored[name] = nil
		extended = append(append(append(extended, '"'), name...), `":`...)
		extended = append(extended, encode(value)...)
	}
	if incomplete {
		add("incomplete", true)
	}
	if turn != "" {
		add("turn", turn)
	}
	if len(citations) > 0 {
		add("citations", showCitations(citations, link))
	}
	return append(extended, '}')
}

// citationObject says which piece of a text comes from where. A piece that names
// several sources has one for each.
type citationObject struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	URL    string `json:"url,omitempty"`    // that the reader may open
	Origin string `json:"source,omitempty"` // where it says that it is from, or the name of its file
	Page   string `json:"pageNumber,omitempty"`
	Offset int    `json:"offset"` // in UTF-16 units
	Length int    `json:"length"` // 0 = this place, or the whole text before it
}

func showCitations(citations []convo.Citation, link linker) []citationObject {
	var list []citationObject
	for _, c := range citations {
		for _, s := range c.Sources {
			list = append(list, citationObject{
				Number: s.Number, Title: s.Title, URL: link.of(s), Origin: s.Origin, Page: s.PageNumber,
				Offset: c.Offset, Length: c.Length,
			})
		}
	}
	return list
}

// lastBrace finds the end of an object that may have blanks behind it.
func lastBrace(object []byte) int {
	i := len(object) - 1
	for object[i] != '}' {
		i--
	}
	return i
}

func millis(t time.Time) int64 { return t.UnixMilli() }
