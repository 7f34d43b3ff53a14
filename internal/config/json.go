package config

import (
	"bytes"
	"encoding/json"

	"github.com/goccy/go-yaml/ast"
)

// JSON is a setting of any form, kept as the JSON that says the same; nil if it
// is not set.
type JSON []byte

// String is the JSON itself.
func (j JSON) String() string { return string(j) }

// jsonOf gives the JSON of a value: what was written without quotes and reads as
// a number or a truth is one.
func jsonOf(n *node) (JSON, *lineError) {
	var buf bytes.Buffer
	if err := writeJSON(&buf, n); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func writeJSON(buf *bytes.Buffer, n *node) *lineError {
	switch {
	case n.null:
		buf.WriteString("null")
	case n.shape == listShape:
		for i, item := range n.list {
			buf.WriteByte("[,"[min(i, 1)])
			if err := writeJSON(buf, item); err != nil {
				return err
			}
		}
		if len(n.list) == 0 {
			buf.WriteByte('[')
		}
		buf.WriteByte(']')
	case n.shape == mapShape:
		for i, e := range n.keys {
			buf.WriteByte("{,"[min(i, 1)])
			buf.Write(quoted(e.name))
			buf.WriteByte(':')
			if err := writeJSON(buf, e.value); err != nil {
				return err
			}
		}
		if len(n.keys) == 0 {
			buf.WriteByte('{')
		}
		buf.WriteByte('}')
	case n.plain == nil:
		buf.Write(quoted(n.text))
	default:
		text, err := json.Marshal(n.plain)
		if err != nil {
			return &lineError{n.line, "JSON has no word for " + n.text}
		}
		buf.Write(text)
	}
	return nil
}

// quoted is a JSON string; texts of a YAML file are UTF-8.
func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // strings have no other error
	}
	return text
}

// plainValue is the number or truth that a scalar is; nil for a text.
func plainValue(n ast.Node) any {
	if s, ok := n.(ast.ScalarNode); ok {
		return s.GetValue()
	}
	return nil
}
