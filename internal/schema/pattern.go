package schema

import (
	"regexp"
	"regexp/syntax"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The bounds of patterns. Go's take time in proportion to their steps and to the
// text, but {1000} makes a thousand steps of one.
const (
	maxSteps = 1000    // of one pattern
	maxMatch = 4 << 20 // of its steps times the bytes of the text
)

// pattern is a regular expression of a schema.
type pattern struct {
	text  string
	steps int
	regex *regexp.Regexp // nil = not known to Go, or too large
}

// compilePattern implements jsonschema.RegexpEngine. It never fails: what cannot
// be matched fits everything.
func compilePattern(text string) (jsonschema.Regexp, error) {
	p := &pattern{text: text, steps: patternCost(text)}
	if p.steps > 0 {
		p.regex, _ = regexp.Compile(text) // nil is what is wanted of an error
	}
	return p, nil
}

// String implements jsonschema.Regexp.
func (p *pattern) String() string { return p.text }

// MatchString implements jsonschema.Regexp.
func (p *pattern) MatchString(s string) bool {
	return p.regex == nil || len(s) > maxMatch/p.steps || p.regex.MatchString(s)
}

// patternCost is the number of steps of a pattern, about; 0 if it is not used.
func patternCost(text string) int {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0
	}
	if n := steps(tree); n <= maxSteps {
		return n
	}
	return 0
}

// patternCost is patternCost, once a pattern.
func (p *pass) patternCost(text string) int {
	n, known := p.patterns[text]
	if !known {
		n = patternCost(text)
		p.patterns[text] = n
	}
	return n
}

func steps(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)
	for _, sub := range tree.Sub {
		n += steps(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(1, tree.Min, tree.Max)
	}
	return min(n, maxSteps+1)
}

// patternProperties writes properties that are named by patterns, unless one of
// these cannot be matched.
func (p *pass) patternProperties(plain *object, value any) {
	o, ok := value.(*object)
	if !ok {
		plain.set("patternProperties", value)
		return
	}
	if !p.afford(len(o.keys)) || p.unmatched(o) {
		return
	}
	for _, key := range o.keys {
		p.cost += p.patternCost(key)
	}
	plain.set("patternProperties", p.each(o))
}

// others writes what properties that are not named have to be.
func (p *pass) others(plain, o *object, key string) {
	value := o.values[key]
	switch _, simple := value.(bool); {
	case p.guesses(o):
	case simple:
		plain.set(key, value)
	default:
		plain.set(key, p.schema(value))
	}
}

// guesses reports whether it is not known which properties of a schema are its
// additional ones.
func (p *pass) guesses(o *object) bool {
	patterns, ok := o.values["patternProperties"].(*object)
	return ok && p.unmatched(patterns)
}

func (p *pass) unmatched(patterns *object) bool {
	for _, key := range patterns.keys {
		if p.patternCost(key) == 0 {
			return true
		}
	}
	return false
}
