package crash_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// compare holds what clients know against a conversation's log and its stored
// messages, and says what is not as promised.
func compare(w *witness, log []line, stored []message) []string {
	c := &comparison{witness: w, problems: w.problems, byID: map[string]message{}}
	c.stored(stored)
	c.numbers(log)
	turns := c.turns(log)
	c.messages(log, len(stored))
	c.asks(stored, turns)
	return c.problems
}

type comparison struct {
	witness  *witness
	problems []string
	byID     map[string]message
}

func (c *comparison) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *comparison) stored(messages []message) {
	for _, m := range messages {
		if _, twice := c.byID[m.ID]; twice {
			c.say("the message %s is listed twice", m.ID)
		}
		c.byID[m.ID] = m
	}
}

// numbers checks that the log's numbers rise, and that what was seen by a
// number is what it stands for.
func (c *comparison) numbers(log []line) {
	kept := map[int64]line{}
	last := int64(0)
	for _, l := range log {
		if l.Seq == 0 {
			continue
		}
		if l.Seq <= last {
			c.say("number %d follows %d in the log", l.Seq, last)
		}
		last = l.Seq
		kept[l.Seq] = l
	}
	for seq, seen := range c.witness.lines {
		if l, ok := kept[seq]; !ok {
			c.say("number %d was seen as %s and is not in the log", seq, show(seen))
		} else if !same(l, seen) {
			c.say("number %d was seen as %s and is %s in the log", seq, show(seen), show(l))
		}
	}
}

// turn is what the log says of one.
type turn struct {
	begun, asked, started, answers, ends int
	tokens, said                         strings.Builder
	incomplete                           bool
	result                               result
}

// turns checks every turn of the log by itself, and counts them.
func (c *comparison) turns(log []line) int {
	turns := map[string]*turn{}
	for _, l := range log {
		if l.Turn == "" {
			continue
		}
		t := turns[l.Turn]
		if t == nil {
			t = &turn{}
			turns[l.Turn] = t
		}
		if t.ends > 0 {
			c.say("turn %s: %s follows its end", l.Turn, show(l))
		}
		t.take(l)
	}
	for id, t := range turns {
		for _, p := range t.check() {
			c.say("turn %s: %s", id, p)
		}
		if m := c.byID[t.result.ID]; t.answers > 0 && m.Text != t.result.Text {
			c.say("turn %s ended with %q, and its message %s is %q", id, t.result.Text, t.result.ID, m.Text)
		}
	}
	return len(turns)
}

func (t *turn) take(l line) {
	switch l.Type {
	case "turnBegin":
		t.begun++
	case "completeBegin":
		t.started++
	case "token":
		var token struct{ Token string }
		_ = json.Unmarshal(l.Data, &token) // an empty one is missed in the text
		t.tokens.WriteString(token.Token)
	case "message":
		var m message
		_ = json.Unmarshal(l.Data, &m)
		switch m.Type {
		case "user":
			t.asked++
		case "bot":
			t.answers++
			t.said.WriteString(m.Text)
			t.incomplete = m.Meta.Incomplete
		}
	case "result":
		t.ends++
		_ = json.Unmarshal(l.Data, &t.result)
	}
}

func (t *turn) check() (problems []string) {
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	say(t.begun != 1 || t.asked != 1 || t.started != 1 || t.ends != 1,
		"it began %d times, has %d user messages, started %d times and ended %d times", t.begun, t.asked, t.started, t.ends)
	say(t.answers > 1, "it has %d answers", t.answers)
	say(t.tokens.String() != t.said.String(), "its tokens are %q, and its message is %q", t.tokens.String(), t.said.String())
	switch t.result.End.Reason {
	case "stop":
		say(t.answers != 1 || t.incomplete, "it ended well with %d answers, incomplete: %v", t.answers, t.incomplete)
	case "error":
		say(t.answers == 1 && !t.incomplete, "it ended badly, and its answer is not marked as incomplete")
	default:
		say(true, "it ended with the reason %q", t.result.End.Reason)
	}
	return problems
}

// messages checks that the log and the list of messages have the same ones.
func (c *comparison) messages(log []line, stored int) {
	logged := 0
	for _, l := range log {
		if l.Type != "message" {
			continue
		}
		logged++
		var m message
		_ = json.Unmarshal(l.Data, &m) // an empty one is not stored
		kept, ok := c.byID[m.ID]
		switch {
		case !ok:
			c.say("number %d is the message %s, which is not stored", l.Seq, m.ID)
		case kept.Type != m.Type || kept.Text != m.Text || kept.Meta.Incomplete != m.Meta.Incomplete:
			c.say("number %d is %s, which is stored as %+v", l.Seq, show(l), kept)
		}
	}
	if logged != stored {
		c.say("the log has %d messages, and %d are stored", logged, stored)
	}
}

// asks checks that everything that was asked for was done, once.
func (c *comparison) asks(stored []message, turns int) {
	times := map[string]int{}
	for _, m := range stored {
		if m.Type == "user" || m.Type == "context" {
			times[m.Text]++
		}
	}
	completes := 0
	for _, a := range c.witness.asks {
		if a.operation == complete {
			completes++
		}
		if !a.answered {
			c.say("%s of %q was never answered", a.operation, a.text)
		}
		if times[a.text] != 1 {
			c.say("%s of %q is stored %d times", a.operation, a.text, times[a.text])
		}
		delete(times, a.text)
		c.acknowledged(a)
	}
	for text, n := range times {
		c.say("%q is stored %d times, and nobody sent it", text, n)
	}
	if turns != completes {
		c.say("%d turns were asked for, and there are %d", completes, turns)
	}
}

// acknowledged checks what the answer to a request promised.
func (c *comparison) acknowledged(a *ask) {
	m, ok := c.byID[a.id]
	switch {
	case !a.answered:
	case !ok:
		c.say("%s of %q was acknowledged as %s, which is not stored", a.operation, a.text, a.id)
	case a.operation != complete && m.Text != a.text:
		c.say("%s of %q was acknowledged as %s, which is %q", a.operation, a.text, a.id, m.Text)
	case a.operation == complete && m.Type == "bot" && m.Text != a.result.Text:
		c.say("%s of %q was answered with %q, and %s is %q", a.operation, a.text, a.result.Text, a.id, m.Text)
	}
}
