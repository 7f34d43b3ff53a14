package configured

import (
	"cmp"
	"html"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// ownSecret is where the tool's secret goes, instead of into Authorization.
const ownSecret = "secret"

// asJSON goes before the name of an argument that is filled in as JSON instead of
// as a text. No name of an argument has a blank.
const asJSON = "json "

// place is what a template is a part of.
type place int

const (
	inAddress place = iota
	inHeader
	inText
	inForm
	inXML
	inJSON
)

// template reads a text with {{argument}} and ${secret}. known says which
// arguments there are.
func template(text string, in place, known map[string]bool) (request.Template, error) {
	var t request.Template
	quoted := false // the text so far ends inside of a JSON string
	for text != "" {
		at := strings.IndexAny(text, "{$")
		if at < 0 {
			break
		}
		before, rest := text[:at], text[at:]
		if after, ok := strings.CutPrefix(rest, "${"+ownSecret+"}"); ok {
			t, text = append(t.Literal(before), secretHole(in)), after
			quoted = insideString(before, quoted)
			continue
		}
		inside, ok := strings.CutPrefix(rest, "{{")
		name, after, closed := strings.Cut(inside, "}}")
		if name = strings.TrimSpace(name); !ok || !closed || !isName(name) {
			t, text = t.Literal(before+rest[:1]), rest[1:]
			quoted = insideString(before+rest[:1], quoted)
			continue
		}
		if !known[name] {
			return nil, convo.Errorf(convo.Invalid, "{{%s}} is no property of its input", name)
		}
		quoted = insideString(before, quoted)
		t, text = append(t.Literal(before), hole(name, in, quoted)), after
	}
	return t.Literal(text), nil
}

// hole writes an argument so that it ends nothing of what it stands in.
func hole(name string, in place, quoted bool) request.Node {
	switch {
	case in == inAddress || in == inForm:
		return request.Node{Argument: name, Write: request.EncodeComponent, Encoded: true}
	case in == inXML:
		return request.Node{Argument: name, Write: html.EscapeString}
	case in == inJSON && !quoted:
		return request.Node{Argument: asJSON + name, Write: orNull}
	case in == inJSON || in == inText:
		return request.Node{Argument: name, Write: request.InsideJSON}
	}
	return request.Node{Argument: name}
}

// orNull is the JSON of an argument that may not be given.
func orNull(value string) string { return cmp.Or(value, "null") }

// secretHole is where the secret goes. In JSON it stands between quotes.
func secretHole(in place) request.Node {
	switch in {
	case inForm:
		return request.Node{Secret: ownSecret, Write: request.EncodeComponent}
	case inXML:
		return request.Node{Secret: ownSecret, Write: html.EscapeString}
	case inJSON, inText:
		return request.Node{Secret: ownSecret, Write: request.InsideJSON}
	}
	return request.Node{Secret: ownSecret}
}

// insideString reports whether a piece of JSON ends inside of a string, given
// whether it began in one. No hole stands behind a backslash of its own.
func insideString(text string, quoted bool) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		}
	}
	return quoted
}

// isName reports whether a text can be the name of an argument. What else
// stands in braces is left as it is.
func isName(text string) bool {
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
