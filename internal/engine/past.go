package engine

import (
	"container/list"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
	"github.com/parleyhq/parley/internal/model"
)

// past is the history of a conversation in which nothing runs, as a prompt
// needs it. It is good as long as the conversation's log has not grown, which
// only a transaction can tell; so it may be kept, and be wrong, at no risk.
type past struct {
	head     convo.Head // when it was read; of one that is kept, only what a prompt needs
	reach    reach      // as load was asked
	from     int64      // where the history begins
	messages []convo.Message
	notes    map[string]note
	recalled bool // from memory, so it may be old
}

// recall gives the past of a conversation, from memory unless it has to be
// fresh, with the configuration and the model that answer. The past is nil while turns are open: what
// the next prompt will hold is not known then.
func (e *Engine) recall(ctx context.Context, key hub.Key, fresh bool) (*past, convo.Head, model.Choice, error) {
	if p := e.pasts.get(key); p != nil && !fresh {
		head, choice, err := e.choose(ctx, p.head)
		if err == nil && p.reach == reachOf(choice) {
			return p, head, choice, nil
		}
	}
	head, err := e.store.Head(ctx, key.Tenant, key.Conversation)
	if err != nil {
		return nil, head, model.Choice{}, err
	}
	p := &past{head: head}
	head, choice, err := e.choose(ctx, head)
	if err != nil || len(head.Open) > 0 {
		return nil, head, choice, err
	}
	p.reach = reachOf(choice)
	if p.messages, p.from, err = e.load(ctx, head, head.NextSlot, p.reach); err != nil {
		return nil, head, choice, err
	}
	p.notes, err = e.loadNotes(ctx, head, p.messages)
	return p, head, choice, err
}

// holds reports whether nothing was written since, and nothing runs.
func (p *past) holds(head *convo.Head) bool {
	return len(head.Open) == 0 && head.LastSeq == p.head.LastSeq && head.Created.Equal(p.head.Created)
}

// then is the past after a turn that nothing came between: it had these
// messages, and its prompt began at that place.
func (p *past) then(head convo.Head, turn convo.Turn, messages []convo.Message) *past {
	head.Open, head.Fields = nil, convo.Fields{
		BotID: head.BotID, ContactID: head.ContactID, Config: head.Config, Agenda: convo.Agenda{Owner: head.Owner, AgentInput: head.AgentInput},
	}
	next := &past{head: head, reach: p.reach, from: head.ContextFrom, notes: maps.Clone(p.notes), recalled: true}
	if next.notes == nil {
		next.notes = map[string]note{}
	}
	if len(messages) > 0 { // what marks the place of the note
		next.notes[turn.ID] = note{at: turn.Started, zone: turn.Zone}
	}
	next.messages = slices.Concat(p.messages, messages)
	next.trim()
	return next
}

// trim leaves out what no later prompt will hold.
func (p *past) trim() {
	first := 0
	if p.reach.latest > 0 {
		first = max(len(p.messages)-p.reach.latest, 0)
	}
	kept := p.messages[:0]
	for i, m := range p.messages {
		if i >= first && m.Place >= p.from || pinned(m.Type) {
			kept = append(kept, m)
			continue
		}
		delete(p.notes, m.Turn)
	}
	clear(p.messages[len(kept):])
	p.messages = kept
}

// size is about how many bytes a past holds.
func (p *past) size() int {
	n := convo.Event{Body: convo.ConversationCreated{Fields: p.head.Fields}}.Size() + 1024
	for _, m := range p.messages {
		n += len(m.Text) + len(m.Meta) + 512*(1+len(m.Parts)) // their structs and ids
	}
	return n + 128*len(p.notes)
}

// pastsBytes bounds what is kept in memory of all conversations.
const pastsBytes = 32 << 20

// pasts remembers the conversations that were spoken in last, so that a turn
// that follows another soon reads nothing.
type pasts struct {
	mu    sync.Mutex
	byKey map[hub.Key]*list.Element
	order *list.List // of *kept, the last used first
	bytes int
}

type keptPast struct {
	key  hub.Key
	past *past
	size int
}

func newPasts() *pasts {
	return &pasts{byKey: map[hub.Key]*list.Element{}, order: list.New()}
}

func (c *pasts) get(key hub.Key) *past {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.byKey[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*keptPast).past
}

// put keeps a past, in place of an earlier one, and forgets those that were not
// used for the longest time. One that is large would take the place of too many.
func (c *pasts) put(key hub.Key, p *past) {
	size := p.size()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.byKey[key])
	if size > pastsBytes/8 {
		return
	}
	c.byKey[key] = c.order.PushFront(&keptPast{key, p, size})
	for c.bytes += size; c.bytes > pastsBytes; {
		c.remove(c.order.Back())
	}
}

// drop forgets what may not stay in memory, because it was changed or deleted.
func (c *pasts) drop(key hub.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(c.byKey[key])
}

func (c *pasts) remove(element *list.Element) {
	if element == nil {
		return
	}
	kept := c.order.Remove(element).(*keptPast)
	delete(c.byKey, kept.key)
	c.bytes -= kept.size
}
