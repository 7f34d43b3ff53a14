package uipath_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exchanged is what was asked for and answered over REST, for a golden file.
type exchanged struct {
	b    *bundle
	text strings.Builder
	ids  map[string]string
}

func (b *bundle) exchanged() *exchanged { return &exchanged{b: b, ids: map[string]string{}} }

// do sends a request and notes it with its answer.
func (x *exchanged) do(q request) answer {
	x.b.t.Helper()
	a := x.b.do(q)
	method := q.method
	if method == "" {
		method = http.MethodGet
		if q.body != "" {
			method = http.MethodPost
		}
	}
	fmt.Fprintf(&x.text, "> %s %s\n", method, q.path)
	if q.body != "" {
		fmt.Fprintf(&x.text, "> %s\n", q.body)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(a.body), "", "  "); err != nil {
		pretty.WriteString(a.body)
	}
	fmt.Fprintf(&x.text, "< %d\n%s\n\n", a.status, pretty.String())
	return a
}

var (
	times = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	trace = regexp.MustCompile(`"(traceId)": "[0-9a-f]{32}"`)
	query = regexp.MustCompile(`exp=\d+(.*?)sig=[\w-]{43}`)
	hosts = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	where = regexp.MustCompile(`"cursor": "[\w-]+"|cursor=[\w-]+`)
)

// golden compares what was noted with a file, in which ids, times and signatures are
// replaced, equal ones by equal names.
func (x *exchanged) golden(name string) {
	x.b.t.Helper()
	text := uuids.ReplaceAllStringFunc(x.text.String(), func(id string) string {
		if x.ids[id] == "" {
			x.ids[id] = fmt.Sprintf("id-%d", len(x.ids)+1)
		}
		return x.ids[id]
	})
	text = times.ReplaceAllString(text, "TIME")
	text = trace.ReplaceAllString(text, `"$1": "TRACE"`)
	text = query.ReplaceAllString(text, "exp=TIME${1}sig=SIGNATURE")
	text = hosts.ReplaceAllString(text, "http://HOST")
	text = where.ReplaceAllString(text, "CURSOR")
	compareGolden(x.b.t, filepath.Join("testdata", "rest", name+".txt"), text)
}

func compareGolden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if text != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, text, want)
	}
}
