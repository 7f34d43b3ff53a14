package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/store"
)

// NewConversation is what a conversation is made from. Its messages are stored
// in order; nothing is generated.
type NewConversation struct {
	Fields   convo.Fields
	Messages []NewMessage
}

// Created is a new conversation and the messages that it was made with.
type Created struct {
	Conversation convo.Conversation
	Messages     []convo.Message
}

// CreateConversation makes a conversation of the actor's tenant.
func (e *Engine) CreateConversation(ctx context.Context, actor convo.Actor, in NewConversation, ask *Ask) (Created, error) {
	if err := e.checkCreate(ctx, actor, in); err != nil {
		return Created{}, err
	}
	key := hub.Key{Tenant: actor.Tenant, Conversation: newID()}
	var created Created
	err := e.judgedFirst(ctx, key, func(judged bool) error {
		return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
			var err error
			created, err = createConversation(tx, actor, in, judged)
			return created, err
		})
	})
	return created, err
}

// createConversation makes the conversation of a transaction.
func createConversation(tx store.Tx, actor convo.Actor, in NewConversation, judged bool) (created Created, err error) {
	at := now()
	if err := referFields(tx, &in.Fields, convo.Fields{}); err != nil {
		return created, err
	}
	if err := tx.Append(convo.Event{At: at, Origin: actor.Token, Body: convo.ConversationCreated{Fields: in.Fields}}); err != nil {
		return created, err
	}
	if said := usersTexts(in.Messages); said != "" && !judged {
		if err := mustBeJudged(tx, said, nil); err != nil {
			return created, err
		}
	}
	var types []convo.MessageType
	for _, m := range in.Messages {
		message, err := addMessage(tx, actor, m, at)
		if err != nil {
			return created, err
		}
		created.Messages, types = append(created.Messages, message), append(types, m.Type)
	}
	created.Conversation = tx.Head().Conversation
	if err := spendMessages(tx, tx.Head(), 1, types...); err != nil {
		return created, err
	}
	// Who made it sees what he said of it.
	created.Conversation.Name, created.Conversation.Description = in.Fields.Name, in.Fields.Description
	created.Conversation.AgentInput = in.Fields.AgentInput
	return created, noteConversation(tx, "create")
}

// referFields makes ids of what a conversation's fields name, where they differ
// from what they were.
func referFields(tx store.Tx, f *convo.Fields, before convo.Fields) (err error) {
	if f.BotID, err = refer(tx, "botId", convo.ObjectBot, f.BotID, before.BotID); err != nil {
		return err
	}
	if f.ContactID, err = refer(tx, "contactId", convo.ObjectContact, f.ContactID, before.ContactID); err != nil {
		return err
	}
	if f.DatasetID, err = refer(tx, "datasetId", convo.ObjectDataset, f.DatasetID, before.DatasetID); err != nil {
		return err
	}
	f.SkillsetID, err = refer(tx, "skillsetId", convo.ObjectSkillset, f.SkillsetID, before.SkillsetID)
	return err
}

func (e *Engine) checkCreate(ctx context.Context, actor convo.Actor, in NewConversation) error {
	if err := account(actor); err != nil {
		return err
	}
	if err := e.checkFields(in.Fields); err != nil {
		return err
	}
	for _, m := range in.Messages {
		if err := e.checkMessage(actor, m); err != nil {
			return err
		}
	}
	return e.checkModel(ctx, in.Fields.Model)
}

// checkModel refuses model strings that cannot work, before they are stored.
func (e *Engine) checkModel(ctx context.Context, spec *string) error {
	if spec == nil {
		return nil
	}
	_, err := e.models.Resolve(ctx, *spec)
	return err
}

// Conversation reads one.
func (e *Engine) Conversation(ctx context.Context, actor convo.Actor, id string) (convo.Conversation, error) {
	if _, err := owned(actor, id); err != nil {
		return convo.Conversation{}, err
	}
	found, err := e.store.Conversation(ctx, actor.Tenant, id)
	if err == nil {
		err = own(actor, found)
	}
	if err != nil {
		return convo.Conversation{}, err
	}
	shown := e.revealer(ctx, hub.Key{Tenant: actor.Tenant, Conversation: id})
	found.Fields = shown.fields(found.Fields)
	return found, shown.err
}

