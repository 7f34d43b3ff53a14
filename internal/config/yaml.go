package config

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a YAML value without the parser's types: one of a scalar, a list and
// a map.
type node struct {
	line  int
	text  string // of a scalar
	plain any    // of a scalar that is a number or a truth: that value
	null  bool
	list  []*node
	keys  []entry
	shape shape
}

type entry struct {
	name  string
	line  int
	value *node
}

type shape string

const (
	scalarShape shape = "a value"
	listShape   shape = "a list"
	mapShape    shape = "a group of settings"
)

// maxNodes bounds what aliases can blow a file up to.
const maxNodes = 100_000

// parseYAML reads one document. An empty one is an empty map.
func parseYAML(text []byte) (*node, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(file.Docs) > 1 {
		return nil, errors.New("there is more than one document; keep the first")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return &node{shape: mapShape}, nil
	}
	r := reader{anchors: map[string]ast.Node{}}
	n, err := r.read(file.Docs[0].Body)
	if err == nil && n.null {
		n = &node{shape: mapShape}
	}
	return n, err
}

// lineError is an error at a line of a file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func syntaxError(err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return &lineError{e.GetToken().Position.Line, e.GetMessage()}
	}
	return err
}

type reader struct {
	anchors map[string]ast.Node
	open    []string // aliases that are being followed
	count   int
}

func (r *reader) read(n ast.Node) (*node, error) {
	r.count++
	line := n.GetToken().Position.Line
	if r.count > maxNodes {
		return nil, &lineError{line, "the file is too large"}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.readMap(line, n.Values)
	case *ast.MappingValueNode:
		return r.readMap(line, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return r.readList(line, n.Values)
	case *ast.AnchorNode:
		r.anchors[n.Name.GetToken().Value] = n.Value
		return r.read(n.Value)
	case *ast.AliasNode:
		return r.readAlias(line, n.Value.GetToken().Value)
	case *ast.NullNode:
		return &node{line: line, null: true, shape: scalarShape}, nil
	case *ast.LiteralNode:
		return &node{line: line, text: n.Value.Value, shape: scalarShape}, nil
	case *ast.StringNode:
		return &node{line: line, text: n.Value, shape: scalarShape}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		// The token is the text as it was written: 0123 stays 0123.
		return &node{line: line, text: n.GetToken().Value, plain: plainValue(n), shape: scalarShape}, nil
	}
	return nil, &lineError{line, "this form of YAML is not supported here"}
}

func (r *reader) readMap(line int, values []*ast.MappingValueNode) (*node, error) {
	m := &node{line: line, shape: mapShape}
	for _, v := range values {
		at := v.Key.GetToken().Position.Line
		name := v.Key.GetToken().Value
		for _, e := range m.keys {
			if e.name == name {
				return nil, &lineError{at, fmt.Sprintf("%s is set twice", name)}
			}
		}
		value, err := r.read(v.Value)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, entry{name, at, value})
	}
	return m, nil
}

func (r *reader) readList(line int, values []ast.Node) (*node, error) {
	l := &node{line: line, shape: listShape}
	for _, v := range values {
		item, err := r.read(v)
		if err != nil {
			return nil, err
		}
		l.list = append(l.list, item)
	}
	return l, nil
}

func (r *reader) readAlias(line int, name string) (*node, error) {
	target, ok := r.anchors[name]
	if !ok {
		return nil, &lineError{line, fmt.Sprintf("there is no anchor &%s before this", name)}
	}
	for _, open := range r.open {
		if open == name {
			return nil, &lineError{line, fmt.Sprintf("*%s contains itself", name)}
		}
	}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	return r.read(target)
}
