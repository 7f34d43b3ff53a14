package engine

import "github.com/parleyhq/parley/internal/convo"

// Said is one thing that a client says in a conversation that it has open. Its
// exchange is a turn, and Exchange, Message and Part are the ids that clients chose
// for them, or the server's own for what it made.
type Said interface{ said() }

// SaidExchange opens an exchange.
type SaidExchange struct {
	Exchange string
	Metadata convo.JSON
	Tools    []string // the tools of the agent that this client carries out
}

// SaidMessage opens a message.
type SaidMessage struct {
	Exchange, Message string
	Role              string // user, system, assistant; as the client sent it
	Meta              convo.JSON
}

// SaidPart opens a part of a message.
type SaidPart struct {
	Exchange, Message, Part string
	MediaType, Name         string
	File                    *convo.FileRef
	Meta                    convo.JSON
	Transcript              bool
}

// SaidText is a piece of a part's text, with a citation that begins or ends there.
type SaidText struct {
	Exchange, Message, Part string
	Text                    string
	Cites                   *SaidCitation
}

// SaidCitation is what a piece of text says about a citation.
type SaidCitation struct {
	ID      string
	Starts  bool
	Ends    bool
	Sources []convo.Source // with Ends
}

// SaidPartEnd closes a part.
type SaidPartEnd struct {
	Exchange, Message, Part string
	Incomplete              bool
	Meta                    convo.JSON
}

// SaidMessageEnd closes a message. If the user gave it, the turn is asked for.
type SaidMessageEnd struct{ Exchange, Message string }

// SaidStop ends an exchange, whatever it is doing.
type SaidStop struct{ Exchange string }

// SaidAnswer approves or rejects a call that asks first.
type SaidAnswer struct {
	Exchange, Call string
	Approved       bool
	Input          convo.JSON // nil = as it was proposed
}

// SaidOutput is the result of a call that a client carried out.
type SaidOutput struct {
	Exchange, Call string
	Output         convo.JSON
	Failed         bool
}

// SaidInterruptEnd answers an interrupt.
type SaidInterruptEnd struct {
	Exchange, Interrupt string
	Value               convo.JSON
}

// SaidAside is an event for the other clients: it is passed on and kept.
type SaidAside struct {
	Exchange string // "" = of the conversation
	Front    string
	Body     convo.JSON
}

// Saying is a client's piece of work: what it says, in order.
type Saying struct {
	Front string
	From  string // the socket session, the origin of the events
	Said  []Said
}

func (SaidExchange) said()     {}
func (SaidMessage) said()      {}
func (SaidPart) said()         {}
func (SaidText) said()         {}
func (SaidPartEnd) said()      {}
func (SaidMessageEnd) said()   {}
func (SaidStop) said()         {}
func (SaidAnswer) said()       {}
func (SaidOutput) said()       {}
func (SaidInterruptEnd) said() {}
func (SaidAside) said()        {}
