package convo

// Asks says how a call asks the user before it is carried out.
type Asks string

// The ways in which a call asks.
const (
	AsksNothing   Asks = ""
	AsksConfirm   Asks = "confirm"   // a confirmation of the call itself
	AsksInterrupt Asks = "interrupt" // an interrupt of the exchange, the older way
)

// Asked is what a call shows to those who approve it or carry it out.
type Asked struct {
	Asks   Asks
	Input  JSON // the schema of its arguments
	Output JSON // with RunsClient: the schema of its result; nil = any
}

// ToolAnswered says that a user answered a call that asks first. It is the only
// answer. Input is what the call runs with if it was approved: what was
// proposed, or what the user made of it.
type ToolAnswered struct {
	ID       string
	Message  string // that of its request
	Name     string
	Approved bool
	Input    JSON
}

// ToolOffered says that a call that runs in the client, and has started, is
// carried out by another socket session than before, which is gone.
type ToolOffered struct {
	ID      string
	Message string
	To      string // the socket session
}

// InterruptStarted says that a turn waits for a word of its user. At most one
// interrupt of a turn is open.
type InterruptStarted struct {
	ID      string
	Call    string // the call that it belongs to
	Message string // that of the call's request
	Type    string
	Value   JSON
}

// InterruptEnded closes an interrupt. Value is what the client answered, as it
// came; nil if nobody did: then the call expired or was cancelled.
type InterruptEnded struct {
	ID      string
	Call    string
	Message string // that of the call's request
	Value   JSON
}

// Kind implements Body.
func (ToolAnswered) Kind() EventKind { return KindToolAnswered }

// Kind implements Body.
func (ToolOffered) Kind() EventKind { return KindToolOffered }

// Kind implements Body.
func (InterruptStarted) Kind() EventKind { return KindInterruptStarted }

// Kind implements Body.
func (InterruptEnded) Kind() EventKind { return KindInterruptEnded }
