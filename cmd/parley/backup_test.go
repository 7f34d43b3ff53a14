package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestABackupIsRestoredAndServed(t *testing.T) {
	t.Parallel()
	_, running := serve(t)
	run(t, exitFine, running, "import", exported(t, "one"))
	file := filepath.Join(t.TempDir(), "b.db")
	printed, said := run(t, exitFine, running, "backup", file)
	if printed != file+"\n" || !strings.Contains(said, "Backed up ") || !strings.Contains(said, "The key for what is encrypted is not in it: keep a copy of ") {
		t.Errorf("printed %q, said %q", printed, said)
	}
	if _, said := run(t, exitFailed, running, "backup", file); !strings.Contains(said, file+" is there already") {
		t.Errorf("a second backup: %q", said)
	}
	if _, said := run(t, exitFailed, running, "restore", file); !strings.Contains(said, "in use by another process") {
		t.Errorf("a restore under a server: %q", said)
	}
	folder := filepath.Join(t.TempDir(), "new")
	env := []string{"PARLEY_DATA=" + folder}
	_, said = run(t, exitFine, env, "restore", file)
	if !strings.Contains(said, "Restored the data of ") || !strings.Contains(said, "put it back as "+filepath.Join(folder, "key")) {
		t.Errorf("the restore said %q", said)
	}
	run(t, exitFine, env, "check")
	if printed, _ := run(t, exitFine, env, "export", "-"); !strings.Contains(printed, `"name":"one"`) {
		t.Errorf("exported %q", printed)
	}
	if _, said := run(t, exitFailed, env, "serve", "--listen", "127.0.0.1:0"); !strings.Contains(said, "the key that the data was encrypted with is not in") {
		t.Errorf("a server without the key said %q", said)
	}
	if _, said := run(t, exitFailed, env, "restore", file); !strings.Contains(said, "there is data in "+folder) {
		t.Errorf("a second restore: %q", said)
	}
}

func TestABackupWithItsKeyStartsAnywhere(t *testing.T) {
	t.Parallel()
	_, running := serve(t)
	folder := t.TempDir()
	printed, said := run(t, exitFine, running, "backup", "--with-key", folder)
	if !regexp.MustCompile(`/parley-\d{8}-\d{6}\.db\n$`).MatchString(printed) || strings.Contains(said, "key") {
		t.Errorf("printed %q, said %q", printed, said)
	}
	data := filepath.Join(t.TempDir(), "d")
	env := []string{"PARLEY_DATA=" + data, "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false"}
	if _, said := run(t, exitFine, env, "restore", strings.TrimSpace(printed)); strings.Contains(said, "put it back") {
		t.Errorf("the restore said %q", said)
	}
	if info, err := os.Stat(filepath.Join(data, "key")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	c := begin(t, nil, env, "serve")
	c.err.await(t, "ready")
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFine {
		t.Errorf("the restored server ended with %d: %s", code, c.err)
	}
}

func TestARestoreSaysWhatIsWrongWithAFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "d")
	env := []string{"PARLEY_DATA=" + folder}
	if _, said := run(t, exitFailed, env, "restore", exported(t, "one")); !strings.Contains(said, "is no sound backup: it does not begin as one") {
		t.Errorf("said %q", said)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the folder was made")
	}
}
