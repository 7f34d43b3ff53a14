package request

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Template is a text with holes.
type Template []Node

// Node is a literal text, or the place of an argument or a secret: the first of
// these that is not "" says which.
type Node struct {
	Text     string
	Argument string // its name
	Secret   string // its name
	// Write writes the value for where it stands; nil: as it is.
	Write func(value string) string
	// Encoded says that Write makes it fit for an address.
	Encoded bool
}

// Values are what fills a template. Without secrets (nil), where one stands stays
// as it was written: only outgoing requests have them.
type Values struct {
	Arguments map[string]string
	Secrets   map[string]string
}

// Literal adds a text, to the last one if that is a text too.
func (t Template) Literal(text string) Template {
	if text == "" {
		return t
	}
	if last := len(t) - 1; last >= 0 && t[last].Text != "" {
		t[last].Text += text
		return t
	}
	return append(t, Node{Text: text})
}

// maxFilled is how many bytes all templates of a request may have when they are
// filled in: a short one may hold the same argument many thousand times.
const maxFilled = 4 << 20

// Fill writes the template with values in its holes. If that is too large, the
// error is of kind Invalid.
func (t Template) Fill(v Values) (string, error) {
	f := filling{v, maxFilled}
	return f.text(t, asWritten)
}

// filling is the work on the templates of one request.
type filling struct {
	Values
	left int // bytes that may still be written
}

// text fills a template in. write gives what a value, as Write wrote it, is in
// the end.
func (f *filling) text(t Template, write func(n Node, value string) string) (string, error) {
	var b strings.Builder
	for _, n := range t {
		text := n.Text
		switch {
		case n.Argument != "":
			text = f.Arguments[n.Argument]
		case n.Secret != "" && f.Secrets == nil:
			text = "${" + n.Secret + "}"
		case n.Secret != "":
			text = f.Secrets[n.Secret]
		}
		if len(text) <= f.left && (n.Argument != "" || n.Secret != "" && f.Secrets != nil) {
			text = write(n, n.written(text))
		}
		if f.left -= len(text); f.left < 0 {
			return "", convo.Errorf(convo.Invalid, "what is filled in is too large: with it, the text of the ability or the request would have more than %d bytes", maxFilled)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func asWritten(_ Node, value string) string { return value }

func (n Node) written(value string) string {
	if n.Write == nil {
		return value
	}
	return n.Write(value)
}

// secrets gives the names of those in a template.
func (t Template) secrets() []string {
	var names []string
	for _, n := range t {
		if n.Secret != "" {
			names = append(names, n.Secret)
		}
	}
	return names
}
