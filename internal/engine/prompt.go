package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/model"
)

// bytesPerToken is how text is counted where no tokenizer is at hand.
const bytesPerToken = 4

// estimate is about how many tokens a text of n bytes has.
func estimate(n int) int64 { return int64(n+bytesPerToken-1) / bytesPerToken }

// history is what a prompt is made from.
type history struct {
	backstory string
	messages  []convo.Message // in order; of their parts, only images
	shows     ImageLimits
	images    map[int64][]model.Image // that are shown, by the places of their messages
	notes     map[string]note         // the time of day that each turn's prompt named
	now       note                    // the note of the turn that is about to run
	latest    int                     // at most that many messages, if > 0
	window    int64                   // tokens of prompt that the model takes
	tools     int64                   // tokens of them that its tools take
	from      int64                   // where the last prompt's history began; 0 = at the start
	turn      string                  // the turn that runs, whose messages are the last ones
	force     string                  // what the model has to call now
}

// note is the time of day as a prompt names it.
type note struct {
	at   time.Time
	zone string
}

func (n note) text(z zones) string {
	at := n.at.UTC()
	zone := "UTC"
	if loc := z.find(n.zone); loc != nil {
		at, zone = at.In(loc), n.zone
	}
	return "Current date and time: " + at.Format("Monday, 2 January 2006, 15:04") + " (" + zone + ")"
}

// zones are those that one prompt names. Each is read from a file, so once.
type zones map[string]*time.Location

// find gives a zone, or nil if there is none of that name.
func (z zones) find(name string) *time.Location {
	if name == "" {
		return nil
	}
	loc, found := z[name]
	if !found {
		loc, _ = time.LoadLocation(name) // nil with an error
		z[name] = loc
	}
	return loc
}

// prompt is what goes to the model, and from which place of the history.
type prompt struct {
	messages []model.Message
	from     int64
	sources  map[int]convo.Source // those that it may cite, by their numbers
}

// assemble makes the prompt of the next turn.
//
// It is built so that the prompt of a turn continues that of the turn before
// byte for byte, which lets providers reuse what they computed: nothing that
// changes from turn to turn stands before the history; the time of day stands
// behind the last user message and stays there in later turns, because it is
// stored with the turn; and when the history no longer fits, it is cut to half
// the window, by whole exchanges, so that the next cut is many turns away.
func assemble(h history) (prompt, error) {
	start := h.start()
	exchanges, sources := h.exchanges(start)
	head := h.head(start)
	p := prompt{from: h.from, sources: sources}
	window := h.window - h.tools
	if total := tokens(head, exchanges); total > window {
		for len(exchanges) > 1 && total > window/2 {
			total -= exchanges[0].tokens
			exchanges = exchanges[1:]
		}
		p.from = h.messages[exchanges[0].first].Place
		head = h.head(exchanges[0].first)
	}
	total := tokens(head, exchanges)
	if total > window {
		total = exchanges[0].shorten(total, window)
	}
	if total > window {
		return prompt{}, convo.Errorf(convo.Invalid,
			"the prompt has about %d tokens and the model takes %d; shorten the message, the backstory or the functions, or choose a model with a larger window", total+h.tools, h.window)
	}
	p.messages = head
	for _, x := range exchanges {
		p.messages = append(p.messages, x.messages...)
	}
	return p, nil
}

// leftOut stands for a result that does not fit into the model's window.
const leftOut = `{"error":"left out: too long to be shown again"}`

// shorten leaves out results of calls, the oldest first, until an exchange that is
// too large by itself fits. It gives the tokens that are left of total.
func (x *exchange) shorten(total, window int64) int64 {
	for i := range x.messages {
		m := &x.messages[i]
		if total <= window {
			break
		}
		if m.Role == model.ToolResult && len(m.Text) > len(leftOut) {
			total -= estimate(len(m.Text) - len(leftOut))
			m.Text, m.Error = leftOut, true
		}
	}
	return total
}

// start is the index of the first message that goes in as history: the last
// checkpoint, which replaces what stood before it, the one at which the last
// prompt was cut, or the first of the latest.
func (h history) start() int {
	start := max(h.checkpoint(), 0)
	for start < len(h.messages) && h.messages[start].Place < h.from {
		start++
	}
	if h.latest > 0 { // when the turn began: its own messages move nothing
		start = max(start, len(h.messages)-h.made()-h.latest)
	}
	return start
}

