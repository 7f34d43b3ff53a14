package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/parleyhq/parley/test/strict"
)

// exported writes an export with one conversation of that name to a file.
func exported(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".jsonl")
	text := `{"type":"header","format":"parley-archive","version":1}
{"type":"conversation","id":"c1"}
{"type":"event","seq":1,"at":1767225600000,"kind":"conversationCreated","body":{"name":"` + name + `"}}
{"type":"event","seq":2,"at":1767225601000,"origin":"o","kind":"messageGiven","body":{"id":"m1","place":1048576,"type":"user","text":"é"}}
{"type":"end","conversations":1,"events":2}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestArchivesAreMovedWithAndWithoutAServer(t *testing.T) {
	t.Parallel()
	_, running := serve(t)
	idle := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	in := exported(t, "one")
	for name, env := range map[string][]string{"with": running, "without": idle} {
		out := filepath.Join(t.TempDir(), "out.jsonl")
		if _, said := run(t, exitFine, env, "import", in); !strings.Contains(said, "Imported 1 conversations with 2 events; 0 were there already, 0 refused; ") {
			t.Errorf("%s a server: %q", name, said)
		}
		if _, said := run(t, exitFine, env, "import", in); !strings.Contains(said, "Imported 0 conversations with 0 events; 1 were there already, 0 refused; ") {
			t.Errorf("%s a server, again: %q", name, said)
		}
		if printed, said := run(t, exitFine, env, "export", out); printed != "" || !strings.Contains(said, "Exported 1 conversations with 2 events, ") {
			t.Errorf("%s a server: %q and %q", name, printed, said)
		}
		if content(t, out) != content(t, in) {
			t.Errorf("%s a server: %s", name, content(t, out))
		}
		info, err := os.Stat(out)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s a server, others may read it: %v, %v", name, info.Mode(), err)
		}
		if printed, _ := run(t, exitFine, env, "export", "-"); printed != content(t, in) {
			t.Errorf("%s a server: %s", name, printed)
		}
		_, said := run(t, exitFailed, env, "import", exported(t, "two"))
		if !strings.Contains(said, "conversation c1: it is there already, with other content from event 1 on") || !strings.Contains(said, "1 refused") {
			t.Errorf("%s a server, other content: %q", name, said)
		}
	}
}

func TestAnImportReadsTheStandardInput(t *testing.T) {
	t.Parallel()
	env := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	text := content(t, exported(t, "one"))
	c := begin(t, strings.NewReader(text), env, "import", "-")
	if code := c.end(); code != exitFine || !strings.Contains(c.err.String(), "Imported 1") {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	cut := begin(t, strings.NewReader(text[:len(text)-5]), env, "import", "-")
	if code := cut.end(); code != exitFailed || !strings.Contains(cut.err.String(), "line 5: the archive is cut") {
		t.Errorf("a cut one ends with %d: %s", code, cut.err)
	}
}

// begun is the beginning of an export, longer than a pipe holds: who has written
// it knows that it is being read.
func begun() string { return `{"type":"header"` + strings.Repeat(" ", 256<<10) }

func TestAnInterruptEndsAnImportThatWaitsForInput(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := begin(t, r, []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}, "import", "-")
	if _, err := w.WriteString(begun()); err != nil {
		t.Fatal(err)
	}
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFailed || !strings.Contains(c.err.String(), "interrupted") {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	_ = w.Close() // ends the read that nothing else can
}

func TestAnInterruptEndsAnImportFromANamedPipe(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		strict.Missing(t, "there are no named pipes: "+err.Error())
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0) // which waits for no reader
	if err != nil {
		t.Fatal(err)
	}
	c := begin(t, nil, []string{"PARLEY_DATA=" + filepath.Join(folder, "d")}, "import", path)
	if _, err := w.WriteString(begun()); err != nil {
		t.Fatal(err)
	}
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFailed || !strings.Contains(c.err.String(), "interrupted") {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
	_ = w.Close()
}

func TestWhatCannotBeExportedOrImportedIsAClearError(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	none := []string{"PARLEY_DATA=" + filepath.Join(folder, "none")}
	env := []string{"PARLEY_DATA=" + filepath.Join(folder, "d")}
	in := exported(t, "one")
	run(t, exitFine, env, "import", in)
	before := content(t, in)
	for line, want := range map[string]string{
		"export " + in: "is there already: remove it, or name another file",
		"export " + filepath.Join(folder, "no", "file"):          "cannot be written",
		"export --tenant acme/dev " + filepath.Join(folder, "x"): `there is no tenant "acme/dev"`,
		"import --tenant acme/dev " + in:                         `there is no tenant "acme/dev"`,
		"import " + filepath.Join(folder, "nothing"):             "no such file",
		"import " + folder:                                       "is a directory",
	} {
		if _, said := run(t, exitFailed, env, strings.Fields(line)...); !strings.Contains(said, want) {
			t.Errorf("parley %s: %q", line, said)
		}
	}
	if content(t, in) != before {
		t.Error("an export wrote over a file")
	}
	empty := t.TempDir()
	for _, line := range []string{"export -", "import --dry-run " + in} {
		if _, said := run(t, exitFailed, none, strings.Fields(line)...); !strings.Contains(said, "there is no data in") {
			t.Errorf("parley %s without data: %q", line, said)
		}
		if _, said := run(t, exitFailed, []string{"PARLEY_DATA=" + empty}, strings.Fields(line)...); !strings.Contains(said, "there is no data in") {
			t.Errorf("parley %s of an empty folder: %q", line, said)
		}
	}
	if list, err := os.ReadDir(empty); err != nil || len(list) > 0 {
		t.Errorf("the empty folder has %v, %v", list, err)
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("something is left behind: %v, %v", left, err)
	}
}

func TestAnImportedFileCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	env := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	for _, text := range []string{
		strings.NewReplacer(`"c1"`, `"c\u001b[2J"`, `"seq":2`, `"seq":3`).Replace(content(t, exported(t, "one"))),
		strings.Replace(content(t, exported(t, "one")), `"messageGiven"`, `"message\u001b[2JGiven"`, 1),
		strings.Replace(content(t, exported(t, "one")), `"parley-archive"`, `"\u001b[2J"`, 1),
	} {
		c := begin(t, strings.NewReader(text), env, "import", "-")
		if code := c.end(); code != exitFailed || strings.Contains(c.err.String(), "\x1b") {
			t.Errorf("it ends with %d: %q", code, c.err)
		}
	}
}

func TestADryRunOnlySaysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	env := []string{"PARLEY_DATA=" + filepath.Join(t.TempDir(), "d")}
	run(t, exitFine, env, "import", exported(t, "one"))
	other := strings.ReplaceAll(content(t, exported(t, "two")), `"c1"`, `"c2"`)
	for range 2 {
		c := begin(t, strings.NewReader(other), env, "import", "--dry-run", "-")
		if code := c.end(); code != exitFine || !strings.Contains(c.err.String(), "Would import 1 conversations with 2 events") {
			t.Errorf("it ends with %d: %s", code, c.err)
		}
	}
}

func TestAMeterCountsLinesWhereverTheyAreCut(t *testing.T) {
	t.Parallel()
	text := content(t, exported(t, "one"))
	for step := 1; step < 90; step++ {
		var out strings.Builder
		m := &archiveMeter{w: &out}
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			if _, err := m.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if m.conversations != 1 || m.events != 2 || m.bytes != int64(len(text)) || out.String() != text {
			t.Errorf("in steps of %d: %d conversations, %d events, %d bytes", step, m.conversations, m.events, m.bytes)
		}
	}
}

func TestABarShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"[------------------------]   0 %  ": drawBar(0, 10),
		"[############------------]  50 %  ": drawBar(5, 10),
		"[########################] 100 %  ": drawBar(12, 10),
		"":                                   drawBar(5, 0),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	var nothing *bar
	nothing.show(1, 2, "text") // what is no terminal has none
	nothing.clear()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		b := &bar{out: &out}
		b.clear()
		b.show(1, 2, "one")
		b.show(2, 2, "two") // a moment later
		b.clear()
		if got := out.String(); got != "\r\x1b[K[############------------]  50 %  one\r\x1b[K" {
			t.Errorf("got %q", got)
		}
	})
	for want, n := range map[string]int64{"1023 bytes": 1023, "1.0 KiB": 1024, "1.5 MiB": 3 << 19, "2048.0 TiB": 2 << 50} {
		if got := size(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAnExportLeavesAFileAloneThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.jsonl")
	err := writeFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "an export")
		return errors.Join(err, os.WriteFile(path, []byte("another one"), 0o600))
	})
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "another one" {
		t.Errorf("the file has %q, %v", got, err)
	}
	if list, err := filepath.Glob(path + "*"); err != nil || len(list) != 1 {
		t.Errorf("left %v, %v", list, err)
	}
}
