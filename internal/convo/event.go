package convo

import "time"

// EventKind names a kind of event. Its number is stored: it never changes and
// is never used again. Those of tools are in tool.go, those of parts and
// approvals in part.go; 31 to 39 are free.
type EventKind uint8

// The kinds of events, by the type of their body.
const (
	KindConversationCreated EventKind = 1
	KindConversationChanged EventKind = 2
	KindTurnOpened          EventKind = 3
	KindTurnQueued          EventKind = 4
	KindTurnStarted         EventKind = 5
	KindTurnWaiting         EventKind = 6
	KindTurnResumed         EventKind = 7
	KindTurnEnded           EventKind = 8
	KindMessageGiven        EventKind = 9
	KindMessageStarted      EventKind = 10
	KindDelta               EventKind = 11
	KindMessageEnded        EventKind = 12
	KindMessageChanged      EventKind = 13
	KindMessageDeleted      EventKind = 14
	KindModelAsked          EventKind = 15
	KindModelAnswered       EventKind = 16
	KindRated               EventKind = 17
	KindRestarted           EventKind = 18
)

// Event is one entry of a conversation's log.
type Event struct {
	Seq    int64     // given by the store; 0 in a turn without a conversation
	At     time.Time // UTC, millisecond precision
	Turn   string    // the turn it belongs to, or ""
	Origin string    // the token or session that caused it; "" = the server
	Body   Body
}

// Body is what an event says: one of the types below.
type Body interface{ Kind() EventKind }

// Size is about how many bytes an event holds beside its struct.
func (e Event) Size() int {
	switch b := e.Body.(type) {
	case Delta:
		return len(b.Text)
	case MessageGiven:
		return len(b.Text) + b.Fields.size() + sizeOfParts(b.Parts)
	case MessageEnded:
		return len(b.Text) + len(b.Meta) + sizeOfParts(b.Parts) + sizeOfCitations(b.Citations)
	case MessageChanged:
		return sizeOf(b.Text) + b.Fields.size()
	case ConversationCreated:
		return b.Fields.size()
	case ConversationChanged:
		return b.Fields.size()
	case Rated:
		return len(b.Reason)
	case TurnWaiting:
		size := 0
		for _, call := range b.Left {
			size += call.size()
		}
		return size
	case ToolRequested:
		return b.size()
	case ToolStarted:
		return len(b.Input)
	case ToolEnded:
		return len(b.Arguments) + len(b.Output)
	}
	return e.sizeInSession()
}

// sizeInSession is Size for the events of live sessions.
func (e Event) sizeInSession() int {
	switch b := e.Body.(type) {
	case TurnOpened:
		return len(b.Metadata)
	case MessageStarted:
		return len(b.Meta)
	case PartStarted:
		return sizeOfParts([]Part{b.Part})
	case PartEnded:
		return len(b.Meta)
	case Cited:
		return sizeOfCitations([]Citation{b.Citation})
	case ToolAnswered:
		return len(b.Input)
	case InterruptStarted:
		return len(b.Value)
	case InterruptEnded:
		return len(b.Value)
	case PassedOn:
		return len(b.Body)
	}
	return 0
}

func (b ToolRequested) size() int {
	return len(b.Arguments) + len(b.Signature) + len(b.Asked.Input) + len(b.Asked.Output)
}

func sizeOfParts(parts []Part) int {
	size := 0
	for _, p := range parts {
		size += len(p.ID) + len(p.Alias) + len(p.Name) + len(p.MediaType) + len(p.Meta) + sizeOfCitations(p.Citations)
		if p.File != nil {
			size += len(p.File.URI)
		}
	}
	return size
}

func sizeOfCitations(citations []Citation) int {
	size := 0
	for _, c := range citations {
		for _, s := range c.Sources {
			size += len(s.Title) + len(s.URL) + len(s.MediaType) + len(s.DownloadURL) + len(s.PageNumber) + len(s.Origin) + len(s.File)
		}
	}
	return size
}

func (f MessageFields) size() int { return sizeOf(f.Name) + sizeOf(f.Description) + len(f.Meta) }

func (f Fields) size() int {
	return sizeOf(f.Name) + sizeOf(f.Description) + len(f.Meta) +
		sizeOf(f.BotID) + sizeOf(f.ContactID) + sizeOf(f.TaskID) + sizeOf(f.SpaceID) + sizeOf(f.Channel) +
		sizeOf(f.Model) + sizeOf(f.Backstory) + sizeOf(f.DatasetID) + sizeOf(f.SkillsetID) +
		sizeOf(f.Owner) + len(f.AgentInput) + len(f.JobStart)
}

func sizeOf(s *string) int {
	if s == nil {
		return 0
	}
	return len(*s)
}

// ConversationCreated is event 1 of every log.
type ConversationCreated struct{ Fields Fields }

// ConversationChanged holds all fields as they are after the change. Relabelled
// says that its name changed, and how.
type ConversationChanged struct {
	Fields     Fields
	Relabelled Relabelled
}

// Relabelled says whether a conversation's name changed, and who chose the new one.
type Relabelled string

// Who chose a conversation's new name.
const (
	NotRelabelled Relabelled = ""
	ByCaller      Relabelled = "caller"
	ByModel       Relabelled = "model" // it was made from what was said
)

// TurnOpened says that somebody asked for a turn, and through which front.
type TurnOpened struct {
	Front      string
	Zone       string // IANA time zone of the caller
	Background bool   // nobody waits for it: after a crash it goes on, once
	Alias      string // the id that the client chose, unique among the conversation's turns; "" = none
	Metadata   JSON   // of the exchange, as the client sent it
	Implied    bool   // by what came after its start, which the client lost
}

// TurnQueued says that the turn's input is complete: it is durable and will run.
type TurnQueued struct{}

