package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
)

// library is a folder with a configuration that declares a dataset of it.
type library struct {
	t      *testing.T
	folder string
}

func (l library) write(path, text string) {
	l.t.Helper()
	path = filepath.Join(l.folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

func (l library) start() *server {
	l.t.Helper()
	loaded, err := config.Load(config.Sources{
		Env: []string{
			"PARLEY_DATA=" + filepath.Join(l.folder, "data"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false",
			"PARLEY_SECRET=pk_a-secret-that-is-long-enough",
		},
		Flags: map[string]string{"config": filepath.Join(l.folder, "parley.yaml")},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	s := start(l.t, loaded.Config)
	s.secret = "pk_a-secret-that-is-long-enough"
	return s
}

// wantFiles waits until a dataset has files with records, and no others.
func (s *server) wantFiles(dataset string, want ...string) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		status, page := s.call("GET", "/v1/dataset/"+dataset+"/file/list?order=asc", "")
		if status != http.StatusOK {
			s.t.Fatal(status, page)
		}
		items, _ := page["items"].([]any)
		var got []string
		for _, item := range items {
			if f, _ := item.(map[string]any); f["status"] == "indexed" {
				name, _ := f["name"].(string)
				got = append(got, name)
			}
		}
		slices.Sort(got) // they may have come in the same millisecond
		if len(got) == len(items) && strings.Join(got, " ") == strings.Join(want, " ") {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the files are %v, want %q", items, want)
		}
	}
}

// finds reports whether a search finds a text.
func (s *server) finds(dataset, search, text string) bool {
	s.t.Helper()
	_, found := s.call("POST", "/v1/dataset/"+dataset+"/search", `{"search":"`+search+`"}`)
	records, _ := found["records"].([]any)
	for _, r := range records {
		record, _ := r.(map[string]any)
		if got, _ := record["text"].(string); strings.Contains(got, text) {
			return true
		}
	}
	return false
}

func TestADatasetOfTheConfigurationIsFilledFromItsFiles(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "parley") // short: there is a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l := library{t, filepath.Join(folder, "a [strange] folder*")}
	l.write("parley.yaml", "datasets:\n  - {id: handbook, name: Handbook, files: [docs, \"terms/*.txt\", none.md]}\n")
	l.write("docs/leave.md", "# Leave\n\nThirty days a year.")
	l.write("docs/deep/lunch.md", "Lunch is at noon.")
	l.write("docs/.hidden.md", "Nobody reads this.")
	l.write("docs/picture.png", "not a text")
	l.write("terms/terms.txt", "Terms apply.")
	l.write("terms/skipped.md", "Not matched.")

	s := l.start()
	s.wantFiles("handbook", "docs/deep/lunch.md", "docs/leave.md", "terms/terms.txt")
	if !s.finds("handbook", "leave thirty", "Thirty days") || s.finds("handbook", "nobody", "Nobody") {
		t.Error("the dataset does not answer from its files")
	}
	s.end()
	if !strings.Contains(s.log.String(), "none.md") {
		t.Error("a file that is not there is not told")
	}

	l.write("docs/leave.md", "# Leave\n\nForty days a year.")
	if err := os.Remove(filepath.Join(l.folder, "docs/deep/lunch.md")); err != nil {
		t.Fatal(err)
	}
	s = l.start()
	s.wantFiles("handbook", "docs/leave.md", "terms/terms.txt")
	if !s.finds("handbook", "leave forty", "Forty days") || s.finds("handbook", "thirty", "Thirty") || s.finds("handbook", "lunch", "noon") {
		t.Error("after a start the dataset does not say what its files say")
	}
	s.end()

	// A disk that is not there is no reason to forget.
	for _, name := range []string{"docs", "terms"} {
		if err := os.Rename(filepath.Join(l.folder, name), filepath.Join(l.folder, "away-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	s = l.start()
	s.wantFiles("handbook", "docs/leave.md", "terms/terms.txt")
}
