package tool

import "context"

// MultiSet gives the tools of several sets, in their order. A name that an
// earlier one has taken gets _2 at its end.
type MultiSet []Set

// Tools implements Set. An error of one set is that of all: a turn does not run
// with half of what it asked for.
func (m MultiSet) Tools(ctx context.Context, tenant string, want Want) ([]Tool, error) {
	var all []Tool
	var names Names
	for _, set := range m {
		tools, err := set.Tools(ctx, tenant, want)
		if err != nil {
			return nil, err
		}
		for _, t := range tools {
			name := t.Spec().Name
			if free := names.Take(name); free != name {
				t = renamed{t, free}
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// renamed is a tool under another name.
type renamed struct {
	Tool
	name string
}

// Spec implements Tool.
func (r renamed) Spec() Spec {
	s := r.Tool.Spec()
	s.Name = r.name
	return s
}