// made counts the messages that the turn has made itself.
func (h history) made() int {
	n := 0
	for _, m := range slices.Backward(h.messages) {
		if m.Turn != h.turn || h.turn == "" || m.Type == convo.User {
			break
		}
		n++
	}
	return n
}

// checkpoint is the index of the last one, or -1.
func (h history) checkpoint() int {
	for i, m := range slices.Backward(h.messages) {
		if m.Type == convo.Checkpoint {
			return i
		}
	}
	return -1
}

// head is the beginning of the prompt: one system message with the backstory,
// all backstory messages, and the instructions that stood in history that is
// left out, for an order holds until it is taken back; and the checkpoint that
// stands for such history, unless only the latest messages were asked for.
func (h history) head(start int) []model.Message {
	var parts []string
	if h.backstory != "" {
		parts = append(parts, h.backstory)
	}
	for i, m := range h.messages {
		if m.Text != "" && (m.Type == convo.Backstory || m.Type == convo.Instruction && i < start) {
			parts = append(parts, m.Text)
		}
	}
	list := appendText(nil, model.System, strings.Join(parts, "\n\n"))
	if i := h.checkpoint(); i >= 0 && i < start && h.latest == 0 {
		list = appendMessage(list, h.messages[i])
	}
	return list
}

func tokens(head []model.Message, exchanges []exchange) int64 {
	total := count(head)
	for _, x := range exchanges {
		total += x.tokens
	}
	return total
}

// exchange is a user message and all that follows it up to the next one that
// comes after an answer.
type exchange struct {
	first    int // index of its first message
	messages []model.Message
	tokens   int64
}

func (h history) exchanges(start int) ([]exchange, map[int]convo.Source) {
	calls, sources := pairCalls(h.messages[start:])
	notes := h.placeNotes(start)
	named := zones{}
	var list []exchange
	answered := false
	said := speech{at: -1}
	for i, m := range h.messages[start:] {
		if len(list) == 0 || m.Type == convo.User && answered {
			list = append(list, exchange{first: start + i})
			answered = false
		}
		answered = answered || m.Type == convo.Bot
		x := &list[len(list)-1]
		x.messages = said.add(x.messages, m, calls[i])
		if shown := h.images[m.Place]; len(shown) > 0 && m.Type == convo.User {
			x.messages[len(x.messages)-1].Images = shown
		}
		if n, ok := notes[start+i]; ok {
			x.messages = append(x.messages, model.Message{Role: model.Information, Text: n.text(named)})
		}
	}
	if len(list) > 0 {
		x := &list[len(list)-1]
		x.messages = said.askAgain(x.messages, h.turn, h.force)
	}
	for i := range list {
		list[i].tokens = count(list[i].messages)
	}
	return list, sources
}

// placeNotes says behind which messages a time of day stands: behind the user
// message that was the last one when a turn first answered it. A turn that
// goes on without a new user message adds none.
func (h history) placeNotes(start int) map[int]note {
	placed := map[int]note{}
	user := -1
	add := func(n note) {
		if _, taken := placed[user]; user >= 0 && !taken {
			placed[user] = n
		}
	}
	for i, m := range h.messages[start:] {
		if m.Type == convo.User {
			user = start + i
		} else if n, known := h.notes[m.Turn]; known {
			add(n)
		}
	}
	add(h.now)
	return placed
}

// appendMessage adds a message that is not the model's own.
func appendMessage(list []model.Message, m convo.Message) []model.Message {
	switch m.Type {
	case convo.User:
		return appendText(list, model.User, m.Text)
	case convo.Context:
		return appendText(list, model.Information, m.Text)
	case convo.Instruction:
		return appendText(list, model.System, m.Text)
	case convo.Checkpoint:
		return appendText(list, model.Information, "Summary of the conversation so far:\n"+m.Text)
	}
	return list // backstory stands in the head
}

// appendText leaves out empty messages, which providers refuse.
func appendText(list []model.Message, role model.Role, text string) []model.Message {
	if text == "" {
		return list
	}
	return append(list, model.Message{Role: role, Text: text})
}

// count estimates the tokens of messages.
func count(messages []model.Message) int64 {
	n := 0
	for _, m := range messages {
		n += len(m.Text) + 16 // what frames a message
		n += len(m.Images) * imageTokens * bytesPerToken
		for _, c := range m.Calls {
			n += len(c.Name) + len(c.Arguments) + len(c.Signature)
		}
	}
	return estimate(n)
}
