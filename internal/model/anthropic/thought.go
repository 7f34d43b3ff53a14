package anthropic

import (
	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// driver is whose signatures are taken back.
const driver = "anthropic"

// thought is what makes a block one of thinking: a text, which may be empty, with
// its signature; or data that only the provider can read.
type thought struct {
	Thinking  *string `json:"thinking,omitempty"`
	Signature string  `json:"signature,omitempty"`
	Data      string  `json:"data,omitempty"`
}

func (t thought) kind() string {
	if t.Thinking == nil {
		return "redacted_thinking"
	}
	return "thinking"
}

// valid reports whether the API would take it back.
func (t thought) valid() bool {
	return (t.Thinking != nil) == (t.Signature != "") && (t.Thinking != nil) == (t.Data == "")
}

// thoughts are those that stand before a call: some of them before the text that
// was said first.
type thoughts struct {
	Before []thought `json:"before,omitempty"`
	After  []thought `json:"after,omitempty"`
}

// maxThoughts is how much of an answer's thinking is kept, in bytes, of which each
// thought takes some beside its text.
const (
	maxThoughts = 192 << 10
	thoughtSize = 64
)

// mind collects what the model thinks, for the call that it thinks it for.
type mind struct {
	before, after []*draft // the text
	spoke         bool
	size          int
}

// draft is a thought whose pieces are still coming.
type draft struct {
	index           int
	hidden          bool
	text, signature []byte
	data            string
}

// speak notes that a text or a call begins.
func (m *mind) speak() { m.spoke = true }

// begin begins a block of thinking.
func (m *mind) begin(e *event) {
	if m.size += len(e.Block.Data) + thoughtSize; m.size > maxThoughts {
		return
	}
	d := &draft{index: e.Index, hidden: e.Block.Type != "thinking", data: e.Block.Data}
	if m.spoke {
		m.after = append(m.after, d)
	} else {
		m.before = append(m.before, d)
	}
	m.extend(d, e.Block.Thinking, e.Block.Sign)
}

// add adds a piece to the block of thinking that is open.
func (m *mind) add(e *event) {
	list := m.before
	if m.spoke {
		list = m.after
	}
	if n := len(list); n > 0 && list[n-1].index == e.Index {
		m.extend(list[n-1], e.Delta.Thinking, e.Delta.Sign)
	}
}

func (m *mind) extend(d *draft, text, signature string) {
	if m.size += len(text) + len(signature); m.size <= maxThoughts {
		d.text, d.signature = append(d.text, text...), append(d.signature, signature...)
	}
}

// sign gives the signature of a call that begins. The API wants all thoughts or
// none: where there are too many, or one is not signed, it gets none.
func (m *mind) sign(name string) string {
	kept := thoughts{Before: whole(m.before), After: whole(m.after)}
	complete := len(kept.Before) == len(m.before) && len(kept.After) == len(m.after)
	none := len(m.before)+len(m.after) == 0
	m.before, m.after, m.spoke = nil, nil, true
	if none || !complete || m.size > maxThoughts {
		return ""
	}
	return remote.Sign(driver, name, kept)
}

// whole gives thoughts, or nothing if one of them is not valid.
func whole(drafts []*draft) []thought {
	var list []thought
	for _, d := range drafts {
		t := thought{Signature: string(d.signature), Data: d.data}
		if !d.hidden {
			text := string(d.text)
			t.Thinking = &text
		}
		list = append(list, t)
	}
	return valid(list)
}

// thoughtsOf gives the thoughts of a message with calls back: those that stand
// before its text, and those before each call. A signature may come from a
// caller, so nothing but thoughts is taken from it.
func thoughtsOf(calls []model.Call, name string) (before []thought, after [][]thought) {
	after = make([][]thought, len(calls))
	for i, c := range calls {
		var kept thoughts
		if !remote.Signed(c.Signature, driver, name, &kept) {
			continue
		}
		if i == 0 {
			before = valid(kept.Before)
		}
		after[i] = valid(kept.After)
	}
	return before, after
}

func valid(list []thought) []thought {
	for _, t := range list {
		if !t.valid() {
			return nil
		}
	}
	return list
}
