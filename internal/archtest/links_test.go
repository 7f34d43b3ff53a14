package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	links    = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	unnamed  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range append(pages, "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			to := page
			if link[1] != "" {
				to = filepath.Join(filepath.Dir(page), link[1])
			}
			if !leads(to, link[2]) {
				t.Errorf("%s: %s leads nowhere", page, link[0])
			}
		}
	}
}

// leads reports whether there is such a file and, unless it is "", a heading with that
// name in it.
func leads(file, name string) bool {
	text, err := os.ReadFile(file)
	if err != nil || name == "" {
		_, err := os.Stat(file)
		return err == nil
	}
	for _, heading := range headings.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(unnamed.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-") == name {
			return true
		}
	}
	return false
}
