package remote_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parleyhq/parley/internal/model"
	"github.com/parleyhq/parley/internal/model/modeltest"
	"github.com/parleyhq/parley/internal/model/remote"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// events reads a stream to its end.
func events(t *testing.T, stream string) (list []string, err error) {
	t.Helper()
	c := remote.New(remote.Options{Provider: "fake", BaseURL: "http://fake", Transport: modeltest.Canned(stream)})
	s, err := c.Stream(t.Context(), "x", nil, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for {
		data, err := s.Next()
		if err != nil {
			return list, err
		}
		list = append(list, string(data))
	}
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("y", 10_000)
	for name, c := range map[string]struct{ stream, want string }{
		"one a line":                   {"data: a\n\ndata: b\n\n", "a|b"},
		"all line ends, no blank":      {"data:a\r\n\r\ndata:b\n\n", "a|b"},
		"names, comments and numbers":  {"\ufeffdata: a\n: hm\nevent: x\nid: 7\n\n\n\nretry: 1\n\ndata: b\n\n", "a|b"},
		"data in several lines":        {"data: {\ndata: }\n\n", "{\n}"},
		"longer than the buffer":       {"data: " + long + "\n\ndata: b\n\n", long + "|b"},
		"no blank line at the end":     {"data: a\n\ndata: b\n", "a|b"},
		"no line end at the end":       {"data: a\n\ndata: [DONE]", "a|[DONE]"},
		"a whole object at the end":    {"data: {}", "{}"},
		"a broken object at the end":   {"data: a\n\ndata: {\"x\":", "a"},
		"nothing":                      {"", ""},
		"only what is no event stream": {"<html>\n\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := events(t, c.stream)
			if err != io.EOF || strings.Join(got, "|") != c.want {
				t.Errorf("got %.60q, %v; want %.60q", got, err, c.want)
			}
		})
	}
}

func TestHugeEventsAreRefused(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]string{
		"in one line":    "data: " + strings.Repeat("x", 2<<20),
		"in a comment":   ":" + strings.Repeat("x", 2<<20),
		"in many lines":  strings.Repeat("data: 0123456789\n", 200_000),
		"without an end": strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2000),
	} {
		_, err := events(t, stream)
		if failed, ok := errors.AsType[*model.Error](err); !ok || failed.Kind != model.Malformed {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestNamesAreMendedAndFoundAgain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 70)
	names := remote.NewNames(
		[]model.Tool{{Name: "$a"}, {Name: "_a"}, {Name: "7a"}, {Name: "-b"}, {Name: "plain-1"}, {Name: long}, {Name: long + "x"}},
		[]model.Message{{Calls: []model.Call{{Name: "é"}, {Name: "$a"}, {Name: ""}}}},
	)
	seen := map[string]bool{}
	for _, name := range []string{"$a", "_a", "7a", "-b", "plain-1", long, long + "x", "é", ""} {
		out := names.Out(name)
		if out == "" || len(out) > 64 || strings.ContainsAny(out, "$é") || out[0] <= '9' || seen[out] {
			t.Errorf("%q goes out as %q", name, out)
		}
		seen[out] = true
		if back := names.Back(out); back != name {
			t.Errorf("%q comes back as %q", name, back)
		}
	}
	if names.Out("plain-1") != "plain-1" || names.Back("made up") != "made up" {
		t.Error("a name that needs no mending was changed")
	}
}

func TestCallIDsAreTakenEverywhere(t *testing.T) {
	t.Parallel()
	const uuid = "0190b2e4-7c1a-7000-8000-0123456789ab"
	if got := remote.CallID(uuid); got != uuid {
		t.Errorf("got %q for a plain ID", got)
	}
	odd := remote.CallID("a/b")
	if odd != remote.CallID("a/b") || odd == remote.CallID("a.b") || len(odd) > 40 || len(remote.CallID("")) == 0 {
		t.Errorf("got %q for an odd ID", odd)
	}
}

// refusal answers with a status, headers and a body.
type refusal struct {
	status int
	header http.Header
	body   string
}

func (r refusal) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := modeltest.Canned(r.body).RoundTrip(req)
	if err == nil {
		res.StatusCode, res.Header = r.status, r.header
	}
	return res, err
}

func TestErrorsSayWhatTheProviderSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		kind, body string
		want       string
	}{
		{400, "", `{"error":{"message":"no such model"}}`, "provider fake refuses the request (400): no such model"},
		{400, "", `{"error":"plain"}`, "provider fake refuses the request (400): plain"},
		{400, "", `{"message":"flat"}`, "provider fake refuses the request (400): flat"},
		{422, "", `{"detail":"from a framework"}`, "provider fake refuses the request (422): from a framework"},
		{422, "", `{"detail":[{"msg":"x"}]}`, "provider fake refuses the request (422)"},
		{502, "", `<html>Bad gateway</html>`, "provider fake failed (502)"},
		{401, "", `{"error":{"message":"wrong key sk-…"}}`, "provider fake refuses the key (401); check its key in the configuration"},
		{307, "", ``, "provider fake sends its callers elsewhere (307); set its base URL to the final address"},
		{200, "application/json; charset=utf-8", `{"error":{"message":"out of memory"}}`, "provider fake failed: out of memory"},
		{200, "application/json", `{"choices":[]}`, "provider fake answered with application/json instead of a stream; check its base URL"},
		{200, "text/html", `<html>Welcome</html>`, "provider fake answered with text/html instead of a stream; check its base URL"},
	} {
		client := remote.New(remote.Options{Provider: "fake", BaseURL: "http://fake", Transport: refusal{
			status: c.status, body: c.body, header: http.Header{"Content-Type": {c.kind}},
		}})
		_, err := client.Stream(t.Context(), "x", nil, []byte("{}"))
		if failed, ok := errors.AsType[*model.Error](err); !ok || failed.Message != c.want {
			t.Errorf("%d %s: got %v, want %q", c.status, c.body, err, c.want)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add("data: a\n\ndata: b\r\n\r\n: c\nevent: d\ndata:{}")
	f.Add("\ufeff\n\n\ndata\ndata:\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		list, err := events(t, stream)
		if err != io.EOF {
			t.Errorf("got %v for a short stream", err)
		}
		for _, data := range list {
			if data == "" || !strings.Contains(stream, strings.Split(data, "\n")[0]) {
				t.Errorf("event %q is not in %q", data, stream)
			}
		}
	})
}

// seen keeps the headers of the requests that it answers.
type seen struct{ header http.Header }

func (s *seen) RoundTrip(req *http.Request) (*http.Response, error) {
	s.header = req.Header
	return modeltest.Canned("data: x\n\n").RoundTrip(req)
}

func TestHeadersOfTheContextGoAlongAndReplaceNone(t *testing.T) {
	t.Parallel()
	transport := &seen{}
	c := remote.New(remote.Options{Provider: "p", BaseURL: "http://p", Header: http.Header{"Authorization": {"own"}}, Transport: transport})
	ctx := model.WithHeader(t.Context(), http.Header{"Traceparent": {"x"}, "Authorization": {"other"}, "Content-Type": {"other"}})
	stream, err := c.Stream(ctx, "/chat", nil, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()
	for name, want := range map[string]string{"Traceparent": "x", "Authorization": "own", "Content-Type": "application/json"} {
		if got := transport.header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
}
