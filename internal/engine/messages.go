package engine

import (
	"context"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// NewMessage is a message as a caller gives it.
type NewMessage struct {
	convo.MessageFields
	Text string
	// Entities are what the caller knows of the text: in a private conversation they
	// are masked wherever they stand from now on.
	Entities []convo.Entity

	files   []convo.File // that wait for it
	brought []convo.File // that come with it
}

// StoredMessage is a message that was stored, and what was masked in it: nothing, if
// its conversation is not private.
type StoredMessage struct {
	convo.Message
	Entities []convo.Entity
}

// CreateMessage stores a message outside any turn; nothing is generated. One of the
// user gets the attachments that wait. It
// stands behind what was there, also behind a running turn's last message, and
// the next turn sees it.
func (e *Engine) CreateMessage(ctx context.Context, actor convo.Actor, conversation string, in NewMessage, ask *Ask) (StoredMessage, error) {
	key, err := within(actor, conversation)
	if err != nil {
		return StoredMessage{}, err
	}
	if err := errOr(e.checkMessage(actor, in), checkEntities(in.Entities)); err != nil {
		return StoredMessage{}, err
	}
	if in.Type == convo.User {
		if in.files, err = e.unsent(ctx, key); err != nil {
			return StoredMessage{}, err
		}
	}
	var stored StoredMessage
	err = e.judgedFirst(ctx, key, func(judged bool) error {
		return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
			if tx.Head() == nil {
				return nil, unknownConversation(conversation)
			}
			if in.Type == convo.User && !judged {
				if err := mustBeJudged(tx, in.Text, in.Entities); err != nil {
					return nil, err
				}
			}
			know(tx, in.Entities)
			message, err := addMessage(tx, actor, in, now())
			if err != nil {
				return nil, err
			}
			stored = StoredMessage{message, foundIn(tx)}
			return stored, spendMessages(tx, tx.Head(), 0, in.Type)
		})
	})
	return stored, err
}

// addMessage appends a whole message in a slot of its own.
func addMessage(tx store.Tx, actor convo.Actor, in NewMessage, at time.Time) (convo.Message, error) {
	m := convo.Message{
		Conversation: tx.Head().ID, ID: newID(), Place: convo.Place(tx.Head().NextSlot, 0),
		MessageFields: in.MessageFields, Text: in.Text, Created: at, Updated: at,
	}
	var err error
	if m.Parts, err = take(tx, in.Text, in.files, in.brought); err != nil {
		return m, err
	}
	given := convo.MessageGiven{ID: m.ID, Place: m.Place, Fields: in.MessageFields, Text: in.Text, Parts: m.Parts}
	return m, tx.Append(convo.Event{At: at, Origin: actor.Token, Body: given})
}

// Message reads one.
func (e *Engine) Message(ctx context.Context, actor convo.Actor, conversation, id string) (convo.Message, error) {
	if _, err := within(actor, conversation); err != nil {
		return convo.Message{}, err
	}
	m, err := e.store.Message(ctx, actor.Tenant, conversation, id)
	if err == nil && actor.Session() && hiddenFromSessions(m.Type) {
		return convo.Message{}, unknownMessage(id)
	}
	return m, err
}

