// Package npm makes the npm packages ready that a test needs.
//
// A test that cannot have them is skipped and says why; with
// PARLEY_TEST_STRICT=1 it fails, so that no test of a release is left out in
// silence.
package npm

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parleyhq/parley/test/strict"
)

// leastNode is the version of node that the packages need.
const leastNode = 20

// Install installs what package-lock.json in the working directory names, unless
// that was done before. It says what is missing, or "".
func Install(ctx context.Context) (missing string) {
	if missing := needsNode(ctx); missing != "" {
		return missing
	}
	return needsPackages(ctx)
}

// Require ends a test for which something is missing.
func Require(t *testing.T, missing string) {
	t.Helper()
	if missing != "" {
		strict.Missing(t, missing)
	}
}

// CheckLock fails a test where package-lock.json names the host that packages
// came from: it is another one for everybody.
func CheckLock(t *testing.T) {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("package-lock.json names where its packages came from; make it again with the settings of .npmrc beside it")
	}
}

func needsNode(ctx context.Context) (missing string) {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "node is not installed: " + err.Error()
	}
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < leastNode {
		return "node is " + version + ", and the packages need " + strconv.Itoa(leastNode)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return "npm is not installed: " + err.Error()
	}
	return ""
}

// needsPackages keeps a copy of the lock in node_modules, which says what is in
// it.
func needsPackages(ctx context.Context) (missing string) {
	stamp := filepath.Join("node_modules", ".installed-lock.json")
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err.Error()
	}
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, lock) {
		return ""
	}
	if out, err := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts").CombinedOutput(); err != nil {
		return "npm ci failed: " + err.Error() + "\n" + string(out)
	}
	if err := os.WriteFile(stamp, lock, 0o644); err != nil {
		return err.Error()
	}
	return ""
}
