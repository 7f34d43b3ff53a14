package chatbotkit_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/scripted"
)

var update = flag.Bool("update", false, "write the answers into testdata/scenarios")

// scripts are the answers that scenarios can ask the model for.
func scripts(name string) scripted.Script {
	switch name {
	case "hello":
		return scripted.Script{scripted.Text("Hello 21 °C 🙂"), scripted.Usage(10, 5)}
	case "pieces":
		return scripted.Script{scripted.Text("One, ", "zwölf, ", "🙂."), scripted.Usage(12, 3)}
	case "thinking":
		return scripted.Script{scripted.Reasoning("Hm."), scripted.Text("Yes."), scripted.Usage(7, 4)}
	case "estimated":
		return scripted.Script{scripted.Text("Unmeasured.")}
	case "empty":
		return scripted.Script{scripted.Usage(3, 0)}
	case "length":
		return scripted.Script{scripted.Text("Cut sh"), scripted.Usage(3, 2), scripted.Finish(model.StopLength)}
	case "call":
		return scripted.Script{scripted.Calls("k1", "get_weather", `{"location":"Paris"}`), scripted.Usage(20, 5)}
	case "say and call":
		return scripted.Script{scripted.Text("Let me look."), scripted.Calls("k1", "get_weather", `{"location":"Paris"}`), scripted.Usage(20, 5)}
	case "two calls":
		return scripted.Script{scripted.Calls("k1", "get_weather", `{}`), scripted.Calls("k2", "get_time", `{}`), scripted.Usage(20, 5)}
	case "citing":
		return scripted.Script{scripted.Text("330 m 🗼 [", "1][2", "], `[1]`, [3] and [1, 2]."), scripted.Usage(10, 5)}
	case "rejected":
		return scripted.Script{scripted.Fail(&model.Error{Kind: model.Rejected, Message: "the model refuses this request"})}
	case "limited":
		return scripted.Script{scripted.Limited(30 * time.Second)}
	case "cut":
		return scripted.Script{scripted.Text("Half an ans"), scripted.Cut()}
	}
	panic("no script " + name)
}

// TestScenarios plays each file of testdata/scenarios against a server of its
// own. A file is a list of exchanges:
//
//	# a comment, or "! name" to let the model play a script next
//	> POST /v1/conversation/create
//	> Accept: application/jsonl       (any header; Token: is short for Authorization)
//	{"name":"x"}
//	< 200 application/json
//	< Allow: GET, OPTIONS             (headers of interest, if they are there)
//	{"id":"<id1>"}
//
// Ids, tokens, cursors and times are written as <id1>, <token1>, <cursor1> and
// <time>; a request may use those that were seen before.
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("there are no scenarios")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			must(t, err)
			got := play(t, string(want))
			if *update {
				must(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			compare(t, got, string(want))
		})
	}
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("line %d differs\ngot:  %s\nwant: %s\n(go test -update writes what was answered)", i+1, at(g, i), at(w, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "<the end>"
}

// play runs the requests of a scenario and gives it with the answers that came.
func play(t *testing.T, scenario string) string {
	b, n := setup(t), &names{seen: map[string]string{}}
	n.name("secret", b.secret)
	n.name("foreign", b.foreign)
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(scenario, "\n"), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		i++
		switch {
		case strings.HasPrefix(line, "! "):
			b.model.Add(scripts(line[2:])...)
		case strings.HasPrefix(line, "> "):
			start := i - 1
			q := parse(t, n, line)
			for ; i < len(lines) && !strings.HasPrefix(lines[i], "<"); i++ {
				header(n, &q, lines[i])
			}
			for _, sent := range lines[start:i] {
				fmt.Fprintln(&out, sent)
			}
			for i < len(lines) && lines[i] != "" {
				i++ // what was answered before
			}
			out.WriteString(n.hide(show(b.do(q))))
			continue
		}
		fmt.Fprintln(&out, line)
	}
	return out.String()
}

func parse(t *testing.T, n *names, line string) request {
	t.Helper()
	method, path, ok := strings.Cut(line[2:], " ")
	if !ok {
		t.Fatalf("%q is no request", line)
	}
	return request{method: method, path: n.reveal(path), header: map[string]string{}}
}

// header takes a further line of a request: a header, or a piece of its body.
func header(n *names, q *request, line string) {
	field, isHeader := strings.CutPrefix(line, "> ")
	name, value, _ := strings.Cut(field, ": ")
	switch value = n.reveal(value); {
	case !isHeader:
		q.body += n.reveal(line)
	case name == "Token":
		q.token = value
	default:
		q.header[name] = value
	}
}

// show writes an answer with the headers that a scenario is about.
func show(a answer) string {
	var out strings.Builder
	fmt.Fprintf(&out, "< %d %s\n", a.status, a.header.Get("Content-Type"))
	for _, name := range []string{"Allow", "Retry-After", "Idempotent-Replayed", "Content-Disposition", "Www-Authenticate", "Access-Control-Allow-Headers"} {
		if value := a.header.Get(name); value != "" {
			fmt.Fprintf(&out, "< %s: %s\n", name, value)
		}
	}
	body := strings.ReplaceAll(strings.TrimSuffix(a.body, "\n"), "\r", `\r`)
	if body != "" {
		out.WriteString(body + "\n")
	}
	return out.String()
}

// names gives what differs from run to run names that do not.
type names struct {
	seen  map[string]string // from a value to its name
	count map[string]int
}

var changing = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"id", regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)},
	{"cursor", regexp.MustCompile(`~[A-Za-z0-9_-]{10,}`)},
	{"token", regexp.MustCompile(`"token":"([A-Za-z0-9_-]{20,})"`)},
}

// estimated are counts of prompts, which have the day's name in them: they are
// others on another day.
var estimated = regexp.MustCompile(`("token":)\d+,"input":\d+(,[^{}]*"source":"estimated")|("inputTokensUsed":)\d+(,[^{}]*"source":"estimated")|(\{"tokens":)\d{3}(,"messages":)`)

// score is how well something matches, which is the index's own business.
var score = regexp.MustCompile(`"score":0\.[0-9]+`)

var millis = regexp.MustCompile(`\b1[0-9]{12}\b`)

func (n *names) name(name, value string) { n.seen[value] = "<" + name + ">" }

func (n *names) hide(text string) string {
	if n.count == nil {
		n.count = map[string]int{}
	}
	for _, c := range changing {
		for _, found := range c.pattern.FindAllStringSubmatch(text, -1) {
			value := found[len(found)-1]
			if n.seen[value] == "" {
				n.count[c.kind]++
				n.name(fmt.Sprint(c.kind, n.count[c.kind]), value)
			}
		}
	}
	for value, name := range n.seen {
		text = strings.ReplaceAll(text, value, name)
	}
	text = estimated.ReplaceAllString(text, "$1$3$5<estimated>$2$4$6")
	text = score.ReplaceAllString(text, `"score":<score>`)
	return millis.ReplaceAllString(text, "<time>")
}

func (n *names) reveal(text string) string {
	for value, name := range n.seen {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}
