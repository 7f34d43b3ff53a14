package document_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "parley-document")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = sync.OnceValues(func() (string, error) { return build(folder) })
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(folder)
		os.Exit(code)
	}))
}

// program gives the path of the program of testdata/reader.
var program func() (string, error)

// build makes it as servers are made, without the race detector: what is measured
// is what a server takes, and large files stay cheap.
func build(folder string) (string, error) {
	path := filepath.Join(folder, "reader")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "./testdata/reader")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

// reader is the program that reads files for tests.
func reader(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
