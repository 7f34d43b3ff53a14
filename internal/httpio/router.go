package httpio

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/parleyhq/parley/internal/convo"
)

// Route says which value answers to a method and a pattern. A pattern is
// absolute; a segment in braces matches any one segment that is not empty, and
// a last segment like {path...} matches the rest.
type Route[T any] struct {
	Method  string
	Pattern string
	Value   T
}

// Router finds routes. It is immutable.
type Router[T any] struct{ root node[T] }

type node[T any] struct {
	literal map[string]*node[T]
	param   *node[T]
	rest    *node[T]
	leaf    *leaf[T]
}

type leaf[T any] struct {
	pattern string
	names   []string // of the parameters, in order
	values  map[string]T
}

// NewRouter builds a router. Two routes for the same method and path are an
// error.
func NewRouter[T any](routes []Route[T]) (*Router[T], error) {
	r := &Router[T]{}
	for _, route := range routes {
		if err := r.add(route); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Router[T]) add(route Route[T]) error {
	if !strings.HasPrefix(route.Pattern, "/") {
		return fmt.Errorf("route %q: the pattern does not start with a slash", route.Pattern)
	}
	n, names := &r.root, []string(nil)
	for segment := range strings.SplitSeq(route.Pattern[1:], "/") {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			n = n.child(segment)
			continue
		}
		name = strings.TrimSuffix(name, "}")
		next := &n.param
		if short, ok := strings.CutSuffix(name, "..."); ok {
			name, next = short, &n.rest
		}
		if *next == nil {
			*next = &node[T]{}
		}
		n, names = *next, append(names, name)
	}
	if n.leaf == nil {
		n.leaf = &leaf[T]{pattern: route.Pattern, names: names, values: map[string]T{}}
	}
	if _, taken := n.leaf.values[route.Method]; taken {
		return fmt.Errorf("route %s %s is given twice", route.Method, route.Pattern)
	}
	n.leaf.values[route.Method] = route.Value
	return nil
}

func (n *node[T]) child(segment string) *node[T] {
	if n.literal == nil {
		n.literal = map[string]*node[T]{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = &node[T]{}
	}
	return n.literal[segment]
}

// Match is a route that was found, with the decoded values of its parameters.
type Match[T any] struct {
	Value   T
	Pattern string
	names   []string
	values  []string
}

// Param gives the value of a parameter, or "".
func (m *Match[T]) Param(name string) string {
	if i := slices.Index(m.names, name); i >= 0 && i < len(m.values) {
		return m.values[i]
	}
	return ""
}

// NotAllowed is a known path that was asked with another method.
type NotAllowed struct {
	Pattern string
	Allow   string // the methods that the path has, for the header
}

// Error implements error.
func (e *NotAllowed) Error() string { return "method not allowed; use " + e.Allow }

// Find looks a method and a path up. The path is the escaped one: each segment
// is decoded on its own, so that an escaped slash is part of an id. An unknown
// path is a [convo.NotFound], a wrong method a [*NotAllowed].
func (r *Router[T]) Find(method, escapedPath string) (Match[T], error) {
	path, ok := strings.CutPrefix(escapedPath, "/")
	if !ok {
		return Match[T]{}, errUnknownPath()
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return Match[T]{}, errUnknownPath()
		}
		segments[i] = decoded
	}
	found, values := r.root.find(segments, nil)
	if found == nil {
		return Match[T]{}, errUnknownPath()
	}
	value, ok := found.values[method]
	if !ok {
		allow := strings.Join(slices.Sorted(maps.Keys(found.values)), ", ")
		return Match[T]{}, &NotAllowed{Pattern: found.pattern, Allow: allow + ", OPTIONS"}
	}
	return Match[T]{Value: value, Pattern: found.pattern, names: found.names, values: values}, nil
}

// find prefers literal segments and comes back to a parameter where they lead
// nowhere.
func (n *node[T]) find(segments, values []string) (*leaf[T], []string) {
	if len(segments) == 0 {
		return n.leaf, values
	}
	head, tail := segments[0], segments[1:]
	if next := n.literal[head]; next != nil {
		if found, v := next.find(tail, values); found != nil {
			return found, v
		}
	}
	if n.param != nil && head != "" {
		if found, v := n.param.find(tail, append(values, head)); found != nil {
			return found, v
		}
	}
	if n.rest != nil && head != "" {
		return n.rest.leaf, append(values, strings.Join(segments, "/"))
	}
	return nil, nil
}

func errUnknownPath() error {
	return convo.Errorf(convo.NotFound, "there is nothing at this path")
}
