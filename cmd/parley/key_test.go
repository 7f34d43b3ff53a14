package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheKeyIsRotatedWhenTheServerHasStopped(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env := []string{"PARLEY_DATA=" + folder, "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false"}
	server := begin(t, nil, env, "serve")
	server.out.await(t, "Talk to it:")
	if _, said := run(t, exitFailed, env, "key", "rotate"); !strings.Contains(said, "in use by another process") {
		t.Errorf("under a server: %q", said)
	}
	server.interrupts <- os.Interrupt
	if code := server.end(); code != exitFine {
		t.Fatalf("serve ends with %d: %s", code, server.err)
	}
	before, err := os.ReadFile(filepath.Join(folder, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if printed, said := run(t, exitFine, env, "key", "rotate"); printed != "" || !strings.Contains(said, "with the new key") {
		t.Errorf("printed %q, said %q", printed, said)
	}
	after, err := os.ReadFile(filepath.Join(folder, "key"))
	if err != nil || string(after) == string(before) {
		t.Errorf("the key is the old one: %v", err)
	}
	to := filepath.Join(t.TempDir(), "key")
	if _, said := run(t, exitFine, env, "key", "rotate", "--to", to); !strings.Contains(said, "--key-file "+to) {
		t.Errorf("to another file: %q", said)
	}
	if _, said := run(t, exitFailed, env, "key", "rotate"); !strings.Contains(said, "not the key that the data was encrypted with") {
		t.Errorf("with the old one: %q", said)
	}
	run(t, exitFine, env, "key", "rotate", "--key-file", to)
}
