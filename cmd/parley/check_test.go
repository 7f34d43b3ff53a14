package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckSaysThatTheDataIsSoundWithAndWithoutAServer(t *testing.T) {
	t.Parallel()
	_, running := serve(t)
	idle := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	for name, env := range map[string][]string{"with": running, "without": idle} {
		run(t, exitFine, env, "import", exported(t, "one"))
		printed, said := run(t, exitFine, env, "check")
		if printed != "" || !strings.Contains(said, "The data is sound. Checked 1 conversations with 1 messages and 2 events in ") {
			t.Errorf("%s a server: %q and %q", name, printed, said)
		}
		if printed, _ := run(t, exitFine, env, "check", "--json"); printed != `{"conversations":1,"messages":1,"events":2,"findings":0}`+"\n" {
			t.Errorf("%s a server: %q", name, printed)
		}
	}
	if _, said := run(t, exitFailed, running, "check", "--repair"); !strings.Contains(said, "in use by another process") {
		t.Errorf("a repair beside a server: %q", said)
	}
	if _, said := run(t, exitFine, idle, "check", "--repair"); !strings.Contains(said, "The data is sound") {
		t.Errorf("a repair of sound data: %q", said)
	}
}

func TestCheckReportsDamageAndFails(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "d")
	env := []string{"PARLEY_DATA=" + folder}
	run(t, exitFine, env, "import", exported(t, "one"))
	path := filepath.Join(folder, "parley.db")
	data := content(t, path)
	// The stored form of the fields is a JSON text, so it can be changed in place,
	// first in the conversation's row or in its log: both are found.
	damaged := strings.Replace(data, `"one"`, `"oni"`, 1)
	if damaged == data {
		t.Fatal("the name is not in the file")
	}
	if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, said := run(t, exitFailed, env, "check")
	if !strings.Contains(printed, "projection, tenant default/default, conversation c1: the conversation's fields are not what the log says") ||
		!strings.Contains(printed, "to do: stop the server and run parley check --repair") || !strings.Contains(said, "damaged: 1 findings") {
		t.Errorf("printed %q, said %q", printed, said)
	}
	printed, _ = run(t, exitFailed, env, "check", "--json")
	if lines := strings.Split(printed, "\n"); len(lines) != 3 || !strings.Contains(lines[0], `"problem":"projection","tenant":"default/default","conversation":"c1"`) ||
		!strings.Contains(lines[1], `"findings":1`) {
		t.Errorf("printed %q", printed)
	}
	if _, said = run(t, exitFine, env, "check", "--repair"); !strings.Contains(said, "Findings before the repair: 1. Checking again.\nThe data is sound.") {
		t.Errorf("the repair said %q", said)
	}
	run(t, exitFine, env, "check")
}

func TestCheckWantsADataFolder(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "none")
	if _, said := run(t, exitFailed, []string{"PARLEY_DATA=" + folder}, "check"); !strings.Contains(said, "there is no data in "+folder) {
		t.Errorf("said %q", said)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the folder was made")
	}
}
