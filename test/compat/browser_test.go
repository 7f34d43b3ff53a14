package compat_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/parleyhq/parley/test/process"
	"github.com/parleyhq/parley/test/strict"
)

// browser finds a Chromium: the one that PARLEY_TEST_CHROMIUM names, or an
// installed one.
func browser(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("PARLEY_TEST_CHROMIUM"); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	strict.Missing(t, "there is no Chromium: install it, or name it by PARLEY_TEST_CHROMIUM")
	return ""
}

// TestThePublishedPackageWorksInABrowser drives a page that is built on the
// package. With PARLEY_TEST_SCREENSHOTS, a folder, it keeps what the page looks
// like.
func TestThePublishedPackageWorksInABrowser(t *testing.T) {
	chromium := browser(t)
	setup(t)
	t.Parallel()
	page, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, uipathAgents, "PARLEY_OIDC_BUILTIN_ENABLED=true",
		"PARLEY_OIDC_BUILTIN_CLIENTS=[{id: web, redirectURIs: [\"http://"+page+"/\"]}]",
		"PARLEY_OIDC_BUILTIN_USERS=[{name: ann, password: correct horse}, {name: ben, password: correct horse}, {name: cleo, password: correct horse}]",
	)
	control := httptest.NewServer(b.control())
	t.Cleanup(control.Close)
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "--test-timeout=120000", "browser.mjs")
	cmd.Env = append(os.Environ(),
		"PARLEY_URL=http://"+b.server.Address, "PARLEY_SECRET="+apiSecret, "CONTROL_URL="+control.URL, "PAGE_ADDRESS="+page, "CHROMIUM="+chromium,
	)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("browser.mjs: %v", err)
	}
}
