package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Setting string // as the file names it: turns.queue, providers[0].kind
	Source  string // where the value came from; "" = nowhere
	Text    string // what is wrong, and what to do
}

// String is one line for the operator.
func (p Problem) String() string {
	s := p.Setting
	if p.Source != "" {
		s = strings.TrimPrefix(s+" ("+p.Source+")", " ")
	}
	return s + ": " + p.Text
}

// Problems is everything that is wrong with a configuration.
type Problems []Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	if len(ps) == 1 {
		return "the configuration has a problem: " + ps[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration has %d problems:", len(ps))
	for _, p := range ps {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// later says which part of the product a setting belongs to that this version
// does not have. The names are those of the settings' first words.
func later(path string) (string, bool) {
	parts := map[string]string{
		"database": "PostgreSQL", "nats": "several nodes",
		"approvals": "approvals",
		"retrieval": "retrieval", "speech": "speech",
		"connections": "connections",
		"databaseurl": "PostgreSQL", "natsurl": "several nodes",
	}
	words := strings.Split(strings.ToLower(path), ".")
	for i, word := range words {
		words[i], _, _ = strings.Cut(word, "[") // of a list's items alike
	}
	for n := min(3, len(words)); n > 0; n-- {
		if part, ok := parts[strings.Join(words[:n], ".")]; ok {
			return part, true
		}
	}
	return "", false
}

// nearest is the known name that a mistyped one most likely meant, or "".
func nearest(name string, known []string) string {
	best, bound := "", len(name)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < bound {
			best, bound = k, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// unknown is the problem with a name that no setting has.
func unknown(path, source string, known []string) Problem {
	if part, ok := later(path); ok {
		return Problem{path, source, "this version does not support it yet: it belongs to " + part + "; take it out"}
	}
	text := "there is no such setting"
	if near := nearest(path, known); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	} else {
		text += "; parley config doc lists them all"
	}
	return Problem{path, source, text}
}
