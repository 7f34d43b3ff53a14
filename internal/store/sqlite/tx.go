package sqlite

import (
	"math"
	"slices"

	"zombiezen.com/go/sqlite"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/store"
)

// restartSkip is how many numbers a conversation skips after the machine was
// restarted: more than can have been lost with the power.
const restartSkip = 1_000_000

// maxSeq leaves room for a skip below the end of the numbers that a row id has
// place for.
const maxSeq = math.MaxUint32 - 2*restartSkip

// tx is what one Update does. It is written only when the update's function has
// returned without an error: until then its steps are kept here, and reads look
// here first. So a function that fails costs the others of its batch nothing.
type tx struct {
	w   *writer
	key key

	conversation *conversation // as it will be; nil if it does not exist
	stored       bool          // the database has this conversation, with this number
	owned        bool          // conversation is this tx's own, not the cache's
	lastSeq      int64         // of the cached one, before this tx

	appended []convo.Event
	steps    []step
	deleted  bool
	gone     []int64 // conversations to delete, before the steps

	messages map[string]*convo.Message // written here; nil = deleted
	turns    map[string]*convo.Turn
	slotted  map[string]int64    // slots of turns that started here
	texts    map[string]soFar    // of messages whose pieces are among the steps
	aliases  map[aliasKey]string // given here; "" = taken away
	summed   int                 // steps that texts has taken in
	inputs   map[string][]byte
	tokens   []convo.Token
	requests map[convo.RequestID]convo.Request

	rated *convo.Turn // has ended, and the event that is appended is a vote on it

	published  []*publication
	dispatches []convo.Dispatch
	objects    objectChanges
	files      map[string]*convo.File // added, used or released here
	added      map[string]bool        // those of them that are new
	records    recordSets
	vault      [][]byte
	spent      []convo.Spent
	notes      []convo.Entry
}

// step is one event to write.
type step struct {
	event  convo.Event
	effect convo.Effect
	turn   turnRef
}

func (t *tx) conn() *sqlite.Conn { return t.w.conn }

// begin finds the conversation.
func (t *tx) begin() error {
	t.conversation = t.w.heads.get(t.key)
	if t.conversation == nil {
		c, err := readHead(t.conn(), t.w.texts, t.key)
		if err != nil {
			return err
		}
		if c != nil {
			c.head.LastSeq = max(c.head.LastSeq, t.w.pieces.last(c.id))
			t.w.heads.put(t.key, c)
		}
		t.conversation = c
	}
	if t.conversation != nil {
		t.stored, t.lastSeq = true, t.conversation.head.LastSeq
	}
	return nil
}

// giveUp takes back what was changed in the cache.
func (t *tx) giveUp() {
	if t.stored && !t.owned {
		t.conversation.head.LastSeq = t.lastSeq
	}
}

// Head implements store.Tx.
func (t *tx) Head() *convo.Head {
	if t.conversation == nil {
		return nil
	}
	return &t.conversation.head
}

// Append implements store.Tx.
func (t *tx) Append(e convo.Event) error {
	if e.Body == nil {
		return convo.Errorf(convo.Internal, "an event has no body")
	}
	e.At = fromMilli(e.At.UnixMilli())
	if _, ok := e.Body.(convo.ConversationCreated); ok {
		return t.create(e)
	}
	if t.conversation == nil {
		return noConversation(t.key.id)
	}
	if t.conversation.head.LastSeq >= maxSeq {
		return convo.Errorf(convo.Conflict, "conversation %q is full: begin a new one", t.key.id)
	}
	if err := t.check(e); err != nil {
		return err
	}
	if t.conversation.epoch != t.w.epoch {
		t.own()
		t.conversation.epoch = t.w.epoch
		last := t.conversation.head.LastSeq
		t.add(convo.Event{
			Seq: last + restartSkip, At: e.At, Body: convo.Restarted{From: last + 1, To: last + restartSkip},
		})
	}
	if _, ok := e.Body.(convo.Delta); !ok {
		t.own()
	}
	e.Seq = t.conversation.head.LastSeq + 1
	t.add(e)
	return nil
}

func (t *tx) create(e convo.Event) error {
	if t.conversation != nil {
		return conversationExists(t.key.id)
	}
	t.w.lastConversation++
	t.conversation = &conversation{id: t.w.lastConversation, epoch: t.w.epoch}
	t.conversation.head.Tenant, t.conversation.head.ID = t.key.tenant, t.key.id
	t.owned, t.stored = true, false
	e.Seq = 1
	t.add(e)
	return nil
}

// own makes a copy of the cached conversation before its first change. Deltas
// change the last number only, which giveUp can take back: they need no copy.
func (t *tx) own() {
	if t.owned {
		return
	}
	t.owned = true
	c := *t.conversation
	c.head.Open = slices.Clone(c.head.Open)
	t.conversation.head.LastSeq = t.lastSeq
	t.conversation = &c
}

// add applies a numbered event to what this tx knows.
func (t *tx) add(e convo.Event) {
	head := &t.conversation.head
	ref := t.turnRef(e)
	effect := head.Project(e)
	if ref.opened == 0 {
		ref = t.turnRef(e) // it may have been opened just now
		ref.sameOrigin = false
	}
	t.appended = append(t.appended, e)
	t.steps = append(t.steps, step{event: e, effect: effect, turn: ref})
	if effect.Turn != nil {
		put(&t.turns, effect.Turn.ID, effect.Turn)
	}
	if effect.Slotted != nil {
		t.slot(effect.Slotted)
	}
	t.follow(e)
	if effect.Message != nil {
		put(&t.messages, effect.Message.ID, effect.Message)
	}
}

