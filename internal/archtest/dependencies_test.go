package archtest_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
)

func TestEveryDependencyHasItsReason(t *testing.T) {
	t.Parallel()
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(run(t, "go", "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	page, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(page, -1) {
		documented = append(documented, string(row[1]))
	}
	for _, path := range direct {
		if !slices.Contains(documented, path) {
			t.Errorf("docs/dependencies.md has no row for %s", path)
		}
	}
	for _, path := range documented {
		if !slices.Contains(direct, path) {
			t.Errorf("docs/dependencies.md has a row for %s, which go.mod does not require directly", path)
		}
	}
}
