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
		both, err := p.hidden(f, "Password: ", "Once more: ")
		if err != nil {
			return "", err
		}
		if both[0] != both[1] {
			return "", errors.New("the two are not the same")
		}
		return both[0], nil
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

// hidden reads a line for each of the prompts from a terminal that shows none of what
// is typed, from the first prompt on. An interrupt gives the terminal back as it was.
func (p *program) hidden(f *os.File, prompts ...string) ([]string, error) {
	restore, err := quieten(f)
	if err != nil {
		return nil, err
	}
	type answer struct {
		lines []string
		err   error
	}
	answered := make(chan answer, 1)
	go func() { // a read of a terminal cannot be ended; the process does
		lines, err := readHidden(f, p.err, prompts)
		answered <- answer{lines, err}
	}()
	select {
	case a := <-answered:
		return a.lines, errors.Join(a.err, restore())
	case <-p.interrupts:
		fmt.Fprintln(p.err)
		return nil, errors.Join(errInterrupted, restore())
	}
}

// readHidden reads from the file and not from its number, which may be another file's
// when the answer of the terminal comes after all.
func readHidden(f *os.File, to io.Writer, prompts []string) (lines []string, err error) {
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{f, to}, "")
	for _, prompt := range prompts {
		line, err := terminal.ReadPassword(prompt)
		if errors.Is(err, io.EOF) { // so a terminal says that Ctrl-C was typed
			fmt.Fprint(to, "\r\n")
			return nil, errInterrupted
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// quieten has a terminal give what is typed as it is and show none of it, until
// restore.
func quieten(f *os.File) (restore func() error, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var before *term.State
	var failed error
	err = raw.Control(func(fd uintptr) { before, failed = term.MakeRaw(int(fd)) })
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	return func() error {
		err := raw.Control(func(fd uintptr) { failed = term.Restore(int(fd), before) })
		return errors.Join(err, failed)
	}, nil
}
