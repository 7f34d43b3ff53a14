package remote

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/parleyhq/parley/internal/model"
)

// maxName is the longest name of a tool, and maxCallID the longest ID of a
// call, that all providers take.
const (
	maxName   = 64
	maxCallID = 40
)

// Names turns the names of tools into such as every provider takes, which
// refuse a dollar sign for instance, and back. The same tools in the same
// order give the same names.
type Names struct{ out, back map[string]string }

// NewNames takes the names of the tools, and of calls in the history whose
// tools are gone.
func NewNames(tools []model.Tool, messages []model.Message) Names {
	n := Names{out: map[string]string{}, back: map[string]string{}}
	for _, t := range tools {
		n.add(t.Name)
	}
	for _, m := range messages {
		for _, c := range m.Calls {
			n.add(c.Name)
		}
	}
	return n
}

func (n Names) add(name string) {
	if _, known := n.out[name]; known {
		return
	}
	plain := mended(name, maxName)
	for i := 2; plain == "" || n.taken(plain); i++ {
		suffix := "_" + strconv.Itoa(i)
		plain = mended(name, maxName-len(suffix)) + suffix
	}
	n.out[name], n.back[plain] = plain, name
}

func (n Names) taken(plain string) bool {
	_, taken := n.back[plain]
	return taken
}

// Out is the name that the provider gets.
func (n Names) Out(name string) string { return n.out[name] }

// Back is the tool's own name for one that the provider sent. One that the
// model made up stays as it is.
func (n Names) Back(plain string) string {
	if name, ok := n.back[plain]; ok {
		return name
	}
	return plain
}

// mended is a name of letters, digits, - and _ that begins with a letter or _,
// as Google wants it.
func mended(name string, longest int) string {
	plain := clean(name, longest)
	if plain != "" && plain[0] <= '9' {
		plain = clean("_"+name, longest)
	}
	return plain
}

// clean replaces what is not a letter, a digit, - or _.
func clean(name string, longest int) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), longest)]
}

// CallID is an ID for a call that every provider takes: the call's own, or
// where that is too long or has odd characters, one made from it.
func CallID(id string) string {
	if id != "" && clean(id, maxCallID) == id {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(sum[:16])
}

// Inline words a message that stands among the dialogue at a provider that
// has no role for it there. Its form is constant, so that a prompt's beginning
// stays as it was.
func Inline(m model.Message) string {
	switch m.Role {
	case model.Information:
		return "<information>\n" + m.Text + "\n</information>"
	case model.System:
		return "<instruction>\n" + m.Text + "\n</instruction>"
	}
	return m.Text
}

// Wanted words that a tool has to be called, for providers that have no other
// way to say so. It is the last that the model reads.
func Wanted(name string) string {
	return Inline(model.Message{Role: model.System, Text: "Call the tool " + name + " now."})
}

// Object gives a call's arguments as the object that some APIs want. What is no
// object was a mistake of the model, which sees it again as it was.
func Object(arguments string) json.RawMessage {
	raw := json.RawMessage(strings.TrimSpace(arguments))
	if len(raw) > 0 && raw[0] == '{' && json.Valid(raw) {
		return Whole(raw)
	}
	wrapped, err := json.Marshal(map[string]string{"malformed": arguments})
	if err != nil {
		return json.RawMessage("{}") // cannot be: any string has a JSON form
	}
	return wrapped
}

// DataURL gives an image as an address that holds it.
func DataURL(image model.Image) string {
	return "data:" + image.MediaType + ";base64," + base64.StdEncoding.EncodeToString(image.Data)
}

// Encode writes a request's body. It leaves < and > as they are, which would
// cost six bytes each.
func Encode(body any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