// TurnStarted gives the turn its slot. Messages that were given to the turn
// before take their places in it.
type TurnStarted struct{ Slot int64 }

// TurnWaiting says that the turn waits for somebody outside; it holds nothing
// that a restart would lose. Answered is the end of the model call whose tool
// calls it waits for; it is logged when they have ended. Left are calls of the
// same answer that are left to the caller: they are requested after that, with
// the messages that they name here, at places that they get then.
type TurnWaiting struct {
	Answered *ModelAnswered
	Left     []ToolRequested
}

// TurnResumed says that a waiting turn runs again, or, with Rerun, one in the
// background that the process left when it died.
type TurnResumed struct{ Rerun bool }

// TurnEnded closes a turn. Nothing of the turn follows it.
type TurnEnded struct {
	Reason  EndReason
	Usage   Usage
	Failure *Failure // with EndFailed
}

// MessageGiven is a whole message from outside. If it belongs to a turn that
// has not started, Place is its index in the turn, in slot 0; the slot is added
// by TurnStarted, and until then the message is in no list.
//
// Parts are its parts, whole; nil = its text is its only one.
type MessageGiven struct {
	ID     string
	Place  int64
	Fields MessageFields
	Text   string
	Alias  string // the id that the client chose, unique in its turn; "" = none
	Parts  []Part
	// Sources are the numbers of the passages that it shows, of a message that a
	// turn made of what it found.
	Sources Numbers
}

// OfTurn reports whether the message, which is one of a turn, was made by the turn
// itself, of what it looked up: what a turn is asked with is given before the turn
// has a slot. It is made for the model, and only some fronts show it.
func (b MessageGiven) OfTurn() bool {
	return b.Fields.Type == Context && b.Alias == "" && SlotOf(b.Place) > 0
}

// MessageStarted opens a message that comes piece by piece as deltas. One of a
// client, whose turn has not started, has its index in slot 0 as its place, as
// MessageGiven has.
type MessageStarted struct {
	ID    string
	Place int64
	Type  MessageType
	Alias string // the id that the client chose, unique in its turn; "" = none
	Meta  JSON   // as the client sent it
}

// Delta is a piece of a message's text. It repeats the message's type, so that
// a reader who starts here needs nothing that came before. It ends on a whole
// character.
type Delta struct {
	Message string
	Type    MessageType
	Text    string
	Part    string // the part that it belongs to; "" = the message's only one
}

// MessageEnded closes a message that came piece by piece, and gives it the
// place that its start named. Text is the concatenation of its deltas.
type MessageEnded struct {
	ID         string
	Place      int64
	Type       MessageType
	Text       string
	Meta       JSON
	Incomplete bool
	Alias      string     // that of its start
	Parts      []Part     // nil = its text is its only one
	Citations  []Citation // of its only part
}

// MessageChanged holds the fields as they are after the change, and the new
// text, or nil where the text stays.
type MessageChanged struct {
	ID     string
	Fields MessageFields
	Text   *string
}

// MessageDeleted says that a message is gone. Its text is erased from the
// events before; they stay, empty, and keep their numbers.
type MessageDeleted struct{ ID string }

// ModelAsked says that a model call is open. From is the place from which the
// history went into the prompt, Prompt about how many tokens it has. Force is the
// function that the model has to call, or "".
type ModelAsked struct {
	Model  string
	From   int64
	Prompt int64
	Force  string
}

// ModelAnswered closes a model call.
type ModelAnswered struct {
	Model      string
	Usage      Usage
	FirstToken time.Duration // from the call to its first token; 0 = none came
	Took       time.Duration
}

// Rated is a vote. Message is "" for a vote on the whole conversation, or on the
// turn that its event belongs to.
type Rated struct {
	ID      string
	Message string
	Value   int
	Reason  string
}

// Restarted says that the numbers From to To were skipped, because the machine
// restarted and events with those numbers, which somebody may have seen, may
// have been lost with the power.
type Restarted struct{ From, To int64 }

// Kind implements Body.
func (ConversationCreated) Kind() EventKind { return KindConversationCreated }

// Kind implements Body.
func (ConversationChanged) Kind() EventKind { return KindConversationChanged }

// Kind implements Body.
func (TurnOpened) Kind() EventKind { return KindTurnOpened }

// Kind implements Body.
func (TurnQueued) Kind() EventKind { return KindTurnQueued }

// Kind implements Body.
func (TurnStarted) Kind() EventKind { return KindTurnStarted }

// Kind implements Body.
func (TurnWaiting) Kind() EventKind { return KindTurnWaiting }

// Kind implements Body.
func (TurnResumed) Kind() EventKind { return KindTurnResumed }

// Kind implements Body.
func (TurnEnded) Kind() EventKind { return KindTurnEnded }

// Kind implements Body.
func (MessageGiven) Kind() EventKind { return KindMessageGiven }

// Kind implements Body.
func (MessageStarted) Kind() EventKind { return KindMessageStarted }

// Kind implements Body.
func (Delta) Kind() EventKind { return KindDelta }

// Kind implements Body.
func (MessageEnded) Kind() EventKind { return KindMessageEnded }

// Kind implements Body.
func (MessageChanged) Kind() EventKind { return KindMessageChanged }

// Kind implements Body.
func (MessageDeleted) Kind() EventKind { return KindMessageDeleted }

// Kind implements Body.
func (ModelAsked) Kind() EventKind { return KindModelAsked }

// Kind implements Body.
func (ModelAnswered) Kind() EventKind { return KindModelAnswered }

// Kind implements Body.
func (Rated) Kind() EventKind { return KindRated }

// Kind implements Body.
func (Restarted) Kind() EventKind { return KindRestarted }
