package convo

import "time"

// JSON is a JSON text kept as it was sent, numbers included. nil means absent.
type JSON []byte

// Fields is what callers may set on a conversation. A nil pointer means that
// the field was never given or was cleared; a stored false or "" is a value.
type Fields struct {
	Name        *string
	Description *string
	Meta        JSON // an object, at most 64 KiB

	BotID     *string
	ContactID *string
	TaskID    *string
	SpaceID   *string

	// Channel is set on a hidden conversation: the id of the channel that shows
	// its one turn. It is in no list, export or total, and goes with the channel.
	Channel *string

	Agenda

	Config
}

// Agenda is what live sessions add to a conversation's fields. A conversation's
// label is its Name.
type Agenda struct {
	Owner      *string // the user whose conversation it is; nil = the tenant's service user
	AutoLabel  bool    // an empty Name is made from the first exchange
	AgentInput JSON    // an object, below 4000 bytes: context for the model in every turn
	TraceID    *string // 32 hex digits
	JobKey     *string // kept for callers, without effect, as is what follows
	LocalJob   *bool
	JobStart   JSON
}

// Config is what decides how a turn answers. It stands on conversations and
// on turns without one.
type Config struct {
	Model      *string // a model string, verbatim; nil = the server's default
	Backstory  *string
	DatasetID  *string
	SkillsetID *string
	Privacy    *bool // what says something of a person is kept from the model
	Moderation *bool // what users say is judged before anything is done with it
	// Unmasked lets through what cannot be masked, although Privacy is on: images,
	// recordings and files that hold no text.
	Unmasked *bool
}

// Conversation is the projection that reads are served from.
type Conversation struct {
	Tenant string
	ID     string
	Fields
	Created time.Time
	Updated time.Time // moved by changes, messages and turns
	Active  time.Time // moved by its creation and by turns, when they are queued and when they end
}

// Head is a conversation as a writer sees it inside a transaction: with the
// end of its log and its turns that have not ended.
type Head struct {
	Conversation
	LastSeq  int64 // number of the last event
	NextSlot int64 // the slot that the next turn or outside message takes
	// ContextFrom is the place from which the history went into the last
	// prompt; 0 = from the start. It only moves when the model's window is full,
	// so that prompts keep their beginning.
	ContextFrom int64
	// Sources is the last number that a source got. It only grows, also when what
	// names the source is deleted, so that a number never means two things.
	Sources int
	Open    []Turn // not ended, in the order in which they were opened
}

// Active is the turn that runs or waits, if there is one. A conversation has
// at most one.
func (h *Head) Active() *Turn {
	for i := range h.Open {
		if s := h.Open[i].State; s == StateRunning || s == StateWaiting {
			return &h.Open[i]
		}
	}
	return nil
}

// NextQueued is the turn that starts when the active one has ended: that of the
// queued ones which was queued first.
func (h *Head) NextQueued() *Turn {
	var next *Turn
	for i := range h.Open {
		t := &h.Open[i]
		if t.State == StateQueued && (next == nil || t.QueuedSeq < next.QueuedSeq) {
			next = t
		}
	}
	return next
}

// Turn gives the open turn with that id, or nil.
func (h *Head) Turn(id string) *Turn {
	for i := range h.Open {
		if h.Open[i].ID == id {
			return &h.Open[i]
		}
	}
	return nil
}
