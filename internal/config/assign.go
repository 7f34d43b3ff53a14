package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

// assigner puts YAML values into the struct, and notes where each came from.
type assigner struct {
	*loader
	file    string // the values' file, or
	source  string // their one source
	origins map[string]string
}

func (a *assigner) at(line int) string {
	if a.file == "" {
		return a.source
	}
	return fmt.Sprintf("%s:%d", a.file, line)
}

// group fills a struct from a map. path is "" or ends with a dot.
func (a *assigner) group(group reflect.Value, n *node, path string) {
	if n.shape != mapShape {
		a.problem(strings.TrimSuffix(path, "."), a.at(n.line), "this is %s, but %s belongs here", n.shape, mapShape)
		return
	}
	if where := group.FieldByName("Where"); where.IsValid() {
		where.SetString(a.at(n.line))
	}
	for _, e := range n.keys {
		field, known := fieldByKey(group, e.name)
		if !field.IsValid() {
			for i := range known {
				known[i] = path + known[i]
			}
			a.problems = append(a.problems, unknown(path+e.name, a.at(e.line), known))
			continue
		}
		if e.value.null {
			continue // a key without a value is as if it were not there
		}
		if field.Kind() == reflect.Struct {
			a.group(field, e.value, path+e.name+".")
			continue
		}
		a.origins[path+e.name] = a.at(e.line)
		a.leaf(field, e.value, path+e.name)
	}
}

// fieldByKey finds the field that the file calls key, else the keys there are.
func fieldByKey(group reflect.Value, key string) (reflect.Value, []string) {
	var known []string
	for i := range group.NumField() {
		tag := group.Type().Field(i).Tag
		if tag.Get("file") == "-" {
			continue
		}
		if tag.Get("key") == key {
			return group.Field(i), nil
		}
		known = append(known, tag.Get("key"))
	}
	return reflect.Value{}, known
}

func (a *assigner) leaf(v reflect.Value, n *node, path string) {
	if _, any := v.Interface().(JSON); any {
		text, err := jsonOf(n)
		if err != nil { // its line is that of a value inside
			a.problem(path, a.at(err.line), "%s", err.text)
		}
		v.SetBytes(text)
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		a.list(v, n, path)
	case reflect.Map:
		a.texts(v, n, path)
	default:
		a.scalar(v, n, path)
	}
}

func (a *assigner) scalar(v reflect.Value, n *node, path string) {
	_, secret := v.Interface().(Secret)
	if v.Kind() == reflect.String {
		n = rejoin(n, secret)
	}
	if n.shape != scalarShape {
		a.problem(path, a.at(n.line), "this is %s, but a single value belongs here", n.shape)
		return
	}
	text := n.text
	if secret {
		var err error
		if text, err = a.resolve(text); err != nil {
			a.problem(path, a.at(n.line), "%v", err)
			return
		}
	}
	if err := parseScalar(v, text); err != nil {
		a.problem(path, a.at(n.line), "%v", err)
	}
}

// rejoin undoes what the parser makes of [env:NAME] and of [http://host:1/]: a
// group with one key.
func rejoin(n *node, secret bool) *node {
	if n.shape != mapShape || len(n.keys) != 1 || n.keys[0].value.shape != scalarShape {
		return n
	}
	key := n.keys[0]
	address := strings.HasPrefix(key.name, "http://") || strings.HasPrefix(key.name, "https://")
	if address || secret && (key.name == "env" || key.name == "file") {
		return &node{line: n.line, text: key.name + ":" + key.value.text, shape: scalarShape}
	}
	return n
}

// resolve follows a secret's env:NAME or file:PATH.
func (a *assigner) resolve(text string) (string, error) {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if value := a.env[name]; value != "" {
			return value, nil
		}
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("the secret's file cannot be read: %w", err)
		}
		if text := strings.TrimSpace(string(content)); text != "" {
			return text, nil
		}
		return "", fmt.Errorf("the secret's file %s is empty", path)
	}
	return text, nil
}

// list replaces a list. A single value stands for a list of words with commas.
func (a *assigner) list(v reflect.Value, n *node, path string) {
	items := n.list
	element := v.Type().Elem()
	if n.shape == scalarShape && element.Kind() == reflect.String {
		for word := range strings.SplitSeq(n.text, ",") {
			items = append(items, &node{line: n.line, text: strings.TrimSpace(word), shape: scalarShape})
		}
	} else if n.shape != listShape {
		a.problem(path, a.at(n.line), "this is %s, but a list belongs here", n.shape)
		return
	}
	made := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if element.Kind() != reflect.Struct {
			a.scalar(made.Index(i), item, at)
			continue
		}
		if err := setDefaults(made.Index(i)); err != nil {
			a.problem(at, a.at(item.line), "%v", err)
		}
		a.group(made.Index(i), item, at+".")
	}
	v.Set(made)
}

func (a *assigner) texts(v reflect.Value, n *node, path string) {
	if n.shape != mapShape {
		a.problem(path, a.at(n.line), "this is %s, but pairs of name and value belong here", n.shape)
		return
	}
	made := reflect.MakeMap(v.Type())
	for _, e := range n.keys {
		value := reflect.New(v.Type().Elem()).Elem()
		a.scalar(value, e.value, path+"."+e.name)
		made.SetMapIndex(reflect.ValueOf(e.name), value)
	}
	v.Set(made)
}
