package document_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/document"
)

// TestMain is also the processes that tests start: the one that reads what inflates,
// and one whose memory is measured while it reads and splits a file.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "extract":
		if err := document.Extract(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	case len(os.Args) == 3 && os.Args[1] == "measure":
		if err := measure(os.Args[2]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		sayPeak()
		return
	}
	goleak.VerifyTestMain(m)
}

// measure reads and splits a file and says what came of it.
func measure(name string) error {
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
	for chunk := range document.Split(d, document.Options{}) {
		chunks++
		tokens += document.Tokens(chunk.Text)
	}
	fmt.Printf("%d chunks, %d tokens", chunks, tokens)
	return nil
}

// sayPeak says the most memory that this process had, where the system tells.
func sayPeak() {
	status, _ := os.ReadFile("/proc/self/status")
	if _, peak, ok := strings.Cut(string(status), "VmHWM:"); ok {
		peak, _, _ = strings.Cut(peak, "\n")
		fmt.Println("; peak:", strings.TrimSpace(peak))
	}
}