// follow takes in what an event says beside its effect.
func (t *tx) follow(e convo.Event) {
	switch b := e.Body.(type) {
	case convo.TurnOpened:
		t.name(aliasKey{alias: b.Alias}, e.Turn)
	case convo.MessageStarted:
		t.name(aliasKey{true, e.Turn, b.Alias}, b.ID)
	case convo.MessageGiven:
		t.name(aliasKey{true, e.Turn, b.Alias}, b.ID)
	case convo.Rated:
		if t.rated != nil {
			t.rated.Rate(e.Seq, b)
			put(&t.turns, t.rated.ID, t.rated)
			t.rated = nil
		}
	}
}

// put writes into a map that is made when it is needed.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}

func (t *tx) turnRef(e convo.Event) turnRef {
	if e.Turn == "" {
		return turnRef{}
	}
	if turn := t.conversation.head.Turn(e.Turn); turn != nil {
		return turnRef{opened: turn.OpenedSeq, sameOrigin: e.Origin != "" && e.Origin == turn.Origin}
	}
	return turnRef{id: e.Turn}
}

// slot moves messages that were given to a turn to the slot that it took.
func (t *tx) slot(turn *convo.Turn) {
	put(&t.slotted, turn.ID, turn.Slot)
	for _, m := range t.messages {
		if m != nil {
			t.place(m)
		}
	}
	for _, s := range t.steps { // a message that was changed since is another one in messages
		if s.effect.Message != nil {
			t.place(s.effect.Message)
		}
	}
}

func (t *tx) place(m *convo.Message) {
	if slot, ok := t.slotted[m.Turn]; ok && convo.SlotOf(m.Place) == 0 {
		m.Place |= convo.Place(slot, 0)
	}
}

// message finds a message, with what this tx did to it; nil if there is none.
func (t *tx) message(id string) (*convo.Message, error) {
	if m, ok := t.messages[id]; ok {
		return m, nil
	}
	if t.conversation == nil || !t.stored {
		return nil, nil
	}
	m, ok, err := newMessageReader(t.conn(), t.w.texts, t.conversation.id, t.key.id).one(id)
	if err != nil || !ok {
		return nil, err
	}
	t.place(&m)
	return &m, nil
}

// Message implements store.Tx.
func (t *tx) Message(id string) (convo.Message, error) {
	m, err := t.message(id)
	if err != nil {
		return convo.Message{}, err
	}
	if m == nil {
		return convo.Message{}, noMessage(id)
	}
	return *m, nil
}

// Turn implements store.Tx.
func (t *tx) Turn(id string) (convo.Turn, error) {
	turn, err := t.turn(id)
	if err != nil {
		return convo.Turn{}, err
	}
	if turn == nil {
		return convo.Turn{}, noTurn(id)
	}
	copied := *turn
	copied.Calls = slices.Clone(turn.Calls) // the head's own are in use
	return copied, nil
}

// turn finds a turn, with what this tx did to it; nil if there is none.
func (t *tx) turn(id string) (*convo.Turn, error) {
	if turn, ok := t.turns[id]; ok {
		return turn, nil
	}
	if t.conversation == nil {
		return nil, nil
	}
	if turn := t.conversation.head.Turn(id); turn != nil || !t.stored {
		return turn, nil
	}
	turn, ok, err := (&turnReader{t.conn(), t.w.texts, t.key.tenant, t.key.id}).one(t.conversation.id, id)
	if err != nil || !ok {
		return nil, err
	}
	return &turn, nil
}

// Delete implements store.Tx.
func (t *tx) Delete() error {
	if t.conversation == nil {
		return noConversation(t.key.id)
	}
	t.giveUp()
	if t.stored {
		t.gone = append(t.gone, t.conversation.id)
	}
	t.conversation, t.stored, t.owned = nil, false, true
	t.steps, t.messages, t.turns, t.slotted = nil, nil, nil, nil // nothing of it will be left
	t.texts, t.summed, t.inputs, t.dispatches, t.aliases, t.files, t.added, t.vault = nil, 0, nil, nil, nil, nil, nil, nil
	t.deleted = true
	t.tokens = slices.DeleteFunc(t.tokens, func(token convo.Token) bool {
		return token.Tenant == t.key.tenant && token.Conversation == t.key.id
	})
	return nil
}

// PutToken implements store.Tx.
func (t *tx) PutToken(token convo.Token) error {
	for _, other := range t.tokens {
		if other.Hash == token.Hash || other.Tenant == token.Tenant && other.ID == token.ID {
			return tokenExists()
		}
	}
	if err := checkToken(t.conn(), token); err != nil {
		return err
	}
	t.tokens = append(t.tokens, token)
	return nil
}

// Request implements store.Tx.
func (t *tx) Request(id convo.RequestID) (convo.Request, bool, error) {
	if r, ok := t.requests[id]; ok {
		return r, true, nil
	}
	return readRequest(t.conn(), id)
}

// PutRequest implements store.Tx.
func (t *tx) PutRequest(r convo.Request) error {
	r.Created = fromMilli(r.Created.UnixMilli())
	put(&t.requests, r.ID, r)
	return nil
}

var _ store.Tx = (*tx)(nil)
