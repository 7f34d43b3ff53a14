package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes files in a folder, by their names and contents.
func write(t *testing.T, folder string, files ...string) {
	t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		path := filepath.Join(folder, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// says runs a command that must go well and print all of some texts.
func says(t *testing.T, env []string, line []string, wants ...string) string {
	t.Helper()
	out, _ := run(t, exitFine, env, line...)
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("parley %v prints %q, which lacks %q", line, out, want)
		}
	}
	return out
}

func TestAFolderIsAddedToADatasetAndFound(t *testing.T) {
	t.Parallel()
	_, env := serve(t)
	docs := t.TempDir()
	write(t, docs, "rooms.md", "# Rooms\n\nThe attic has a view of the lake.\n", "food/menu.csv", "dish,price\nsoup,7\nfondue,24\n",
		".git/config", "secret", ".hidden.md", "secret", "logo.png", "\x89PNG", "empty.txt", "")
	add := []string{"dataset", "add", "inn", docs}

	_, complaints := run(t, exitFine, env, add...)
	if !strings.Contains(complaints, "1 file of other kinds left out.") || strings.Contains(complaints, "\x1b") {
		t.Errorf("it says %q", complaints)
	}
	says(t, env, add, "Dataset inn: 0 files uploaded, 3 unchanged; 2 records.")
	says(t, env, []string{"search", "inn", "what", "can", "one", "see", "from", "the", "attic"}, "1. rooms.md  (0.", "The attic has a view of the lake.")
	says(t, env, []string{"dataset", "list"}, "NAME", "inn")
	files := says(t, env, []string{"dataset", "files", "inn"}, "food/menu.csv", "indexed", "rooms.md")
	if strings.Contains(files, "hidden") || strings.Contains(files, "config") || strings.Contains(files, "logo") {
		t.Errorf("files that should be left out are there: %s", files)
	}

	write(t, docs, "rooms.md", "# Rooms\n\nThe attic has a view of the mountains.\n")
	says(t, env, add, "Dataset inn: 1 file uploaded, 2 unchanged; 2 records.")
	if found := says(t, env, []string{"search", "inn", "attic"}, "mountains"); strings.Contains(found, "lake") {
		t.Errorf("what was there before is found: %s", found)
	}

	line, _ := run(t, exitFine, env, "search", "--json", "inn", "fondue")
	var found hit
	if err := json.Unmarshal([]byte(strings.SplitN(line, "\n", 2)[0]), &found); err != nil || !strings.Contains(found.Text, "dish: fondue\nprice: 24") || found.Meta["path"] != "food/menu.csv" {
		t.Errorf("%q: %v", line, err)
	}

	says(t, env, []string{"dataset", "delete", "inn"}, "Dataset inn is deleted, with 3 files.")
	if _, err := run(t, exitFailed, env, "search", "inn", "attic"); !strings.Contains(err, "inn") {
		t.Errorf("the dataset is gone: %q", err)
	}
}

func TestAFileThatCannotBeReadLeavesTheOthers(t *testing.T) {
	t.Parallel()
	_, env := serve(t)
	docs := t.TempDir()
	write(t, docs, "bad.pdf", "%PDF-1.4 and then nothing", "good.md", "All is well.", "none.docx", "PK\x03\x04 cut")
	out, complaints := run(t, exitFailed, env, "dataset", "add", "mixed", docs)
	if !strings.Contains(out, "3 files uploaded, 0 unchanged; 1 record.") {
		t.Errorf("it prints %q", out)
	}
	for _, want := range []string{"parley: bad.pdf: the PDF", "damaged", "parley: none.docx: the file", "not a whole DOCX file"} {
		if !strings.Contains(complaints, want) {
			t.Errorf("it says %q, which lacks %q", complaints, want)
		}
	}
	says(t, env, []string{"search", "mixed", "well"}, "good.md")
	says(t, env, []string{"dataset", "files", "mixed"}, "failed: the PDF")

	write(t, docs, "bad.pdf", "%PDF-1.4 and then nothing")
	if out, _ := run(t, exitFailed, env, "dataset", "add", "mixed", docs); !strings.Contains(out, "2 files uploaded, 1 unchanged") {
		t.Errorf("what failed is tried again: %q", out)
	}
}

func TestDatasetsOfAServerElsewhere(t *testing.T) {
	t.Parallel()
	server, _ := serve(t, "PARLEY_SECRET=the-secret-of-all-tests")
	elsewhere := []string{"PARLEY_SECRET=the-secret-of-all-tests", "PARLEY_DATA=" + filepath.Join(t.TempDir(), "none")}
	at := []string{"--url", address(server)}
	file := filepath.Join(t.TempDir(), "a.txt")
	write(t, filepath.Dir(file), "a.txt", "Zebras have stripes.")
	says(t, elsewhere, append([]string{"dataset", "create", "zoo", "--description", "animals"}, at...), "Dataset zoo is made")
	says(t, elsewhere, append([]string{"dataset", "add", "zoo", file, "--no-wait"}, at...), "1 file uploaded, 0 unchanged.")
	says(t, elsewhere, append([]string{"dataset", "add", "zoo", file}, at...), "0 files uploaded, 1 unchanged")
	says(t, elsewhere, append([]string{"search", "zoo", "stripes"}, at...), "a.txt")
	if _, err := run(t, exitFailed, nil, append([]string{"search", "zoo", "stripes"}, at...)...); !strings.Contains(err, "PARLEY_SECRET") {
		t.Errorf("without a secret: %q", err)
	}
}

func TestAFileThatCannotBeAttachedIsNotLeftBehind(t *testing.T) {
	t.Parallel()
	server, env := serve(t, "PARLEY_SECRET=the-secret-of-all-tests")
	at, err := url.Parse(address(server))
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(at)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/attach") {
			http.Error(w, `{"message":"not today","code":"BAD_REQUEST"}`, http.StatusBadRequest)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	file := filepath.Join(t.TempDir(), "a.txt")
	write(t, filepath.Dir(file), "a.txt", "Zebras have stripes.")
	if _, err := run(t, exitFailed, env, "dataset", "add", "zoo", file, "--url", proxy.URL); !strings.Contains(err, "not today") {
		t.Errorf("it says %q", err)
	}
	out := filepath.Join(t.TempDir(), "all.jsonl")
	says(t, env, []string{"export", out})
	exported, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(exported), "zoo") || strings.Contains(string(exported), "a.txt") {
		t.Errorf("left behind: %s, %v", exported, err)
	}
}

func TestFilesThatCannotBeAddedAreRefusedBeforeAnyIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, "one/a.md", "a", "two/a.md", "b", "none/x.png", "c")
	for want, args := range map[string][]string{
		"would both be a.md":                  {filepath.Join(folder, "one"), filepath.Join(folder, "two")},
		"there are no files that can be read": {filepath.Join(folder, "none")},
		"no such file":                        {filepath.Join(folder, "missing")},
	} {
		if _, err := run(t, exitFailed, nil, append([]string{"dataset", "add", "x"}, args...)...); !strings.Contains(err, want) {
			t.Errorf("%v: %q, want %q", args, err, want)
		}
	}
}
