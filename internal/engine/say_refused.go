package engine

import "github.com/parleyhq/parley/internal/convo"

// Why is the reason for which something that a client said was not taken, or its
// exchange failed before its turn ran: then it is the code of the turn's failure.
type Why string

// The reasons.
const (
	ExchangeTaken   Why = "exchange_taken"   // the id is that of an exchange that has not ended
	QueueFull       Why = "queue_full"       // too many exchanges wait already
	UnknownExchange Why = "unknown_exchange" // what was said needs one that exists
	BadExchange     Why = "bad_exchange"     // its metadata or its tools are no such thing, or too large
	BadMessage      Why = "bad_message"      // its role, its meta, or its time: the turn has begun
	BadPart         Why = "bad_part"         // its media type, name or file, or too many of them
	BadAside        Why = "bad_aside"        // it is no JSON, or too large
	TooLarge        Why = "too_large"        // the user's message is longer than the server or the model takes
	NoContent       Why = "no_content"       // the user's message is empty
	NoAgent         Why = "no_agent"         // no model can answer, as things are configured
	LimitsReached   Why = "limits_reached"   // a quota is used up
	BadFile         Why = "bad_file"         // a file that is unknown, another's, or without content
	UnknownCall     Why = "unknown_call"     // no such call or interrupt ever was
	BadAnswer       Why = "bad_answer"       // what was made of a call's input does not suit the tool
	Unmaskable      Why = "unmaskable"       // a file of which nothing can be masked, in a private conversation
	Flagged         Why = "flagged"          // moderation refused the user's message, or could not judge it
	LostWords       Why = "lost_words"       // the server was started again while the user's message was said
)

// Ends reports whether the exchange is over with it, or was never opened.
func (w Why) Ends() bool {
	switch w {
	case QueueFull, BadExchange, TooLarge, NoContent, NoAgent, LimitsReached, BadFile, Unmaskable, Flagged, LostWords:
		return true
	}
	return false
}

// Refused says that something was not taken. Nothing of it was stored, and nobody
// else has seen it.
type Refused struct {
	Why   Why
	Cause *convo.Error
}

// Error gives the public text.
func (r *Refused) Error() string { return r.Cause.Error() }

// Unwrap gives the error behind it, with its kind and its public text.
func (r *Refused) Unwrap() error { return r.Cause }

func refused(why Why, kind convo.Kind, format string, args ...any) *Refused {
	return &Refused{Why: why, Cause: convo.Errorf(kind, format, args...)}
}

func unknownExchange(exchange string) *Refused {
	return refused(UnknownExchange, convo.NotFound, "there is no exchange %q in this conversation; start it first", clip(exchange))
}

// failureOf is how an exchange fails for that reason.
func (r *Refused) failureOf() *convo.Failure {
	return &convo.Failure{Kind: r.Cause.Kind, Message: r.Cause.Message, RetryAfter: r.Cause.RetryAfter, Code: string(r.Why)}
}
