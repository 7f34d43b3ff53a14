package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/console"
)

const passphrase = "PARLEY_EXPORT_PASSPHRASE=correct horse battery"

// withSecret runs a server that has a secret with a value.
func withSecret(t *testing.T) []string {
	t.Helper()
	_, env := serve(t, "PARLEY_SECRET=the-secret-of-all-tests")
	c, err := console.Dial(t.Context(), strings.TrimPrefix(env[0], "PARLEY_DATA="))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, console.BaseURL+"/v1/secret/create", strings.NewReader(`{"name":"KEY","value":"value-of-quokkas"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer the-secret-of-all-tests")
	resp, err := c.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the secret cannot be made: %s, %v", resp.Status, err)
	}
	return env
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheValuesOfSecretsAreMovedUnderAPassphrase(t *testing.T) {
	t.Parallel()
	env := withSecret(t)
	to := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	folder := t.TempDir()
	file, again, bare := filepath.Join(folder, "one"), filepath.Join(folder, "two"), filepath.Join(folder, "three")
	right := written(t, "correct horse battery\r\n")

	if _, said := run(t, exitFine, append(env, passphrase), "export", "--with-secrets", file); !strings.Contains(said, "The values of secrets are in it, encrypted") {
		t.Errorf("the export: %q", said)
	}
	run(t, exitFine, append(env, passphrase), "export", bare) // the passphrase alone asks for nothing
	if text := content(t, file); strings.Contains(text, "quokkas") || !strings.Contains(text, `"version":3`) || strings.Contains(content(t, bare), "sealed") {
		t.Errorf("the exports are %s and %s", text, content(t, bare))
	}
	if _, said := run(t, exitFailed, append(to, "PARLEY_EXPORT_PASSPHRASE=correct horse staple"), "import", file); !strings.Contains(said, "the passphrase is not the one") || strings.Contains(said, "staple") {
		t.Errorf("a wrong passphrase: %q", said)
	}
	if _, said := run(t, exitFailed, append(to, passphrase), "import", "--with-secrets", bare); !strings.Contains(said, "the file has no values of secrets") {
		t.Errorf("a file without values: %q", said)
	}
	if _, said := run(t, exitFine, to, "import", file); !strings.Contains(said, "The values of 1 secrets stayed in the file") || !strings.Contains(said, "(without their values)") {
		t.Errorf("without the passphrase: %q", said)
	}
	if _, said := run(t, exitFine, to, "import", "--with-secrets", "--passphrase-file", right, file); !strings.Contains(said, "Imported the values of 1 secrets.") || strings.Contains(said, "stayed") {
		t.Errorf("with it: %q", said)
	}
	run(t, exitFine, to, "export", "--with-secrets", "--passphrase-file", right, "--salt-from", file, again)
	if content(t, again) != content(t, file) {
		t.Errorf("the second export differs:\n%s\n%s", content(t, again), content(t, file))
	}
}

func TestAPassphraseThatIsMissingOrNoGoodIsAClearError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env := []string{"PARLEY_DATA=" + filepath.Join(folder, "d")}
	in := exported(t, "one")
	run(t, exitFine, env, "import", in)
	out := filepath.Join(folder, "out")
	for _, c := range []struct{ set, line, want string }{
		{"", "export --with-secrets " + out, "set PARLEY_EXPORT_PASSPHRASE, or --passphrase-file, to one of at least 12 characters"},
		{"", "import --with-secrets " + in, "set PARLEY_EXPORT_PASSPHRASE, or --passphrase-file"},
		{"PARLEY_EXPORT_PASSPHRASE=hunter2", "export --with-secrets " + out, "the passphrase in PARLEY_EXPORT_PASSPHRASE has 7 characters, and needs at least 12"},
		{"PARLEY_EXPORT_PASSPHRASE=hunter2", "import " + in, "has 7 characters"},
		{passphrase, "export --with-secrets --passphrase-file " + written(t, "hunter2\n") + " " + out, "has 7 characters"},
		{"", "export --with-secrets --passphrase-file " + written(t, strings.Repeat("x", 1025)) + " " + out, "longer than 1024 bytes"},
		{"", "export --with-secrets --passphrase-file " + filepath.Join(folder, "none") + " " + out, "no such file"},
		{"", "export --passphrase-file " + in + " " + out, "are for --with-secrets"},
		{"", "export --salt-from " + in + " " + out, "are for --with-secrets"},
		{passphrase, "export --with-secrets --salt-from " + in + " " + out, "has no values of secrets, and so no salt"},
		{passphrase, "import --with-secrets --from http://127.0.0.1:1", "are for a file"},
	} {
		_, said := run(t, exitFailed, append(env, c.set), strings.Fields(c.line)...)
		if !strings.Contains(said, c.want) || strings.Contains(said, "hunter2") {
			t.Errorf("parley %s: %q", c.line, said)
		}
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("something was exported")
	}
}
