package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/test/strict"
)

// shutdownTime is how long the end of a server may take behind turns.drain.
const shutdownTime = 40 * time.Second

// deployed reads a file that operators take over.
func deployed(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatOperatorsTakeOverNamesSettingsThatThereAre(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[s.Env] = true
	}
	found := 0
	for _, path := range []string{"Dockerfile", "deploy/parley.service", "deploy/compose.yaml", "docs/operations.md"} {
		for _, name := range regexp.MustCompile(`PARLEY_[A-Z_]+`).FindAllString(deployed(t, path), -1) {
			if found++; !known[name] {
				t.Errorf("%s names %s, which is no setting", path, name)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d variables were found", found)
	}
}

// Who stops a server has to give it the time that it may take.
func TestServersAreGivenTheTimeToEnd(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	needs := l.Config.Turns.Drain + shutdownTime
	for path, pattern := range map[string]string{
		"deploy/parley.service": `TimeoutStopSec=(\d+)`,
		"deploy/compose.yaml":   `stop_grace_period: (\d+)s`,
		"docs/operations.md":    `terminationGracePeriodSeconds: (\d+)`,
	} {
		match := regexp.MustCompile(pattern).FindStringSubmatch(deployed(t, path))
		if match == nil {
			t.Errorf("%s does not say how long", path)
			continue
		}
		if given, err := time.ParseDuration(match[1] + "s"); err != nil || given < needs {
			t.Errorf("%s gives %v, but the server may need %v", path, given, needs)
		}
	}
}

// The programs of agents' MCP servers serve the turns that may still finish, and
// what they leave behind is somebody's to clear away.
func TestProgramsOfTheServerEndWithItAndNotBefore(t *testing.T) {
	t.Parallel()
	for path, line := range map[string]string{"deploy/parley.service": "\nKillMode=mixed\n", "deploy/compose.yaml": "\n    init: true\n", "docs/operations.md": "docker run -d --init "} {
		if !strings.Contains(deployed(t, path), line) {
			t.Errorf("%s lacks %q", path, line)
		}
	}
}

// A proxy that refuses what the server would take, or keeps sockets from opening,
// answers with an error that no client of the API knows.
func TestTheProxyLetsThroughWhatTheServerTakes(t *testing.T) {
	t.Parallel()
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	site := deployed(t, "deploy/nginx.conf")
	match := regexp.MustCompile(`client_max_body_size (\d+)m;`).FindStringSubmatch(site)
	if match == nil {
		t.Fatal("deploy/nginx.conf does not say how large a body may be")
	}
	for name, takes := range map[string]config.Size{"limits.body": l.Config.Limits.Body, "limits.file": l.Config.Limits.File} {
		if given, err := strconv.ParseInt(match[1], 10, 64); err != nil || given<<20 <= int64(takes) {
			t.Errorf("deploy/nginx.conf lets through %s MiB, and %s is %v", match[1], name, takes)
		}
	}
	for _, line := range []string{"proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;", "map $http_upgrade $connection_upgrade {"} {
		if !strings.Contains(site, line) {
			t.Errorf("deploy/nginx.conf lacks %q: no WebSocket opens behind it", line)
		}
	}
}

func TestTheUnitIsGood(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		strict.Missing(t, "there is no systemd-analyze")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The binary that it starts has to exist, and so has its user.
	unit := strings.NewReplacer("/usr/local/bin/parley", program, "User=parley\nGroup=parley\n", "").Replace(deployed(t, "deploy/parley.service"))
	path := filepath.Join(t.TempDir(), "parley.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "verify", path).CombinedOutput(); err != nil || strings.Contains(string(out), "parley.service") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheImageRunsWhatThereIs(t *testing.T) {
	t.Parallel()
	text := deployed(t, "Dockerfile")
	for _, want := range []string{
		"CGO_ENABLED=0", "USER 65532:65532", "VOLUME /data", "STOPSIGNAL SIGTERM",
		`CMD ["/usr/local/bin/parley", "health"]`, `ENTRYPOINT ["/usr/local/bin/parley"]`, `CMD ["serve"]`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile lacks %s", want)
		}
	}
	mod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(deployed(t, "go.mod"))
	if mod == nil || !strings.Contains(text, "golang:"+mod[1]+" ") {
		t.Errorf("the Dockerfile builds with another Go than go.mod's, %v", mod)
	}
	for _, command := range []string{"health", "serve"} {
		run(t, exitFine, nil, command, "--help")
	}
}
