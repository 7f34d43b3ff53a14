package httpio_test

import (
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parleyhq/parley/internal/convo"
	"github.com/parleyhq/parley/internal/httpio"
)

func query(t *testing.T, raw string) httpio.Query {
	t.Helper()
	q, err := httpio.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestQueryGivesTypedValues(t *testing.T) {
	t.Parallel()
	q := query(t, "take=2&take=9&live=true&meta.a=1&meta.b.c=x%20y&from=2026-01-02&to=1767312000000&cursor=")
	if n, err := q.Int("take", 1, 10, 5); n != 2 || err != nil {
		t.Errorf("take: %d, %v", n, err)
	}
	if n, err := q.Int("absent", 1, 10, 5); n != 5 || err != nil {
		t.Errorf("absent: %d, %v", n, err)
	}
	if live, err := q.Bool("live"); !live || err != nil {
		t.Errorf("live: %v, %v", live, err)
	}
	if meta := q.Prefixed("meta."); len(meta) != 2 || meta["a"] != "1" || meta["b.c"] != "x y" {
		t.Errorf("meta: %v", meta)
	}
	if value, given := q.String("cursor"); value != "" || !given {
		t.Errorf("cursor: %q, %v", value, given)
	}
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	from, err1 := q.Time("from")
	to, err2 := q.Time("to")
	none, err3 := q.Time("absent")
	if err1 != nil || err2 != nil || err3 != nil || !from.Equal(day) || !to.Equal(day) || !none.IsZero() {
		t.Errorf("times: %v %v %v", from, to, none)
	}
}

func TestQueryRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"a=%zz", "a=%ff", "%ff=a", "a;b=1"} {
		if _, err := httpio.ParseQuery(raw); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
	for _, raw := range []string{"n=", "n=0", "n=11", "n=x", "n=1.5", "n=99999999999999999999"} {
		if _, err := query(t, raw).Int("n", 1, 10, 5); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if _, err := query(t, "b=1").Bool("b"); convo.ErrorKind(err) != convo.Invalid {
		t.Errorf("b=1: %v", err)
	}
	for _, raw := range []string{"t=yesterday", "t=-5", "t=99999999999999999"} {
		if _, err := query(t, raw).Time("t"); convo.ErrorKind(err) != convo.Invalid {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAcceptsWhatIsNamed(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"application/jsonl": true, "application/jsonl, */*": true, "text/html, Application/JSONL;q=0.5": true,
		"*/*": false, "application/*": false, "application/json": false, "application/jsonl;q=0": false, "": false, ";;": false,
	} {
		r := &http.Request{Header: http.Header{"Accept": {header}}}
		if got := httpio.Accepts(r, "application/jsonl"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("take=2&cursor=abc&meta.a=1&from=2026-01-02T03:04:05Z")
	f.Add("%zz&=&&a;b")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := httpio.ParseQuery(raw)
		if err != nil {
			return
		}
		if n, err := q.Int("take", 1, 10, 5); err == nil && (n < 1 || n > 10) {
			t.Fatalf("%q: take %d", raw, n)
		}
		if at, err := q.Time("from"); err == nil && (at.Year() < 0 || at.Year() > 9999) {
			t.Fatalf("%q: %v", raw, at)
		}
		for k, v := range q.Prefixed("meta.") {
			if !utf8.ValidString(k + v) {
				t.Fatalf("%q: %q=%q", raw, k, v)
			}
		}
	})
}
