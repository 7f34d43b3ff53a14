package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword is how many bytes of a password are read. A longer one is another
// file, named by mistake.
const maxPassword = 1024

// newPassword asks for a password, twice, or reads the first line of an input that
// is no terminal.
func (p *program) newPassword() (string, error) {
	if f, ok := p.in.(*os.File); ok && isTerminal(f) {
		first, err := p.hidden(f, "Password: ")
		if err != nil {
			return "", err
		}
		second, err := p.hidden(f, "Once more: ")
		if err == nil && first != second {
			err = errors.New("the two are not the same")
		}
		return first, err
	}
	text, err := io.ReadAll(io.LimitReader(p.in, maxPassword+3))
	if err != nil {
		return "", fmt.Errorf("the password: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	switch line = strings.TrimSuffix(line, "\r"); {
	case line == "":
		return "", errors.New("give the password in the standard input")
	case len(line) > maxPassword:
		return "", fmt.Errorf("the password is longer than %d bytes", maxPassword)
	}
	return line, nil
}

// hidden reads a line that the terminal does not show. An interrupt gives the
// terminal back as it was.
func (p *program) hidden(f *os.File, prompt string) (string, error) {
	terminal := int(f.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	fmt.Fprint(p.err, prompt)
	go func() { // a read of a terminal cannot be ended; the process does
		text, err := term.ReadPassword(terminal)
		answered <- answer{text, err}
	}()
	defer fmt.Fprintln(p.err)
	select {
	case a := <-answered:
		return string(a.text), a.err
	case <-p.interrupts:
		return "", errors.Join(errInterrupted, term.Restore(terminal, before))
	}
}
