package engine

import (
	"slices"
	"sync"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/hub"
)

// What a client says piece by piece in a private or moderated conversation is stored
// part by part: only a whole text shows what is to be masked in it, and can be judged.
// Until the part ends, its text is in memory alone. A process that dies has lost it,
// and the message is refused. What has to be judged and was not is never stored.

// heldTexts is what clients are saying in private conversations.
type heldTexts struct {
	mu    sync.Mutex
	byKey map[hub.Key]map[string]*heldText // by part
}

// heldText is the text of a part so far, with what was said of it.
type heldText struct {
	message string
	kind    convo.MessageType
	text    string
	length  convo.Length
	cited   []convo.Citation
}

func newHeldTexts() *heldTexts { return &heldTexts{byKey: map[hub.Key]map[string]*heldText{}} }

// get gives what is held of a part; nil = nothing.
func (h *heldTexts) get(key hub.Key, part string) *heldText {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.byKey[key][part]
}

// set holds a text, in place of what was held of the part; nil lets it go.
func (h *heldTexts) set(key hub.Key, part string, t *heldText) {
	h.mu.Lock()
	defer h.mu.Unlock()
	parts := h.byKey[key]
	if t == nil {
		delete(parts, part)
		if len(parts) == 0 {
			delete(h.byKey, key)
		}
		return
	}
	if parts == nil {
		parts = map[string]*heldText{}
		h.byKey[key] = parts
	}
	parts[part] = t
}

// lengths sums what is held of a message, or of one of its parts.
func (h *heldTexts) lengths(key hub.Key, message, part string) (sum convo.Length) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, t := range h.byKey[key] {
		if t.message == message && (part == "" || part == id) {
			sum = sum.Add(t.length)
		}
	}
	return sum
}

// drop lets all go that is held of a conversation.
func (h *heldTexts) drop(key hub.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.byKey, key)
}

// heldBefore is what was held of a part before the transaction changed it.
type heldBefore struct {
	part string
	text *heldText
}

// hold takes in an event of a part that has not ended, if it says something of its
// text.
func (t *maskingTx) hold(body convo.Body) (held bool) {
	switch b := body.(type) {
	case convo.PartStarted:
		if b.Part.File == nil {
			t.begin(b.Part.ID, b.Message)
		}
		return false
	case convo.Delta:
		if b.Part == "" {
			return false
		}
		t.change(b.Part, b.Message, func(h *heldText) {
			h.kind, h.text, h.length = b.Type, h.text+b.Text, h.length.Add(convo.LengthOf(b.Text))
		})
	case convo.Cited:
		if b.Part == "" || t.e.held.get(t.key, b.Part) == nil && !t.coming(b.Message) {
			return false
		}
		t.change(b.Part, b.Message, func(h *heldText) { h.cited = append(slices.Clip(h.cited), b.Citation) })
	case convo.MessageEnded:
		if t.e.held.get(t.key, judgedOf(b.ID)) != nil {
			t.set(judgedOf(b.ID), nil)
		}
		return false
	default:
		return false
	}
	return true
}

// coming reports whether a message is one that a client is saying.
func (t *maskingTx) coming(message string) bool {
	return slices.ContainsFunc(t.Head().Open, func(turn convo.Turn) bool { return turn.ComingMessage(message) != nil })
}

// isText reports whether a part that ends is a text.
func (t *maskingTx) isText(ended convo.PartEnded) bool {
	for i := range t.Head().Open {
		if m := t.Head().Open[i].ComingMessage(ended.Message); m != nil && m.Part(ended.Part) != nil {
			return m.Part(ended.Part).File == nil
		}
	}
	return false
}

// change changes what is held of a part, so that it can be taken back.
func (t *maskingTx) change(part, message string, fn func(*heldText)) {
	before := t.e.held.get(t.key, part)
	if before == nil { // it was begun in another process
		t.set(lostOf(message), &heldText{message: message})
		before = &heldText{message: message}
	}
	after := *before
	fn(&after)
	t.set(part, &after)
}

// begin says that a part begins, of which nothing was said yet.
func (t *maskingTx) begin(part, message string) { t.set(part, &heldText{message: message}) }

// set changes what is held, so that it can be taken back.
func (t *maskingTx) set(part string, text *heldText) {
	t.before = append(t.before, heldBefore{part, t.e.held.get(t.key, part)})
	t.e.held.set(t.key, part, text)
}

// lostOf is where it is noted that some of a message is lost: it was in the memory of
// the process before this one.
func lostOf(message string) string { return "lost/" + message }

// lost reports whether some of a message is lost, and forgets it.
func (t *maskingTx) lost(message string) bool {
	lost := t.e.held.get(t.key, lostOf(message)) != nil
	if lost {
		t.set(lostOf(message), nil)
	}
	return lost
}

// judgedOf is where it is noted what was said of a message that is judged, in the parts
// that have ended.
func judgedOf(message string) string { return "judged/" + message }

// unjudgedText is what has to be judged before a part of a message ends: the message
// so far, as it was said.
func (t *maskingTx) unjudgedText(message, part string) string {
	text := ""
	for _, id := range []string{judgedOf(message), part} {
		if h := t.e.held.get(t.key, id); h != nil {
			text += h.text
		}
	}
	return text
}

// pass lets a part of a message be stored when it ends: what is said of the message so
// far was judged.
func (t *maskingTx) pass(message, part string) {
	t.set(judgedOf(message), &heldText{message: message, text: t.unjudgedText(message, part)})
	t.passed = part
}

// release writes what is held of a part that ends.
func (t *maskingTx) release(event convo.Event, ended convo.PartEnded, config convo.Config) error {
	private := private(config)
	h := t.e.held.get(t.key, ended.Part)
	if h == nil {
		if t.isText(ended) {
			t.set(lostOf(ended.Message), &heldText{message: ended.Message})
		}
		return nil
	}
	t.set(ended.Part, nil)
	if moderated(config) && h.kind == convo.User && t.passed != ended.Part {
		return nil
	}
	if private {
		if err := t.open(); err != nil {
			return err
		}
	}
	rest, at := h.text, 0
	say := func(units int) error {
		n := bytesOf(rest, units)
		piece := rest[:n]
		rest, at = rest[n:], at+units
		if piece == "" {
			return nil
		}
		event.Body = convo.Delta{Message: h.message, Type: h.kind, Text: piece, Part: ended.Part}
		return t.add(event, private)
	}
	for _, c := range h.cited {
		if c.Offset < at {
			continue // they stand in their order
		}
		if err := say(c.Offset - at); err != nil {
			return err
		}
		length := c.Length
		c.Offset = t.Tx.Length(h.message, ended.Part).Units
		if private {
			c.Length = convo.LengthOf(masker{t.own}.text(rest[:bytesOf(rest, length)])).Units
		}
		event.Body = convo.Cited{Message: h.message, Part: ended.Part, Citation: c, Shift: at - c.Offset}
		if err := t.add(event, private); err != nil {
			return err
		}
		if err := say(length); err != nil {
			return err
		}
	}
	return say(len(rest))
}

// Length implements store.Tx: what is held counts.
func (t *maskingTx) Length(message, part string) convo.Length {
	return t.Tx.Length(message, part).Add(t.e.held.lengths(t.key, message, part))
}

// Delete implements store.Tx.
func (t *maskingTx) Delete() error {
	t.deleted = true
	return t.Tx.Delete()
}
