package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parleyhq/parley/internal/config"
	"github.com/parleyhq/parley/test/strict"
)

func TestEveryTopicHasAPage(t *testing.T) {
	t.Parallel()
	list, _ := run(t, exitFine, nil, "help")
	for topic, wants := range map[string][]string{
		"configuration": {"turns.queue", "--listen", "PARLEY_TURNS_DRAIN", "default 30s"},
		"environment":   {"OPENAI_API_KEY", "PARLEY_LIMITS_RATE_TOKEN"},
		"exit-status":   {"0  ", "1  ", "2  "},
		"data-folder":   {"parley.db", "key.id"},
		"models":        {"quote", "aliases"},
		"retrieval":     {"searchMinScore", "nDCG"},
		"privacy":       {"placeholder", "entities"},
		"operations":    {"systemd", "Troubleshooting"},
	} {
		if !strings.Contains(list, "parley "+topic) {
			t.Errorf("help does not list %s", topic)
		}
		page, _ := run(t, exitFine, nil, "help", topic)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("the page %s lacks %q", topic, want)
			}
		}
		if strings.Contains(page, "Usage:") {
			t.Errorf("the page %s ends with a usage", topic)
		}
	}
	if _, err := run(t, exitUsage, nil, "help", "nonsense"); !strings.Contains(err, `no command or topic "nonsense"`) {
		t.Errorf("an unknown topic: %s", err)
	}
	if out, _ := run(t, exitFine, nil, "help", "token", "create"); !strings.Contains(out, "--expires") {
		t.Errorf("help of a command below another: %s", out)
	}
}

func TestEverySettingIsOnTheirPages(t *testing.T) {
	t.Parallel()
	for _, s := range config.Settings() {
		if !strings.Contains(settingsPage(), "\n"+s.Name+"\n") || !strings.Contains(environmentPage(), "\n"+s.Env+"\n") {
			t.Errorf("%s is missing", s.Name)
		}
	}
	for line := range strings.Lines(settingsPage() + environmentPage() + exitPage()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > pageWidth+40 { // addresses cannot be broken
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// What a server makes in its folder is on the page about it, and the other way
// round.
func TestThePageAboutTheDataFolderIsTrue(t *testing.T) {
	t.Parallel()
	_, env := serve(t)
	folder := strings.TrimPrefix(env[0], "PARLEY_DATA=")
	page, _ := run(t, exitFine, nil, "help", "data-folder")
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < 4 {
		t.Fatal(entries, err)
	}
	for _, entry := range entries {
		if !strings.Contains(page, "| `"+entry.Name()+"` |") {
			t.Errorf("the page does not know %s", entry.Name())
		}
	}
	for line := range strings.Lines(page) {
		rest, row := strings.CutPrefix(line, "| `")
		name, _, _ := strings.Cut(rest, "`")
		if !row {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Errorf("there is no %s: %v", name, err)
		}
	}
}

func TestTheShellIsToldWhatFits(t *testing.T) {
	t.Parallel()
	_, env := serve(t, "PARLEY_ALIASES={support: quote}", "PARLEY_TENANTS=[{org: acme, name: dev}, {org: acme, name: test}]")
	_, _ = run(t, exitFine, env, "token", "create", "--name", "website")
	for line, wants := range map[string][]string{
		"serve --log-level ":            {"debug", "error"},
		"serve --log-format ":           {"auto", "json"},
		"serve --model ":                {"quote", "support"},
		"chat --tenant ":                {"acme/dev", "acme/test"},
		"token create --tenant ":        {"acme/dev"},
		"token revoke ":                 {"website"},
		"help ":                         {"serve", "data-folder", "completion"},
		"help token ":                   {"create", "revoke"},
		"token ":                        {"create", "list", "revoke"},
		"completion ":                   {"bash", "fish", "powershell", "zsh"},
		"serve --config ":               {"yaml", ":8"}, // files of these kinds
		"serve --data ":                 {":16"},        // folders
		"serve --key-file ":             {":0"},         // any file
		"token revoke --data /nowhere ": {":4"},         // nothing
		"version ":                      {":4"},
	} {
		out, _ := run(t, exitFine, env, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%q completes to %q, which lacks %q", line, out, want)
			}
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _ := run(t, exitFine, nil, "completion", shell); !strings.Contains(out, "__complete") {
			t.Errorf("the script for %s is %q", shell, out)
		}
	}
}

func TestHealthTellsWhetherTheServerIsReady(t *testing.T) {
	t.Parallel()
	c, env := serve(t)
	if out, _ := run(t, exitFine, env, "health"); out != "ready\n" {
		t.Errorf("over the socket: %q", out)
	}
	_, url, _ := strings.Cut(c.out.String(), "Parley listens on ")
	url, _, _ = strings.Cut(url, "\n")
	if out, _ := run(t, exitFine, nil, "health", "--url", url); out != "ready\n" {
		t.Errorf("at its address: %q", out)
	}
	listen := "PARLEY_LISTEN=" + strings.TrimPrefix(url, "http://")
	if out, _ := run(t, exitFine, []string{listen, "PARLEY_DATA=" + t.TempDir()}, "health"); out != "ready\n" {
		t.Errorf("without a socket: %q", out)
	}
	_, err := run(t, exitFailed, []string{"PARLEY_LISTEN=127.0.0.1:0", "PARLEY_DATA=" + t.TempDir()}, "health")
	if !strings.Contains(err, "no server is running") {
		t.Errorf("without a server: %q", err)
	}
	_, err = run(t, exitFailed, nil, "health", "--url", url+"/elsewhere")
	if !strings.Contains(err, "404") {
		t.Errorf("something else answers: %q", err)
	}
}

func TestSystemdIsToldWhenTheServerIsReadyAndWhenItStops(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "parley")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		strict.Missing(t, "there are no such sockets: "+err.Error())
	}
	t.Cleanup(func() { _ = socket.Close() })
	told := func() string {
		buf := make([]byte, 1000)
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	env := []string{"PARLEY_DATA=" + filepath.Join(folder, "d"), "PARLEY_LISTEN=127.0.0.1:0", "PARLEY_FIND_OLLAMA=false", "NOTIFY_SOCKET=" + path}
	c := begin(t, nil, env, "serve")
	if got := told(); !strings.HasPrefix(got, "READY=1\nSTATUS=serving http://") {
		t.Errorf("systemd is told %q", got)
	}
	c.interrupts <- os.Interrupt
	if got := told(); !strings.HasPrefix(got, "STOPPING=1\n") {
		t.Errorf("systemd is told %q", got)
	}
	if code := c.end(); code != exitFine {
		t.Errorf("it ends with %d: %s", code, c.err)
	}

	_ = socket.Close() // nobody listens any more, which does no harm
	c = begin(t, nil, env, "serve")
	c.out.await(t, "Talk to it:")
	c.interrupts <- os.Interrupt
	if code := c.end(); code != exitFine || !strings.Contains(c.err.String(), "systemd does not know") {
		t.Errorf("it ends with %d: %s", code, c.err)
	}
}
