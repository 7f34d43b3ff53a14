package convo

// The kinds of events of tool calls.
const (
	KindToolRequested EventKind = 20
	KindToolStarted   EventKind = 21
	KindToolEnded     EventKind = 22
)

// Runner says who carries out a call.
type Runner string

// Those who carry out calls.
const (
	RunsServer  Runner = "server"  // a tool of the server, or a result that came with the function
	RunsCaller  Runner = "caller"  // the turn ends, and its caller comes back with a result
	RunsChannel Runner = "channel" // the next message that is published on a channel
	RunsClient  Runner = "client"  // a client that has the conversation open
	RunsUser    Runner = "user"    // the user, whose answer to its interrupt is the result
)

// ToolOutcome says how a call ended.
type ToolOutcome string

// The ways in which a call ends. The output of one that failed, was cancelled or
// interrupted is an object with the member "error", unless the client that carried
// it out said something else; that of one which was rejected or expired has the
// member "meta".
const (
	ToolDone        ToolOutcome = "done"
	ToolFailed      ToolOutcome = "failed"
	ToolCancelled   ToolOutcome = "cancelled"   // its turn was stopped
	ToolInterrupted ToolOutcome = "interrupted" // the process died while it ran
	ToolRejected    ToolOutcome = "rejected"    // the user said no
	ToolExpired     ToolOutcome = "expired"     // nobody answered in time
)

// ToolRequested says that a call is to be made. Message is the activity message
// that it makes, at Place; its other fields make the message's meta. All calls
// of one answer are requested in one transaction.
type ToolRequested struct {
	ID        string
	Message   string
	Place     int64
	Name      string
	Arguments JSON // an object
	Runs      Runner
	Channel   string // with RunsChannel
	Signature string // what the model's provider wants back with the call; opaque
	Asked     Asked  // what it shows to those who answer it
}

// ToolStarted says that a call is being carried out: from here on it is never
// begun again. Message is that of its request.
type ToolStarted struct {
	ID      string
	Message string
	Name    string
	Channel string // with RunsChannel
	Input   JSON   // what it really runs with
	To      string // with RunsClient: the socket session that carries it out; "" = none yet
}

// ToolEnded closes a call. Message is the activity message that it makes, at
// Place. It repeats what was asked, so that a reader who starts here needs
// nothing that came before.
type ToolEnded struct {
	ID        string
	Message   string
	Place     int64
	Name      string
	Arguments JSON
	Channel   string // with RunsChannel, if its wait had begun
	Output    JSON   // any JSON value
	Outcome   ToolOutcome
	Sources   Numbers // of the sources that the output names
}

// OpenCall is a call of a turn that was requested and has not ended.
type OpenCall struct {
	ID        string
	Message   string // the activity message of its request
	Name      string
	Arguments JSON // what it is to run with; nil if that message was deleted
	Runs      Runner
	Channel   string
	Seq       int64 // the number of its request
	Started   int64 // Unix milliseconds; 0 = not yet
	Asks      Asks
	Answered  int64  // Unix milliseconds of its approval or rejection; 0 = not yet
	Approved  bool   // if Answered is not 0
	Interrupt string // the open interrupt that asks for it; "" = none
	To        string // with RunsClient: the socket session that carries it out
	InputSeq  int64  // the number of the answer whose input took the place of the request's; 0 = none did
}

// Open is the call that the request makes, whose event has that number.
func (b ToolRequested) Open(seq int64) OpenCall {
	return OpenCall{
		ID: b.ID, Message: b.Message, Name: b.Name, Arguments: b.Arguments, Runs: b.Runs, Channel: b.Channel, Seq: seq,
		Asks: b.Asked.Asks,
	}
}

// Call gives the open call with that id, or nil.
func (t *Turn) Call(id string) *OpenCall {
	for i := range t.Calls {
		if t.Calls[i].ID == id {
			return &t.Calls[i]
		}
	}
	return nil
}

// Kind implements Body.
func (ToolRequested) Kind() EventKind { return KindToolRequested }

// Kind implements Body.
func (ToolStarted) Kind() EventKind { return KindToolStarted }

// Kind implements Body.
func (ToolEnded) Kind() EventKind { return KindToolEnded }

// Start says that the call begins.
func (c OpenCall) Start() ToolStarted {
	return ToolStarted{ID: c.ID, Message: c.Message, Name: c.Name, Channel: c.Channel, Input: c.Arguments}
}

// Ended is the call's end, still without a place.
func (c OpenCall) Ended(message string, output JSON, outcome ToolOutcome) ToolEnded {
	ended := ToolEnded{
		ID: c.ID, Message: message, Name: c.Name, Arguments: c.Arguments, Output: output, Outcome: outcome,
	}
	if c.Started != 0 {
		ended.Channel = c.Channel
	}
	return ended
}
