package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Flag is a setting that has a flag.
type Flag struct {
	Name, Env, Default, Doc string
	Values                  []string // all that it takes; nil = they cannot be listed
}

// Setting is what there is to know about a setting.
type Setting struct {
	Name         string // in the file; "" for the file itself
	Env          string // the variable
	Flag         string // without its dashes; "" = none
	Default, Doc string
}

// Settings lists all settings, in the order of the documentation.
func Settings() []Setting {
	var all []Setting
	for _, s := range settings(new(Config)) {
		all = append(all, Setting{s.path, s.env, s.flag, s.def, s.doc})
	}
	return all
}

// Flags lists the settings that have flags, for the command line.
func Flags() []Flag {
	var flags []Flag
	for _, s := range settings(new(Config)) {
		if s.flag != "" {
			flags = append(flags, Flag{s.flag, s.env, s.def, s.doc, s.values})
		}
	}
	return flags
}

// Value is a setting as it is in effect.
type Value struct {
	Setting string
	Text    string // secrets hidden
	Source  string
}

// Effective lists all settings with where their values came from.
func (l *Loaded) Effective() []Value {
	var all []Value
	for _, s := range settings(&l.Config) {
		all = append(all, Value{s.path, textOf(s.value), l.Origins[s.path]})
	}
	return all
}

// textOf writes a value as one line that the file would take, with secrets
// hidden.
func textOf(v reflect.Value) string {
	if text, ok := v.Interface().(JSON); ok {
		return text.String()
	}
	switch v.Kind() {
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = textOf(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		var pairs []string
		for _, key := range v.MapKeys() {
			pairs = append(pairs, key.String()+": "+textOf(v.MapIndex(key)))
		}
		slices.Sort(pairs)
		return "{" + strings.Join(pairs, ", ") + "}"
	case reflect.Struct:
		var pairs []string
		for i := range v.NumField() {
			tag, value := v.Type().Field(i).Tag, v.Field(i)
			if value.IsZero() || tag.Get("file") == "-" {
				continue
			}
			if headers, ok := value.Interface().(map[string]string); ok && tag.Get("key") == "headers" {
				value = reflect.ValueOf(hidden(headers))
			}
			pairs = append(pairs, tag.Get("key")+": "+textOf(value))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	default:
		return quoteIfEmpty(fmt.Sprint(v.Interface()))
	}
}

// hidden are headers whose values nobody is shown: keys stand there too.
func hidden(headers map[string]string) map[string]Secret {
	all := map[string]Secret{}
	for name, value := range headers {
		all[name] = Secret(value)
	}
	return all
}

func quoteIfEmpty(s string) string {
	if s == "" {
		return `""`
	}
	return s
}
