package request

import "strings"

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

// Fill writes the template with values in its holes.
func (t Template) Fill(v Values) string {
	return t.fill(v, func(_ Node, value string) string { return value })
}

// fill is given how a value, as Write wrote it, is written in the end.
func (t Template) fill(v Values, write func(n Node, value string) string) string {
	var b strings.Builder
	for _, n := range t {
		switch {
		case n.Argument != "":
			b.WriteString(write(n, n.written(v.Arguments[n.Argument])))
		case n.Secret != "" && v.Secrets == nil:
			b.WriteString("${" + n.Secret + "}")
		case n.Secret != "":
			b.WriteString(write(n, n.written(v.Secrets[n.Secret])))
		default:
			b.WriteString(n.Text)
		}
	}
	return b.String()
}

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
