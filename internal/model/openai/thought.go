package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/remote"
)

// driver is whose signatures are taken back.
const driver = "openai"

// How much is kept of an answer's reasoning, and of what comes with a call, in
// bytes. Of more, nothing is.
const (
	maxThought = 128 << 10
	maxExtra   = 64 << 10
)

// wantedBack is what some compatible servers refuse the next request without:
// the reasoning before the first call, under the name that the server gave it,
// and what it sent with a call itself. OpenAI's own API sends neither.
type wantedBack struct {
	Reasoning        string          `json:"reasoning,omitempty"`
	ReasoningContent string          `json:"reasoning_content,omitempty"`
	Extra            json.RawMessage `json:"extra_content,omitempty"`
}

// thought collects the reasoning of an answer.
type thought struct {
	text  strings.Builder
	short bool // it is called reasoning, not reasoning_content
	lost  bool // there is too much of it
}

func (t *thought) add(d *delta) {
	piece := string(d.ReasoningContent)
	if piece == "" {
		piece = string(d.Reasoning)
		t.short = t.short || piece != ""
	}
	if t.lost = t.lost || t.text.Len()+len(piece) > maxThought; !t.lost {
		t.text.WriteString(piece)
	}
}

// sign gives calls their signatures, of what was collected as such so far.
func (t *thought) sign(calls []model.Call, name string) {
	for i := range calls {
		var back wantedBack
		if extra := calls[i].Signature; strings.HasPrefix(extra, "{") {
			back.Extra = json.RawMessage(extra)
		}
		if i == 0 && !t.lost && t.short {
			back.Reasoning = t.text.String()
		} else if i == 0 && !t.lost {
			back.ReasoningContent = t.text.String()
		}
		calls[i].Signature = ""
		if back.Reasoning != "" || back.ReasoningContent != "" || back.Extra != nil {
			calls[i].Signature = remote.Sign(driver, name, back)
		}
	}
}

// wantsReasoning knows the models that refuse calls without reasoning even where
// there was none, because it was lost or another model made the call. An empty
// one is enough.
func wantsReasoning(name string) bool { return strings.Contains(strings.ToLower(name), "deepseek") }

// signed gives what a server wants back with a call.
func signed(c model.Call, name string) wantedBack {
	var back wantedBack
	if !remote.Signed(c.Signature, driver, name, &back) {
		return wantedBack{}
	}
	if !bytes.HasPrefix(back.Extra, []byte("{")) {
		back.Extra = nil
	}
	return back
}
