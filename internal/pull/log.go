package pull

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/parleyhq/parley/client"
	"github.com/parleyhq/parley/internal/convo"
)

// maxID bounds ids that are kept. It is more than any server makes.
const maxID = 128

// log becomes the log of a conversation that is known by its API only.
type log struct {
	of       client.Conversation
	fields   convo.Fields
	messages []convo.Event
	later    []convo.Event // what happened to the messages, in any order
	ids      map[string]bool
	last     time.Time // for what comes without a time
}

func newLog(c client.Conversation) *log {
	return &log{of: c, fields: fieldsOf(c), ids: make(map[string]bool), last: c.CreatedAt.Time}
}

// message adds the next message of the list.
func (l *log) message(m client.Message) error {
	kind := convo.MessageType(m.Type)
	if !kind.Valid() {
		return convo.Errorf(convo.Invalid, "message %q has the type %q, which this version does not know", m.ID, m.Type)
	}
	id := keptID(m.ID)
	if l.ids[id] {
		return nil // the list moved while it was read
	}
	l.ids[id] = true
	fields := convo.MessageFields{
		Type: kind, Name: pointer(m.Name), Description: pointer(m.Description), Meta: metaOf(m.Meta),
	}
	if !m.CreatedAt.IsZero() {
		l.last = m.CreatedAt.Time
	}
	l.messages = append(l.messages, convo.Event{At: l.last, Body: convo.MessageGiven{
		ID: id, Place: convo.Place(int64(len(l.messages)+1), 0), Fields: fields, Text: m.Text,
	}})
	if !m.UpdatedAt.IsZero() && !m.UpdatedAt.Equal(l.last) {
		l.later = append(l.later, convo.Event{At: m.UpdatedAt.Time, Body: convo.MessageChanged{ID: id, Fields: fields}})
	}
	return nil
}

// vote adds a vote on the conversation or on one of its messages.
func (l *log) vote(v client.RatingEvent) {
	message := v.MessageID
	if message != "" {
		message = keptID(message)
	}
	l.later = append(l.later, convo.Event{At: v.At.Time, Body: convo.Rated{
		ID: v.ID, Message: message, Value: v.Value, Reason: v.Reason,
	}})
}

// events are the whole log, numbered.
func (l *log) events() []convo.Event {
	slices.SortStableFunc(l.later, func(a, b convo.Event) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	all := []convo.Event{{At: l.of.CreatedAt.Time, Body: convo.ConversationCreated{Fields: l.fields}}}
	all = append(append(all, l.messages...), l.later...)
	var head convo.Head
	for i := range all {
		all[i].Seq = int64(i + 1)
		head.Project(all[i])
	}
	if updated := l.of.UpdatedAt.Time; !updated.IsZero() && !updated.Equal(head.Updated) {
		all = append(all, convo.Event{
			Seq: int64(len(all) + 1), At: updated, Body: convo.ConversationChanged{Fields: l.fields},
		})
	}
	return all
}

func fieldsOf(c client.Conversation) convo.Fields {
	return convo.Fields{
		Name: pointer(c.Name), Description: pointer(c.Description), Meta: metaOf(c.Meta),
		BotID: pointer(c.BotID), ContactID: pointer(c.ContactID), TaskID: pointer(c.TaskID), SpaceID: pointer(c.SpaceID),
		Config: convo.Config{
			Model: pointer(c.Model), Backstory: pointer(c.Backstory), DatasetID: pointer(c.DatasetID),
			SkillsetID: pointer(c.SkillsetID), Privacy: pointer(c.Privacy), Moderation: pointer(c.Moderation),
		},
	}
}

func pointer[T any](o client.Optional[T]) *T {
	v, ok := o.Get()
	if !ok {
		return nil
	}
	return &v
}

// metaOf gives an equal object. The order of its members is lost in a Meta, its
// numbers are not.
func metaOf(o client.Optional[client.Meta]) convo.JSON {
	meta, ok := o.Get()
	if !ok {
		return nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if enc.Encode(meta) != nil {
		return nil // impossible: it was read from JSON
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// keptID gives an id as it is, if it can stand in an address, and else one that
// is made from it.
func keptID(id string) string {
	if id != "" && len(id) <= maxID && !bytes.ContainsFunc([]byte(id), strange) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	var made uuid.UUID
	copy(made[:], sum[:])
	made[6] = made[6]&0x0f | 0x80 // version 8: made in a way of one's own
	made[8] = made[8]&0x3f | 0x80
	return made.String()
}

func strange(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