// Messages reads a page of them, in the order of their places.
func (e *Engine) Messages(ctx context.Context, actor convo.Actor, conversation string, l List) (Page[convo.Message], error) {
	var page Page[convo.Message]
	if _, err := within(actor, conversation); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q := store.MessageQuery{Desc: l.Desc, Limit: take, Meta: l.Meta}
	if actor.Session() {
		q.Types = slices.DeleteFunc(slices.Clone(convo.MessageTypes), hiddenFromSessions)
	}
	list := "messages/" + actor.Tenant + "/" + conversation
	if l.Cursor != "" {
		if q.After, err = e.messagePosition(ctx, actor, conversation, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if page.Items, err = e.store.Messages(ctx, actor.Tenant, conversation, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		page.Cursor = makeCursor(list, page.Items[n-1].Place, "")
	}
	return page, nil
}

// tailPage is how many messages of a turn are read at once, to find its end.
const tailPage = 16

// TurnTail gives the last message that a turn stored, and the last one of type
// bot; without an id where there is none. What it costs does not go by the length
// of the conversation.
func (e *Engine) TurnTail(ctx context.Context, actor convo.Actor, conversation, turn string) (last, bot convo.Message, err error) {
	key, err := within(actor, conversation)
	if err != nil {
		return last, bot, err
	}
	shown := e.revealer(ctx, key)
	defer func() { last, bot, err = shown.message(last), shown.message(bot), errOr(err, shown.err) }()
	t, err := e.store.Turn(ctx, key.Tenant, conversation, turn)
	if err != nil || t.Slot == 0 {
		return last, bot, err
	}
	q := store.MessageQuery{After: convo.Place(t.Slot+1, 0), Desc: true, Limit: tailPage}
	for {
		page, err := e.store.Messages(ctx, key.Tenant, conversation, q)
		if err != nil {
			return last, bot, err
		}
		for _, m := range page {
			switch {
			case convo.SlotOf(m.Place) != t.Slot:
				return last, bot, nil
			case last.ID == "":
				last = m
			}
			if m.Type == convo.Bot {
				return last, m, nil
			}
		}
		if len(page) < tailPage {
			return last, bot, nil
		}
		q.After = page[len(page)-1].Place
	}
}

func (e *Engine) messagePosition(ctx context.Context, actor convo.Actor, conversation, list, cursor string) (int64, error) {
	place, _, own, err := readCursor(list, cursor)
	if err != nil || own {
		return place, err
	}
	if _, err := e.store.Conversation(ctx, actor.Tenant, conversation); err != nil {
		return 0, err
	}
	m, err := e.store.Message(ctx, actor.Tenant, conversation, cursor)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownCursor()
	}
	return m.Place, err
}

// UpdateMessage lets change work on the message's fields and text. It may be
// called more than once, each time on what is stored. known are what the caller knows
// of the text, as those of [NewMessage].
func (e *Engine) UpdateMessage(ctx context.Context, actor convo.Actor, conversation, id string, change func(*convo.MessageFields, *string), known []convo.Entity, ask *Ask) error {
	key, err := owned(actor, conversation)
	if err != nil {
		return err
	}
	if err := checkEntities(known); err != nil {
		return err
	}
	return e.judgedFirst(ctx, key, func(judged bool) error {
		return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
			if tx.Head() == nil {
				return nil, unknownConversation(conversation)
			}
			know(tx, known)
			return nil, e.updateMessage(tx, actor, id, change, known, judged)
		})
	})
}

func (e *Engine) updateMessage(tx store.Tx, actor convo.Actor, id string, change func(*convo.MessageFields, *string), known []convo.Entity, judged bool) error {
	m, err := visibleMessage(tx, actor, id)
	if err != nil {
		return err
	}
	text := m.Text
	changed := convo.MessageChanged{ID: id, Fields: m.MessageFields}
	change(&changed.Fields, &text)
	if err := e.checkMessage(actor, NewMessage{MessageFields: changed.Fields, Text: text}); err != nil {
		return err
	}
	if text != m.Text {
		if err := unspeak(tx, id); err != nil {
			return err
		}
		changed.Text = &text
		if changed.Fields.Type == convo.User && !judged {
			if err := mustBeJudged(tx, text, known); err != nil {
				return err
			}
		}
	}
	return tx.Append(convo.Event{At: now(), Origin: actor.Token, Body: changed})
}

// DeleteMessage removes a message and erases its text from the log.
func (e *Engine) DeleteMessage(ctx context.Context, actor convo.Actor, conversation, id string, ask *Ask) error {
	key, err := owned(actor, conversation)
	if err != nil {
		return err
	}
	return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		m, err := visibleMessage(tx, actor, id)
		if err != nil {
			return nil, err
		}
		return nil, deleteMessage(tx, m, actor.Token)
	})
}

// deleteMessage deletes a message with what belongs to it alone.
func deleteMessage(tx store.Tx, m convo.Message, by string) error {
	if err := errOr(releaseFiles(tx, m), unspeak(tx, m.ID)); err != nil {
		return err
	}
	return tx.Append(convo.Event{At: now(), Origin: by, Body: convo.MessageDeleted{ID: m.ID}})
}

// visibleMessage reads a message that the actor may see and that has its place.
func visibleMessage(tx store.Tx, actor convo.Actor, id string) (convo.Message, error) {
	m, err := tx.Message(id)
	if convo.ErrorKind(err) == convo.NotFound {
		return m, unknownMessage(id)
	}
	if err == nil && (convo.SlotOf(m.Place) == 0 || actor.Session() && hiddenFromSessions(m.Type)) {
		return m, unknownMessage(id)
	}
	return m, err
}
