package compat_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/test/npm"
)

func TestThePublishedPackageWorksUnchanged(t *testing.T) {
	setup(t)
	scripts, err := filepath.Glob("*.test.mjs")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts found: %v", err)
	}
	settings := map[string][]string{
		// Where the script's own server is.
		"ability.test.mjs": {"PARLEY_OUTBOUND_ALLOW=127.0.0.1"},
		// One request a second, so that the package's own repeats are enough.
		"limits.test.mjs": {"PARLEY_LIMITS_RATE_TOKEN=60", "PARLEY_LIMITS_STREAMS_TOKEN=1"},
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(script, ".test.mjs"), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, settings[script]...)
			control := httptest.NewServer(b.control())
			t.Cleanup(control.Close)
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "--test-timeout=120000", script)
			cmd.Env = append(os.Environ(),
				"PARLEY_URL=http://"+b.server.Address,
				"PARLEY_SECRET="+apiSecret,
				"CONTROL_URL="+control.URL,
			)
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Fatalf("%s: %v", script, err)
			}
		})
	}
}

func TestTheLockNamesNoHost(t *testing.T) {
	t.Parallel()
	npm.CheckLock(t)
}
