package archtest_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// A test that is left out goes through test/strict, so that CI makes a failure
// of it. The published examples and protocol suites are not ours to ship: theirs
// are the only others.
func TestNoTestIsLeftOutInSilence(t *testing.T) {
	t.Parallel()
	skips := regexp.MustCompile(`\bt\.Skip`)
	root := os.DirFS("../..")
	var found []string
	err := fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || path == "internal/archtest/skip_test.go" {
			return err
		}
		text, err := fs.ReadFile(root, path)
		if skips.Match(text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(found, " "), "test/compat/examples_test.go test/socketio/suites_test.go test/strict/strict.go"; got != want {
		t.Errorf("tests are left out in %s, want only %s: use strict.Missing", got, want)
	}
}
