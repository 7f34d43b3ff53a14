package compat_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheProgramOfThePageRuns runs the program of README.md that has a
// function, as its readers would: in a folder with the package.
func TestTheProgramOfThePageRuns(t *testing.T) {
	setup(t)
	b := newBench(t)
	page, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const published = "http://127.0.0.1:8787"
	var program string
	for _, block := range strings.Split(string(page), "```js\n")[1:] {
		if code, _, _ := strings.Cut(block, "```\n"); strings.Contains(code, "get_weather") {
			program = strings.Replace(code, published, "http://"+b.server.Address, 1)
		}
	}
	if program == "" {
		t.Fatal("the page has no such program")
	}
	packages, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "weather.mjs")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	b.fake.Push(calling(t, "get_weather", args{"location": "Lisbon"}))
	cmd := exec.CommandContext(t.Context(), "node", file)
	cmd.Env = append(os.Environ(), "PARLEY_SECRET="+apiSecret)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != `The tool said: {"location":"Lisbon","celsius":21}` {
		t.Errorf("%v: it printed %q", err, out)
	}
}
