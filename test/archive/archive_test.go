package archive_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/test/process"
)

var conversations = flag.Int("conversations", 200, "how many conversations are exported and imported")

// binaries is the folder of the program, which is built once.
var binaries string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "parley-archive-bin-")
	if err != nil {
		panic(err)
	}
	binaries = folder
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(folder)
		os.Exit(code)
	}))
}

var build = sync.OnceValue(func() error {
	return process.Build(context.Background(), binaries, "github.com/parleyhq/parley/cmd/parley")
})

// scene is a folder in which commands are run on several data folders.
type scene struct {
	*testing.T
	folder string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pa") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return &scene{t, folder}
}

func (s *scene) path(name string) string { return filepath.Join(s.folder, name) }

// command makes a command of parley on a data folder.
func (s *scene) command(data string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(binaries, "parley"), append(args, "--data", s.path(data))...)
	cmd.Dir = s.folder
	return cmd
}

// run runs a command that has to go well, and gives what it said.
func (s *scene) run(data string, args ...string) string {
	s.Helper()
	began := time.Now()
	cmd := s.command(data, args...)
	said, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("parley %v: %v\n%s", args, err, said)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	s.Logf("parley %v took %v, %v of the processor: %s", args,
		time.Since(began).Round(time.Millisecond), used.Round(time.Millisecond), bytes.TrimSpace(said))
	return string(said)
}

func (s *scene) read(name string) []byte {
	s.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// same compares an export with the first one.
func (s *scene) same(name string, want []byte) {
	s.Helper()
	got := s.read(name)
	if bytes.Equal(got, want) {
		return
	}
	ours, theirs := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(ours), len(theirs)) {
		if !bytes.Equal(ours[i], theirs[i]) {
			s.Fatalf("%s differs in line %d:\n got %s\nwant %s", name, i+1, ours[i], theirs[i])
		}
	}
	s.Fatalf("%s has %d lines, want %d", name, len(ours), len(theirs))
}

var told = regexp.MustCompile(`(?:Imported|Would import) (\d+) conversations with \d+ events; (\d+) were there already, (\d+) refused`)

// counts reads what an import says that it did.
func (s *scene) counts(said string) (imported, skipped, refused int) {
	s.Helper()
	m := told.FindStringSubmatch(said)
	if m == nil {
		s.Fatalf("it says %q", said)
	}
	imported, _ = strconv.Atoi(m[1])
	skipped, _ = strconv.Atoi(m[2])
	refused, _ = strconv.Atoi(m[3])
	return imported, skipped, refused
}

// original fills a data folder and exports it.
func (s *scene) original() []byte {
	s.Helper()
	fill(s.T, s.path("a"), *conversations)
	s.run("a", "export", "one.jsonl")
	return s.read("one.jsonl")
}

func TestWhatIsExportedAndImportedIsExportedTheSame(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	want := s.original()
	for _, part := range []string{`"failed"`, `"interrupted"`, `"stopped"`, `"restarted"`, `"rated"`, `"messageDeleted"`, `"toolEnded"`, `"interrupted"}`, `"left"`, `"checkpoint"`, "日本語"} {
		if !bytes.Contains(want, []byte(part)) {
			t.Errorf("no conversation has %s, so this test proves little", part)
		}
	}
	imported, skipped, refused := s.counts(s.run("b", "import", "one.jsonl"))
	if imported != *conversations || skipped+refused != 0 {
		t.Errorf("%d imported, %d skipped, %d refused", imported, skipped, refused)
	}
	s.run("b", "export", "two.jsonl")
	s.same("two.jsonl", want)
	s.run("b", "check")
	if imported, skipped, _ := s.counts(s.run("a", "import", "one.jsonl")); imported != 0 || skipped != *conversations {
		t.Errorf("into where it came from: %d imported, %d skipped", imported, skipped)
	}
}

func TestAnImportThatWasKilledIsRunAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	want := s.original()
	middle := 0
	for part := range 3 {
		data := "c" + strconv.Itoa(part)
		cmd := s.command(data, "import", "-")
		s.feed(cmd, want[:len(want)*(part+1)/4], func() { _ = cmd.Process.Kill() })
		if there := s.complete(data, want); there > 0 {
			middle++
		}
	}
	if middle == 0 {
		t.Error("no kill hit an import that had written something, so this proves little")
	}
}

func TestAnImportIntoAServerThatWasKilledIsRunAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	want := s.original()
	address, err := process.Address()
	if err != nil {
		t.Fatal(err)
	}
	server := &process.Server{
		Command: []string{filepath.Join(binaries, "parley"), "serve", "--data", s.path("d"), "--listen", address}, Address: address,
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	cmd := s.command("d", "import", "-")
	s.feed(cmd, want[:len(want)/2], server.Kill)
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if there := s.complete("d", want); there == 0 {
		t.Log("nothing had been imported before the kill")
	}
}

// feed gives a command a part of an archive, and kills something while it is at
// work. The command must not take that for success.
func (s *scene) feed(cmd *exec.Cmd, part []byte, kill func()) {
	s.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	if _, err := in.Write(part); err != nil {
		s.Errorf("the import does not read on: %v", err)
	}
	kill()
	_, _ = io.WriteString(in, "\n") // whoever still reads learns that all is over
	_ = in.Close()
	if err := cmd.Wait(); err == nil {
		s.Errorf("the import ended well: %s", &said)
	}
}

// complete runs an import again, and compares. It gives how many conversations
// were there before.
func (s *scene) complete(data string, want []byte) int {
	s.Helper()
	_, before, _ := s.counts(s.run(data, "import", "--dry-run", "one.jsonl"))
	imported, skipped, refused := s.counts(s.run(data, "import", "one.jsonl"))
	if skipped != before || imported != *conversations-before || imported == 0 || refused != 0 {
		s.Errorf("%d imported, %d skipped, %d refused; %d had been there", imported, skipped, refused, before)
	}
	s.run(data, "export", data+".jsonl")
	s.same(data+".jsonl", want)
	s.run(data, "check")
	return before
}
