package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/parleyhq/parley/internal/app"
	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/internal/console"
)

// maxPassphrase is how many bytes a passphrase may have: a larger file is
// another one, named by mistake.
const maxPassphrase = 1024

// secretFlags are those of export and import for the values of secrets.
type secretFlags struct {
	with     bool
	file     string // with the passphrase
	saltFrom string // of export: an earlier export
}

func (s *secretFlags) add(cmd *cobra.Command, with string) {
	flags := cmd.Flags()
	flags.BoolVar(&s.with, "with-secrets", false, with)
	flags.StringVar(&s.file, "passphrase-file", "", "a file with their passphrase, in place of "+config.ExportPassphrase)
}

// passphrase reads the passphrase that the flags and the environment name, ""
// if there is none.
func (p *program) passphrase(s secretFlags) (string, error) {
	text, place := p.variable(config.ExportPassphrase), config.ExportPassphrase
	if s.file != "" {
		f, err := os.Open(s.file)
		if err != nil {
			return "", fmt.Errorf("the passphrase: %w", err)
		}
		read, err := io.ReadAll(io.LimitReader(f, maxPassphrase+3))
		if err = errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("the passphrase: %w", err)
		}
		text, place = strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r"), s.file
	} else if text == "" {
		return "", nil
	}
	switch n := utf8.RuneCountInString(text); {
	case n < app.MinPassphrase:
		return "", fmt.Errorf("the passphrase in %s has %d characters, and needs at least %d", place, n, app.MinPassphrase)
	case len(text) > maxPassphrase:
		return "", fmt.Errorf("the passphrase in %s is longer than %d bytes", place, maxPassphrase)
	}
	return text, nil
}

// errNoPassphrase says what --with-secrets is missing.
var errNoPassphrase = fmt.Errorf("--with-secrets needs the passphrase of the file: set %s, or --passphrase-file, to one of at least %d characters",
	config.ExportPassphrase, app.MinPassphrase)

// exportedValues says what an export does with the values of secrets.
func (p *program) exportedValues(s secretFlags) (v console.Values, err error) {
	if !s.with {
		if s.file != "" || s.saltFrom != "" {
			return v, errors.New("--passphrase-file and --salt-from are for --with-secrets")
		}
		return v, nil
	}
	if v.Passphrase, err = p.passphrase(s); err == nil && v.Passphrase == "" {
		err = errNoPassphrase
	}
	if err != nil || s.saltFrom == "" {
		return v, err
	}
	f, err := os.Open(s.saltFrom)
	if err != nil {
		return v, err
	}
	v.Salt, err = app.ArchiveSalt(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return v, fmt.Errorf("%s: %w", s.saltFrom, err)
	}
	return v, nil
}

// importedValues says what an import does with them. A passphrase is enough to
// take them; --with-secrets insists.
func (p *program) importedValues(s secretFlags) (v console.Values, err error) {
	v.Must = s.with
	if v.Passphrase, err = p.passphrase(s); err == nil && v.Passphrase == "" && s.with {
		err = errNoPassphrase
	}
	return v, err
}
