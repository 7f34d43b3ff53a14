package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// setting is one leaf of the struct: what its tags say, and where its value is.
type setting struct {
	path    string // turns.queue
	env     string // PARLEY_TURNS_QUEUE
	flag    string // without its dashes; "" = none
	doc     string
	def     string
	values  []string // all that it takes; nil = they cannot be listed
	inFile  bool
	value   reflect.Value // addressable
	section string        // the doc of the group that it stands in
}

// settings lists the leaves of cfg in the order of the struct.
func settings(cfg *Config) []setting {
	return collect(reflect.ValueOf(cfg).Elem(), "", "PARLEY_", "")
}

func collect(group reflect.Value, path, env, section string) []setting {
	var all []setting
	for i := range group.NumField() {
		field := group.Type().Field(i)
		tag := field.Tag
		key := path + tag.Get("key")
		if field.Type.Kind() == reflect.Struct {
			inner := env + envName(tag.Get("key")) + "_"
			if prefix, ok := tag.Lookup("envPrefix"); ok {
				inner = prefix + "_"
			}
			all = append(all, collect(group.Field(i), key+".", inner, tag.Get("doc"))...)
			continue
		}
		name, ok := tag.Lookup("env")
		if !ok {
			name = envName(tag.Get("key"))
		}
		var values []string
		if list := tag.Get("values"); list != "" {
			values = strings.Split(list, ",")
		}
		all = append(all, setting{
			path: key, env: env + name, flag: tag.Get("flag"), doc: tag.Get("doc"), def: tag.Get("default"), values: values,
			inFile: tag.Get("file") != "-", value: group.Field(i), section: section,
		})
	}
	return all
}

// envName turns publicURL into PUBLIC_URL.
func envName(key string) string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		if unicode.IsUpper(r) && lower {
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// parseScalar reads the text form of a leaf that is neither a list nor a map.
func parseScalar(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case Size:
		n, err := ParseSize(text)
		v.SetInt(int64(n))
		return err
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration: write it as 30s, 5m or 1h30m", text)
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
		return nil
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
		return nil
	}
}

// setDefaults fills the leaves of a group, those in lists excepted.
func setDefaults(group reflect.Value) error {
	for i := range group.NumField() {
		field := group.Type().Field(i)
		if field.Type.Kind() == reflect.Struct {
			if err := setDefaults(group.Field(i)); err != nil {
				return err
			}
			continue
		}
		if def := field.Tag.Get("default"); def != "" {
			if err := parseScalar(group.Field(i), def); err != nil {
				return fmt.Errorf("default of %s: %w", field.Name, err)
			}
		}
	}
	return nil
}