// Conversations reads a page of them, by creation.
func (e *Engine) Conversations(ctx context.Context, actor convo.Actor, l List) (Page[convo.Conversation], error) {
	return e.conversations(ctx, actor, l, "")
}

// conversations is Conversations of one contact, or of all for "".
func (e *Engine) conversations(ctx context.Context, actor convo.Actor, l List, contact string) (Page[convo.Conversation], error) {
	var page Page[convo.Conversation]
	if err := account(actor); err != nil {
		return page, err
	}
	take, err := l.take()
	if err != nil {
		return page, err
	}
	q := store.ConversationQuery{Desc: l.Desc, Limit: take, Meta: l.Meta, Contact: contact}
	list := "conversations/" + actor.Tenant
	if contact != "" {
		list += "/" + contact
	}
	if l.Cursor != "" {
		if q.After, err = e.conversationPosition(ctx, actor, list, l.Cursor); err != nil {
			return page, err
		}
	}
	if page.Items, err = e.store.Conversations(ctx, actor.Tenant, q); err != nil {
		return page, err
	}
	if n := len(page.Items); n > 0 {
		last := page.Items[n-1]
		page.Cursor = makeCursor(list, last.Created.UnixMilli(), last.ID)
	}
	return page, e.revealAll(ctx, page.Items)
}

func (e *Engine) conversationPosition(ctx context.Context, actor convo.Actor, list, cursor string) (store.Position, error) {
	ms, id, own, err := readCursor(list, cursor)
	if err != nil || own {
		return store.Position{Created: fromMillis(ms), ID: id}, err
	}
	c, err := e.store.Conversation(ctx, actor.Tenant, cursor)
	if convo.ErrorKind(err) == convo.NotFound {
		err = unknownCursor()
	}
	return store.Position{Created: c.Created, ID: c.ID}, err
}

// UpdateConversation lets change work on the conversation's fields. It may be
// called more than once, each time on what is stored.
func (e *Engine) UpdateConversation(ctx context.Context, actor convo.Actor, id string, change func(*convo.Fields), ask *Ask) error {
	key, err := owned(actor, id)
	if err != nil {
		return err
	}
	var asked convo.Fields
	change(&asked)
	if err := e.checkModel(ctx, asked.Model); err != nil {
		return err
	}
	return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		head := tx.Head()
		if head == nil {
			return nil, unknownConversation(id)
		}
		if err := own(actor, head.Conversation); err != nil {
			return nil, err
		}
		fields := head.Fields
		change(&fields)
		if err := e.checkFields(fields); err != nil {
			return nil, err
		}
		if err := referFields(tx, &fields, head.Fields); err != nil {
			return nil, err
		}
		if err := tx.Append(convo.Event{At: now(), Origin: actor.Token, Body: changed(actor, head.Fields, fields)}); err != nil {
			return nil, err
		}
		return nil, noteConversation(tx, "update")
	})
}

// changed is the change of a conversation's fields. Who gives it a name wants no
// other one: those who know of labels say so by themselves.
func changed(actor convo.Actor, before, after convo.Fields) convo.ConversationChanged {
	body := convo.ConversationChanged{Fields: after}
	if text(before.Name) != text(after.Name) {
		body.Relabelled = convo.ByCaller
		body.Fields.AutoLabel = after.AutoLabel && actor.Own
	}
	return body
}

// errBusy sends a deletion back to stop the turn that runs.
var errBusy = errors.New("a turn is running")

