package tool

import (
	"strconv"
	"strings"
)

// maxName is how long the names may be that models take.
const maxName = 64

// Name makes the name of a tool out of any text: lower-case, every run of
// characters that are neither letters of ASCII, digits nor _ as one _, at most 64
// long.
func Name(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(text) {
		if r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			if b.Len() == 0 && '0' <= r && r <= '9' {
				b.WriteByte('_') // an identifier begins with no digit
			}
			b.WriteRune(r)
			gap = false
		} else if !gap {
			b.WriteByte('_')
			gap = true
		}
		if b.Len() >= maxName {
			break
		}
	}
	if b.Len() == 0 {
		return "tool"
	}
	return b.String()
}

// Names are those that are taken. The zero value has none.
type Names struct{ taken map[string]bool }

// Take gives the name, or, if it is taken, the first of name_2, name_3 … that is
// not, and takes it.
func (n *Names) Take(name string) string {
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	free := name
	for i := 2; n.taken[free]; i++ {
		end := "_" + strconv.Itoa(i)
		free = name[:min(len(name), maxName-len(end))] + end
	}
	n.taken[free] = true
	return free
}
