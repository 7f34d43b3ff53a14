package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
)

// Sources is where values come from, the weakest first: the file that Flags or
// Env names, then Env, then Flags.
type Sources struct {
	Env   []string          // as os.Environ gives it
	Flags map[string]string // by the flag's name, only those that were given
}

// Loaded is a configuration with what there is to know about it.
type Loaded struct {
	Config   Config
	Origins  map[string]string // by setting: where its value came from
	Warnings []string          // for the operator, one line each
}

// Load reads and validates the configuration. Its error is of type [Problems]
// and holds all of them; the Loaded is valid as far as there were none.
func Load(from Sources) (*Loaded, error) {
	l := loader{env: environment(from.Env), loaded: &Loaded{Origins: map[string]string{}}}
	cfg := &l.loaded.Config
	if err := setDefaults(reflect.ValueOf(cfg).Elem()); err != nil {
		return nil, err // a mistake in a tag
	}
	all := settings(cfg)
	for _, s := range all {
		l.loaded.Origins[s.path] = "default"
	}
	if path := l.filePath(from.Flags); path != "" {
		l.readFile(path)
	}
	l.readEnv(all)
	l.readFlags(all, from.Flags)
	l.problems = append(l.problems, l.validate(cfg)...)
	if len(l.problems) > 0 {
		return l.loaded, l.problems
	}
	return l.loaded, nil
}

// ImportSecret is a variable that is no setting: the API secret of the server
// that one run of parley import reads from.
const ImportSecret = "PARLEY_IMPORT_SECRET"

// ExportPassphrase is another one: the passphrase under which one run of parley
// export or import has the values of secrets.
const ExportPassphrase = "PARLEY_EXPORT_PASSPHRASE"

type loader struct {
	env      map[string]string
	loaded   *Loaded
	problems Problems
}

func environment(pairs []string) map[string]string {
	env := map[string]string{}
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

func (l *loader) filePath(flags map[string]string) string {
	if path, ok := flags["config"]; ok {
		return path
	}
	return l.env["PARLEY_CONFIG"]
}

func (l *loader) problem(setting, source, format string, args ...any) {
	l.problems = append(l.problems, Problem{setting, source, fmt.Sprintf(format, args...)})
}

func (l *loader) readFile(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		l.problem("config", path, "the file cannot be read: %v", errors.Unwrap(err))
		return
	}
	root, err := parseYAML(text)
	if err != nil {
		if e, ok := errors.AsType[*lineError](err); ok {
			path, err = fmt.Sprintf("%s:%d", path, e.line), errors.New(e.text)
		}
		l.problem("config", path, "%v", err)
		return
	}
	a := assigner{loader: l, file: path, origins: l.loaded.Origins}
	a.group(reflect.ValueOf(&l.loaded.Config).Elem(), root, "")
	for i := range l.loaded.Config.Datasets {
		l.loaded.Config.Datasets[i].Folder = filepath.Dir(path)
	}
}

// readEnv reads the variables of all settings, and looks through the others
// that begin with PARLEY_. An empty variable counts as unset: that is how a
// shell or a service file takes one back.
func (l *loader) readEnv(all []setting) {
	known := map[string]bool{}
	var names []string
	for _, s := range all {
		known[s.env] = true
		names = append(names, s.env)
		if value := l.env[s.env]; value != "" {
			l.set(s, value, "environment "+s.env)
		}
	}
	for name, value := range l.env {
		rest, ours := strings.CutPrefix(name, "PARLEY_")
		if !ours || known[name] || value == "" || strings.HasPrefix(rest, "TEST_") || name == ImportSecret || name == ExportPassphrase {
			continue
		}
		if part, ok := later(envPath(rest)); ok {
			l.problem(name, "environment", "this version does not support it yet: it belongs to %s; unset it", part)
			continue
		}
		warning := "the environment sets " + name + ", which is no setting"
		if near := nearest(name, names); near != "" {
			warning += "; did you mean " + near + "?"
		}
		l.loaded.Warnings = append(l.loaded.Warnings, warning)
	}
	sort.Strings(l.loaded.Warnings)
}

// envPath guesses the setting that a variable stands for: TURNS_CALLS is
// turns.calls. It is only used to recognise settings of later versions.
func envPath(rest string) string {
	path := strings.ToLower(rest)
	if _, ok := later(strings.ReplaceAll(path, "_", "")); ok {
		return strings.ReplaceAll(path, "_", "")
	}
	return strings.ReplaceAll(path, "_", ".")
}

func (l *loader) readFlags(all []setting, flags map[string]string) {
	for _, s := range all {
		if value, ok := flags[s.flag]; ok && s.flag != "" {
			l.set(s, value, "flag --"+s.flag)
		}
	}
}

// set gives a leaf the text form of its value: lists of words are separated by
// commas, everything deeper is YAML.
func (l *loader) set(s setting, text, source string) {
	l.loaded.Origins[s.path] = source
	a := assigner{loader: l, source: source, origins: map[string]string{}}
	switch s.value.Kind() {
	case reflect.Slice, reflect.Map:
		root, err := parseYAML([]byte(text))
		if err != nil {
			l.problem(s.path, source, "the value is not YAML: %v", err)
			return
		}
		a.leaf(s.value, root, s.path)
	default:
		if err := parseScalar(s.value, text); err != nil {
			l.problem(s.path, source, "%v", err)
		}
	}
}
