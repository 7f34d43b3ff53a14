package fakeprovider

import (
	"regexp"
	"strconv"
	"strings"
)

// Behaviour is how one request is answered. The zero value is the usual answer.
type Behaviour struct {
	Status     int    // refuse with that status, before anything else
	RetryAfter string // with Status: that header
	Message    string // with Status or Error: what is said about it

	Text      []string // the pieces of the answer; nil = the usual one, unless there are calls
	Reasoning []string // the pieces of thinking, before the text
	Hidden    bool     // some of the thinking can be read by the provider only, where there is such a thing
	Calls     []Call   // after the text
	Mixed     bool     // the calls' pieces alternate
	Stop      Stop
	Usage     *Usage // nil = counted
	NoUsage   bool

	Fault Fault
	After int             // how many pieces come before the fault, or before Hold
	Hold  <-chan struct{} // waits for that after so many pieces
	Rate  float64         // pieces a second; 0 = as fast as it can
	Split bool            // every byte in a packet of its own
	Whole bool            // all of a short answer in one packet
}

// Call is a tool call, its arguments in pieces.
type Call struct {
	ID, Name  string
	Arguments []string
}

// Usage is what a call is said to cost.
type Usage struct{ Input, Cached, Reasoning, Output int64 }

// Stop says why an answer ends.
type Stop int

// The reasons. Natural is the one that fits: calls, or the end.
const (
	Natural Stop = iota
	Length
	Refused
)

// Fault is something that goes wrong in mid-stream.
type Fault string

// The faults.
const (
	None    Fault = ""
	Cut     Fault = "cut"     // the stream ends without a reason
	Break   Fault = "break"   // the connection breaks
	Garbage Fault = "garbage" // a line that is no JSON
	Huge    Fault = "huge"    // a line of 2 MiB
	Silence Fault = "silence" // nothing more, until the caller goes
	Mute    Fault = "mute"    // no answer at all, until the caller goes
	Error   Fault = "error"   // an error is reported in the stream
)

// asked is what of a request decides its answer.
type asked struct {
	model    string
	user     string // the last user text
	last     string // the last text of all, with what drivers put into it
	result   string // of a tool, if the request ends with it
	answered bool   // it ends with the result of a tool
	rounds   int    // answers with calls since that text
	tools    []offered
	forced   string // the tool that has to be called
	signed   int    // calls and thoughts that came back as they were given
	images   [][]byte
	bytes    int

	maxTokens   *int64
	temperature *float64
}

// marked is what drivers put into a user's text that is not the user's.
var marked = regexp.MustCompile(`(?s)<(?:information|instruction)>\n.*?\n</(?:information|instruction)>`)

// plain takes out of a user's text what drivers put into it.
func plain(text string) string { return strings.TrimSpace(marked.ReplaceAllString(text, "")) }

// behaviour reads what the request itself tells to do.
func (a asked) behaviour() Behaviour {
	for _, s := range []string{a.model, a.user} {
		if order, ok := strings.CutPrefix(s, "fake:"); ok {
			words := strings.Fields(order)
			switch o := options(words[min(1, len(words)):]); {
			case len(words) == 0:
			case a.obeys(words[0], o):
				return ordered(words[0], o, a)
			case o["then"] != "":
				return Behaviour{Text: strings.SplitAfter(strings.ReplaceAll(o["then"], "_", " "), " ")}
			}
		}
	}
	if a.forced != "" {
		return Behaviour{Calls: a.calls(1, map[string]string{"tool": a.forced})}
	}
	return Behaviour{}
}

// obeys reports whether an order holds for this request: one for calls until it
// has had its rounds, any other until a tool has answered.
func (a asked) obeys(word string, o map[string]string) bool {
	switch word {
	case "forever":
		return true
	case "calls", "interleaved":
		return float64(a.rounds) < number(o, "rounds", 1)
	}
	return !a.answered
}

func options(words []string) map[string]string {
	o := map[string]string{}
	for _, word := range words {
		if key, value, ok := strings.Cut(word, "="); ok {
			o[key] = value
		}
	}
	return o
}

func ordered(word string, o map[string]string, a asked) Behaviour {
	n := number(o, "n", 2)
	b := Behaviour{After: int(number(o, "after", 2)), Rate: number(o, "rate", 0), RetryAfter: o["retry"]}
	if status, err := strconv.Atoi(word); err == nil && status >= 400 && status < 600 {
		b.Status = status
		return b
	}
	switch word {
	case "cut", "break", "garbage", "huge", "silence", "mute", "error":
		b.Fault = Fault(word)
	case "reasoning":
		b.Reasoning = []string{"Let me", " think", " about that."}
	case "calls", "interleaved", "forever":
		b.Calls, b.Mixed = a.calls(int(number(o, "n", float64(a.usual(o)))), o), word == "interleaved"
		if o["say"] != "" {
			b.Text = []string{o["say"]}
		}
		if o["think"] != "" {
			b.Reasoning, b.Hidden = []string{"Let me", " think", " about that."}, true
		}
	case "length":
		b.Stop = Length
	case "refused":
		b.Stop = Refused
	case "empty":
		b.Text = []string{}
	case "nousage":
		b.NoUsage = true
	case "split":
		b.Split = true
	case "slow":
		b.Text = make([]string, 0, int(n))
		for i := range int(n) {
			b.Text = append(b.Text, "word"+strconv.Itoa(i+1)+" ")
		}
	}
	return b
}

func number(o map[string]string, key string, otherwise float64) float64 {
	if f, err := strconv.ParseFloat(o[key], 64); err == nil && f >= 0 {
		return f
	}
	return otherwise
}

// complete fills in what the behaviour leaves to the usual answer.
func (b Behaviour) complete(a asked) Behaviour {
	if b.Text == nil && len(b.Calls) == 0 {
		said := "You said: " + a.user
		if a.answered {
			said = "The tool said: " + a.result
		}
		b.Text = strings.SplitAfter(said, " ")
	}
	if b.Usage == nil {
		b.Usage = &Usage{Input: int64(a.bytes/4) + 1, Reasoning: int64(len(b.Reasoning)), Output: int64(len(b.Reasoning) + len(b.Text) + len(b.Calls))}
	}
	return b
}