// DeleteConversation stops what runs in a conversation and removes it, its
// messages and its session tokens.
func (e *Engine) DeleteConversation(ctx context.Context, actor convo.Actor, id string, ask *Ask) error {
	key, err := owned(actor, id)
	if err != nil {
		return err
	}
	if actor.Own { // before anything is stopped
		if _, err := e.Conversation(ctx, actor, id); err != nil {
			return err
		}
	}
	for {
		if err := e.quiet(ctx, key); err != nil {
			return err
		}
		var closed []convo.Turn
		err := e.once(ctx, key, actor, ask, func(tx store.Tx) (_ any, err error) {
			head := tx.Head()
			if head == nil {
				return nil, unknownConversation(id)
			}
			if t := head.Active(); t != nil && e.runs(t.ID) {
				return nil, errBusy // one that was admitted just now
			}
			if closed, err = e.closeIdle(tx); err != nil {
				return nil, err
			}
			if err := noteConversation(tx, "delete"); err != nil {
				return nil, err
			}
			return nil, tx.Delete()
		})
		if errors.Is(err, errBusy) {
			continue
		}
		if err == nil && !ask.replayed() {
			e.noteStopped(closed)
			e.hub.Close(key, ErrDeleted)
		}
		return err
	}
}

// quiet ends all turns of a conversation: first those that wait, so that none
// of them starts, then the one that runs.
func (e *Engine) quiet(ctx context.Context, key hub.Key) error {
	var running string
	var closed []convo.Turn
	err := e.update(ctx, key, store.Buffered, func(tx store.Tx) (err error) {
		running, closed = "", nil // the transaction may run again
		if tx.Head() == nil {
			return nil
		}
		if t := tx.Head().Active(); t != nil {
			running = t.ID
		}
		closed, err = e.closeIdle(tx)
		return err
	})
	if err != nil {
		return err
	}
	e.noteStopped(closed)
	return e.halt(ctx, running, stoppedBy{})
}

// closeIdle ends the open turns that do not run in this process, so that those
// who read them see their end. It gives them.
func (e *Engine) closeIdle(tx store.Tx) (closed []convo.Turn, err error) {
	for _, t := range slices.Clone(tx.Head().Open) {
		if e.runs(t.ID) && t.State == convo.StateRunning {
			continue
		}
		if err := closeTurn(tx, t, convo.TurnEnded{Reason: convo.EndStopped}, ""); err != nil {
			return nil, err
		}
		closed = append(closed, t)
	}
	return closed, nil
}

// noteStopped forgets what turns waited for that were stopped without running, and
// tells the observer.
func (e *Engine) noteStopped(closed []convo.Turn) {
	for _, t := range closed {
		e.endWaits(t.ID)
		e.observer.Closed(t.Front, convo.EndStopped)
	}
}

// Usage sums what a conversation cost at or after from and before to; a zero
// time does not restrict.
func (e *Engine) Usage(ctx context.Context, actor convo.Actor, id string, from, to time.Time) (store.Usage, error) {
	if _, err := owned(actor, id); err != nil {
		return store.Usage{}, err
	}
	if to.IsZero() {
		to = now().Add(time.Hour)
	}
	return e.store.Usage(ctx, actor.Tenant, id, from, to)
}

func checkVote(value int) error {
	if value < -100 || value > 100 || value == 0 {
		return convo.Errorf(convo.Invalid, "value must be 1 to 100 for an upvote and -100 to -1 for a downvote")
	}
	return nil
}

// Rate stores a vote on a conversation, or on one of its messages.
func (e *Engine) Rate(ctx context.Context, actor convo.Actor, conversation, message string, value int, reason string, ask *Ask) error {
	key, err := owned(actor, conversation)
	if message != "" {
		key, err = within(actor, conversation)
	}
	if err != nil {
		return err
	}
	if err := checkVote(value); err != nil {
		return err
	}
	if err := e.checkText(reason); err != nil {
		return err
	}
	return e.once(ctx, key, actor, ask, func(tx store.Tx) (any, error) {
		if tx.Head() == nil {
			return nil, unknownConversation(conversation)
		}
		if message != "" {
			if _, err := visibleMessage(tx, actor, message); err != nil {
				return nil, err
			}
		}
		rated := convo.Rated{ID: newID(), Message: message, Value: value, Reason: reason}
		return nil, tx.Append(convo.Event{At: now(), Origin: actor.Token, Body: rated})
	})
}
