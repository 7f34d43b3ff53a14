// Package strict ends tests for which the machine lacks something.
//
// Such a test is skipped and says why; with PARLEY_TEST_STRICT=1, as in CI, it
// fails, so that no test of a release is left out in silence.
package strict

import (
	"os"
	"testing"
)

// Missing ends a test for want of something, which it names.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("PARLEY_TEST_STRICT") == "1" {
		t.Fatal("PARLEY_TEST_STRICT=1, and " + what)
	}
	t.Skip("SKIPPED, NOT TESTED: " + what)
}
