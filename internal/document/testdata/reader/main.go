// Command reader is the processes that the tests of package document start: one that
// reads what inflates, as a server's does, and one that reads and splits a file and
// says what came of it, and how much memory that took.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parleyhq/parley/internal/document"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if args[0] == "extract" {
		return document.Extract(context.Background(), os.Stdin, os.Stdout)
	}
	began := time.Now()
	if err := measure(args[1], args[2]); err != nil {
		return err
	}
	fmt.Printf("; took: %v", time.Since(began).Round(time.Millisecond))
	return sayPeak()
}

// measure reads and splits a file and says what came of it.
func measure(name, separators string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	reader := document.Reader{Isolation: document.Isolate(self, "extract")}
	d, err := reader.Read(context.Background(), document.File{Name: name, Size: info.Size(), Content: f})
	if err != nil {
		fmt.Print(err)
		return nil
	}
	var chunks int
	var tokens int64
	for chunk := range document.Split(d, document.Options{Separators: separators}) {
		chunks++
		tokens += document.Tokens(chunk.Text)
	}
	fmt.Printf("%d chunks, %d tokens", chunks, tokens)
	return nil
}

// sayPeak says the most memory that this process, or one that it started, had, where
// the system tells.
func sayPeak() error {
	status, _ := os.ReadFile("/proc/self/status")
	_, peak, ok := strings.Cut(string(status), "VmHWM:")
	if !ok {
		return nil
	}
	peak, _, _ = strings.Cut(peak, " kB")
	own, err := strconv.ParseInt(strings.TrimSpace(peak), 10, 64)
	if err != nil {
		return err
	}
	var theirs syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &theirs); err != nil {
		return err
	}
	fmt.Printf("; peak: %d kB\n", max(own, theirs.Maxrss))
	return nil
}
