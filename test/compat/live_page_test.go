package compat_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pages show programs with a session.
func pages() []string { return []string{"README.md", "docs/live.md"} }

// programs gives the blocks of a page that are programs with sessions, for the
// server at an address.
func programs(t *testing.T, page, language, mark, address string) (found []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "```"+language+"\n")[1:] {
		if code, _, _ := strings.Cut(block, "```\n"); strings.Contains(code, mark) {
			found = append(found, strings.Replace(code, "http://127.0.0.1:8787", "http://"+address, 1))
		}
	}
	return found
}

// TestThePagesSessionsRun runs the programs of the pages that hold a session, as
// their readers would: in a folder with the package, and in a module that has
// the client.
func TestThePagesSessionsRun(t *testing.T) {
	setup(t)
	b := newBench(t, uipathAgents)
	run := func(t *testing.T, cmd *exec.Cmd) {
		t.Helper()
		cmd.Env = append(os.Environ(), "PARLEY_SECRET="+apiSecret)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "You said: Hello!" {
			t.Errorf("%v: it printed %q", err, out)
		}
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages() {
		scripts := programs(t, page, "ts", "@uipath/uipath-typescript/core", b.server.Address)
		sources := programs(t, page, "go", "parley/client/live", b.server.Address)
		if len(scripts) == 0 || len(sources) == 0 {
			t.Errorf("%s has no programs", page)
		}
		for _, script := range scripts {
			folder := t.TempDir()
			if err := os.Symlink(filepath.Join(root, "test", "compat", "node_modules"), filepath.Join(folder, "node_modules")); err != nil {
				t.Fatal(err)
			}
			run(t, exec.CommandContext(t.Context(), "node", "--import", filepath.Join(root, "test", "compat", "offline.mjs"), write(t, folder, "hello.mjs", script)))
		}
		for _, source := range sources {
			binary := filepath.Join(t.TempDir(), "hello")
			build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, write(t, t.TempDir(), "hello.go", source))
			build.Dir = root // whose module has the client
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", page, err, out)
			}
			run(t, exec.CommandContext(t.Context(), binary))
		}
	}
}

// A program that awaits at its top is a module, and only its name says so to tsx
// and node in a folder that has nothing but the package.
func TestThePagesNameTheirSessionsAsModules(t *testing.T) {
	t.Parallel()
	for _, page := range pages() {
		text, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "save it as `session.mts` and run `npx tsx session.mts`") {
			t.Errorf("%s does not say how to run its program", page)
		}
	}
}

// write makes a file.
func write(t *testing.T, folder, name, text string) (file string) {
	t.Helper()
	file = filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
