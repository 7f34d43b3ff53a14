package document_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/test/strict"
)

// readMeasured has a process read a file that was made for it, and gives what it
// said and the most memory, in MiB, that it or one that it started had.
func readMeasured(ctx context.Context, t *testing.T, name, content, separators string) (said string, most int64) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(ctx, reader(t), "measure", file, separators).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said, peak, _ := strings.Cut(strings.TrimSpace(string(out)), "; peak: ")
	if peak == "" {
		strict.Missing(t, "this system does not say how much memory a process had")
	}
	if _, err := fmt.Sscanf(peak, "%d kB", &most); err != nil {
		t.Fatalf("%q: %v", peak, err)
	}
	return said, most >> 10
}

func TestLargeAndHostileFilesAreReadInBoundedMemory(t *testing.T) {
	t.Parallel()
	const mebi = 1 << 20
	words := func(n int) string { return strings.Repeat("Some words of a text. ", n/22) }
	for _, c := range []struct {
		what, name string
		content    func() string
		most       int64 // MiB
		says       string
	}{
		{"20 MB of text in one line", "a.txt", func() string { return words(20 * mebi) }, 150, "chunks"},
		{"one letter again and again", "a.txt", func() string { return strings.Repeat("x", 4*mebi) }, 100, "2048 chunks"},
		{"many Markdown headings", "a.md", func() string { return strings.Repeat("# a\n\n", mebi/4) }, 150, "chunks"},
		{"many fences", "a.md", func() string { return strings.Repeat("```\n", mebi) }, 150, "chunks"},
		{"many rows of a table", "a.md", func() string { return "|a|\n|-|\n" + strings.Repeat("| b |\n", mebi/2) }, 150, "chunks"},
		{"much Latin-1", "a.txt", func() string { return strings.Repeat("caf\xe9 ", mebi) }, 150, "chunks"},
		{"a page of a million tags that nest", "a.html", func() string { return strings.Repeat("<div>", mebi) + "text" + strings.Repeat("</div>", mebi) }, 150, "1 chunks"},
		{"a page of lists that nest", "a.html", func() string { return strings.Repeat("<ul><li>x", mebi/4) }, 150, "chunks"},
		{"a page with one tag of 4 MB", "a.html", func() string { return "<p " + strings.Repeat("a=b ", mebi) + ">text" }, 150, "1 chunks"},
		{"a page of tables in tables", "a.html", func() string { return strings.Repeat("<table><tr><td>", mebi/4) }, 150, "holds no text"},
		{"20 MB that are said to be a PDF", "a.pdf", func() string { return words(20 * mebi) }, 100, "is no PDF file"},
		{"20 MB with only the mark of a PDF", "a.pdf", func() string { return "%PDF-1.7\n" + words(20*mebi) + "%%EOF" }, 200, "damaged"},
		{"20 MB of a PDF with a password", "a.pdf", func() string { return locked(stream("", words(20*mebi))) }, 200, "has a password"},
		{"a DOCX file whose text inflates to 64 MB", "a.docx", func() string { return docx(t, paragraph("", strings.Repeat(" ", 64*mebi))) }, 200, "inflates to more than"},
		{"a DOCX file with a part that inflates to 64 MB", "a.docx", func() string { return docx(t, "", "word/styles.xml", strings.Repeat("<a/>", 16*mebi)) }, 200, "inflates to more than"},
		{"a DOCX file with one element of many attributes", "a.docx", func() string { return docx(t, "<w:p "+strings.Repeat(`a="" `, mebi)+"/>") }, 600, "inflates to more than"},
		{"a CSV file in Latin-1", "a.csv", func() string { return "stra\xdfe,ort\n" + strings.Repeat("K\xf6nigstra\xdfe,K\xf6ln\n", mebi) }, 150, "chunks"},
		{"20 MB of commas", "a.csv", func() string { return "a,b\n" + strings.Repeat(",", 20*mebi) }, 200, "more than 1048576 values"},
		{"commas behind quotes that do not count", "a.csv", func() string { return "a,b\nx\"" + strings.Repeat(",", 20*mebi) }, 200, "more than 1048576 values"},
		{"CSV with long names", "a.csv", func() string { return strings.Repeat("n", 1000) + ",b\n" + strings.Repeat("v,w\n", mebi/8) }, 150, "chunks"},
		{"a CSV file of one open quote", "a.csv", func() string { return "a,b\n\"" + strings.Repeat("x\n", 2*mebi) }, 150, "chunks"},
		{"20 MB of brackets", "a.json", func() string { return strings.Repeat("[", 20*mebi) }, 150, "nests deeper"},
		{"many objects", "a.json", func() string { return "[" + strings.Repeat(`{"a":1},`, mebi/8) + "{}]" }, 150, "chunks"},
		{"a string of 4 MB", "a.json", func() string { return `["` + strings.Repeat("x", 4*mebi) + `"]` }, 400, "chunks"},
		{"names that grow with every level", "a.json", func() string {
			return strings.Repeat(`{"`+strings.Repeat("n", 1000)+`":`, 900) + "[" + strings.Repeat("1,", mebi) + "1]" + strings.Repeat("}", 900)
		}, 600, "than 256 MiB"},
	} {
		t.Run(c.what, func(t *testing.T) {
			said, most := readMeasured(t.Context(), t, c.name, c.content(), "")
			if !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
			if most > c.most {
				t.Errorf("it took %d MiB, more than %d", most, c.most)
			}
			t.Logf("%d MiB: %s", most, strings.TrimSpace(said))
		})
	}
}

// Time that grows with the square of a text's length would be hours here.
func TestLargeTextsAreSplitInATimeThatGrowsWithTheirLength(t *testing.T) {
	t.Parallel()
	const mebi = 1 << 20
	for _, c := range []struct{ what, content, separators, says string }{
		{"spaces between two words", "a" + strings.Repeat(" ", 60*mebi) + "b", "", "2 chunks"},
		{"empty lines between two words", "a" + strings.Repeat("\n", 60*mebi) + "b", "", "2 chunks"},
		{"separators of which one is everywhere and one nowhere", strings.Repeat("word###", 4*mebi), "%%%\n###", "4194304 chunks"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if said, _ := readMeasured(ctx, t, "a.txt", c.content, c.separators); !strings.Contains(said, c.says) {
			t.Errorf("%s: it says %q, want %q", c.what, said, c.says)
		}
	}
}
