package main

import (
	"strings"
	"testing"
)

func TestBenchNamesItsRows(t *testing.T) {
	t.Parallel()
	help, _ := run(t, exitFine, nil, "bench", "--help")
	for _, want := range []string{"relay-paced", "ttft", "--scale", "≤ 1.2×"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help has no %q:\n%s", want, help)
		}
	}
	if strings.Contains(help, "worker") {
		t.Errorf("the help shows what is not for people:\n%s", help)
	}
}

func TestBenchRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"bench --rounds 0":      "--rounds",
		"bench --scale 2":       "--scale",
		"bench --only warp":     `no row "warp"`,
		"bench worker nobody":   `no worker "nobody"`,
		"bench --dir /nowhere/": "--dir",
	} {
		if _, err := run(t, exitFailed, nil, strings.Fields(line)...); !strings.Contains(err, want) {
			t.Errorf("parley %s says %q", line, err)
		}
	}
}
