package ability

import (
	"strings"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/tool/request"
)

// Parameter is what a model has to give for a placeholder.
type Parameter struct {
	Name        string
	Description string
	Required    bool
	Type        string   // string, number, integer or boolean
	Enum        []string // nil = any value
	Default     string   // fills in for a value that is not given
}

// parameters are those of an instruction, each once, in the order in which they
// appear.
type parameters []Parameter

// parser reads the templates of one instruction.
type parser struct{ parameters parameters }

// maxName is how long the name of a parameter or a secret may be.
const maxName = 64

// isName reports whether a text can be the name of a parameter or a secret: a
// letter or _, then also digits, - and ., at most 64 in all.
func isName(text string) bool {
	if text == "" || len(text) > maxName || !isLetter(text[0]) {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

// template reads a text. Of ${…}, only what has the form of a name is a secret:
// the rest may be a program's.
func (p *parser) template(text string) (request.Template, error) {
	var t request.Template
	taken, at := 0, 0
	for {
		dollar := strings.IndexByte(text[at:], '$')
		if dollar < 0 {
			return t.Literal(text[taken:]), nil
		}
		at += dollar + 1
		hole, rest, err := p.hole(text[at:])
		if err != nil {
			return nil, err
		}
		if hole != nil { // else the dollar is a dollar
			t = append(t.Literal(text[taken:at-1]), *hole)
			at = len(text) - len(rest)
			taken = at
		}
	}
}

// hole reads what stands behind a dollar: nil if it is no hole, else the hole
// and what follows it.
func (p *parser) hole(text string) (*request.Node, string, error) {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		spec, rest, err := bracket(inside)
		if err != nil {
			return nil, "", err
		}
		hole, err := p.placeholder(spec)
		return hole, rest, err
	}
	if inside, ok := strings.CutPrefix(text, "{"); ok {
		end := strings.IndexByte(inside[:min(len(inside), maxName+1)], '}')
		if end >= 0 && isName(inside[:end]) {
			return &request.Node{Secret: inside[:end]}, inside[end+1:], nil
		}
	}
	return nil, "", nil
}

// bracket gives what stands before the bracket that closes a placeholder. A
// description may have pairs of brackets.
func bracket(text string) (inside, after string, err error) {
	open := 1
	for i := range len(text) {
		switch text[i] {
		case '[':
			open++
		case ']':
			open--
		case '\n':
			return "", "", unclosed(text[:i])
		}
		if open == 0 {
			return text[:i], text[i+1:], nil
		}
	}
	return "", "", unclosed(text)
}

func unclosed(text string) error {
	return convo.Errorf(convo.Invalid, "the placeholder $[%s is not closed on its line by ]", request.Short(text))
}

// placeholder reads name! modifiers!|what it is.
func (p *parser) placeholder(spec string) (*request.Node, error) {
	head, description, _ := strings.Cut(spec, "|")
	words := fields(head)
	parameter := Parameter{Description: strings.TrimSpace(description), Type: "string"}
	hole, modifiers := &request.Node{}, 0
	for i, word := range words {
		bare := strings.TrimSuffix(word, "!")
		parameter.Required = parameter.Required || bare != word
		if i == 0 {
			parameter.Name = bare
		} else if bare != "" {
			m, err := parseModifier(bare, &parameter)
			if err != nil {
				return nil, err
			}
			if m != nil {
				modifiers++
			}
			hole.Write = chain(hole.Write, m)
			hole.Encoded = hole.Encoded || bare == "euc"
		}
	}
	if !isName(parameter.Name) {
		return nil, convo.Errorf(convo.Invalid, "the placeholder $[%s] has no name: write a letter or _, then letters, digits, _, - or ., at most 64", request.Short(spec))
	}
	if modifiers > maxModifiers {
		return nil, convo.Errorf(convo.Invalid, "the placeholder of %s has more than %d modifiers that write its value", parameter.Name, maxModifiers)
	}
	hole.Argument = parameter.Name
	p.parameters.add(parameter)
	if len(p.parameters) > maxParameters {
		return nil, convo.Errorf(convo.Invalid, "the instruction has more than %d parameters", maxParameters)
	}
	return hole, nil
}

// chain is both modifiers, one after the other; nil is none.
func chain(first, second modifier) modifier {
	if first == nil {
		return second
	}
	if second == nil {
		return first
	}
	return func(value string) string { return second(first(value)) }
}

// fields splits at blanks, but not between < and >.
func fields(text string) []string {
	inside := false
	return strings.FieldsFunc(text, func(r rune) bool {
		switch r {
		case '<':
			inside = true
		case '>':
			inside = false
		}
		return !inside && (r == ' ' || r == '\t')
	})
}

// add takes a parameter in. One that is there gets what it did not have.
func (p *parameters) add(more Parameter) {
	for i := range *p {
		if old := &(*p)[i]; old.Name == more.Name {
			old.Required = old.Required || more.Required
			if old.Description == "" {
				old.Description = more.Description
			}
			if old.Type == "string" && old.Enum == nil {
				old.Type, old.Enum = more.Type, more.Enum
			}
			if old.Default == "" {
				old.Default = more.Default
			}
			return
		}
	}
	*p = append(*p, more)
}
