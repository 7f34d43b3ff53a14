package convo

import "time"

// TurnState is where a turn is in its life.
type TurnState string

// The states of a turn, in the order in which it passes through them. A turn
// that is waiting runs again when it is answered.
const (
	StateOpen    TurnState = "open"   // its input is not complete yet
	StateQueued  TurnState = "queued" // durable; runs when those before it have ended
	StateRunning TurnState = "running"
	StateWaiting TurnState = "waiting" // for an approval or a result; holds nothing in memory
	StateEnded   TurnState = "ended"
)

// EndReason says how a turn ended.
type EndReason string

// The ways in which a turn ends.
const (
	EndDone        EndReason = "done"
	EndLength      EndReason = "length"      // cut by a token or text limit
	EndStopped     EndReason = "stopped"     // by a caller, a deletion or a shutdown
	EndFailed      EndReason = "failed"      // Failure says why
	EndInterrupted EndReason = "interrupted" // the process died while the model answered
	EndCaller      EndReason = "caller"      // a call without a result is left to the caller
	EndLimit       EndReason = "limit"       // iterations or calls used up
)

// Failure is what a caller may know about a turn that failed.
type Failure struct {
	Kind       Kind
	Message    string
	RetryAfter time.Duration
	Code       string // why it was refused, in the engine's words; "" = it failed while it ran
}

// Turn is one run of the model in a conversation.
type Turn struct {
	Tenant       string
	Conversation string
	ID           string
	Front        string // through which front it was asked: "chatbotkit", …
	Origin       string // which token or socket session asked
	Alias        string // the id that the client chose, unique among the conversation's turns; "" = none
	Metadata     JSON   // of the exchange, as the client sent it
	Implied      bool   // opened by what came after its start, which the client lost
	State        TurnState
	Slot         int64  // 0 until it starts
	Next         int64  // index in the slot that its next message takes
	ContextFrom  int64  // the place from which the history went into its prompt; 0 = from the start
	Zone         string // IANA time zone of the caller; "" = UTC
	Reason       EndReason
	Failure      *Failure
	Usage        Usage
	Rating       int // the last vote on it: 1, -1; 0 = none
	RatingReason string
	RatedSeq     int64 // the number of that vote's event; 0 = none
	Background   bool
	Reruns       int        // how often it went on after a crash
	Calls        []OpenCall // requested and not ended, in their order
	Coming       []Coming   // what its client is saying, until it starts
	OpenedSeq    int64      // the number of its first event
	QueuedSeq    int64      // while it is queued: the number of the event that says so
	Opened       time.Time
	Started      time.Time // the time of day that its prompt names
	Ended        time.Time
}

// Tokens is a count of tokens and whether it is the provider's or our estimate.
type Tokens struct {
	N         int64
	Estimated bool
}

// Add sums two counts; the sum is an estimate if either is.
func (t Tokens) Add(u Tokens) Tokens {
	return Tokens{N: t.N + u.N, Estimated: t.Estimated || u.Estimated}
}

// Usage is what model calls cost. Cached is a part of Input, Reasoning a part
// of Output.
type Usage struct {
	Input, Cached, Reasoning, Output Tokens
}

// Add sums two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Input:     u.Input.Add(v.Input),
		Cached:    u.Cached.Add(v.Cached),
		Reasoning: u.Reasoning.Add(v.Reasoning),
		Output:    u.Output.Add(v.Output),
	}
}

// Total is input and output together.
func (u Usage) Total() int64 { return u.Input.N + u.Output.N }

// Estimated reports whether any part that counts towards the total is ours.
func (u Usage) Estimated() bool { return u.Input.Estimated || u.Output.Estimated }
