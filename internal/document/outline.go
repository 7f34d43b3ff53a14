package document

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a heading, a title and the name of a column, in runes: what is
// longer is no name.
const maxName = 120

// outline follows the headings of a document.
type outline struct {
	path   []string // shared with the blocks under it: never changed, but made anew
	levels []int
	bare   bool // the last heading has no text under it yet
}

// enter goes to a heading. Where the one before had nothing under it, it is given
// back as a block, so that its words can be found.
func (o *outline) enter(level int, name string) (left Block, is bool) {
	if o.bare && level <= o.levels[len(o.levels)-1] {
		left, is = o.leave()
	}
	keep := len(o.levels)
	for keep > 0 && o.levels[keep-1] >= level {
		keep--
	}
	o.levels = append(o.levels[:keep], level)
	o.path = append(slices.Clone(o.path[:keep]), short(name))
	o.bare = true
	return left, is
}

// leave gives the last heading as a block if there was nothing under it.
func (o *outline) leave() (left Block, is bool) {
	if !o.bare {
		return Block{}, false
	}
	o.bare = false
	last := len(o.path) - 1
	return Block{Headings: o.path[:last:last], Text: o.path[last]}, o.path[last] != ""
}

// place puts a block under the headings.
func (o *outline) place(b Block) Block {
	o.bare = false
	b.Headings = o.path
	return b
}

// short makes one line of a name, cut to maxName runes.
func short(name string) string {
	if len(name) <= maxName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return name
	}
	name = strings.Join(strings.FieldsFunc(name[:min(len(name), 16*maxName)], func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if utf8.RuneCountInString(name) <= maxName {
		return strings.ToValidUTF8(name, "")
	}
	return string([]rune(name)[:maxName-1]) + "…"
}
